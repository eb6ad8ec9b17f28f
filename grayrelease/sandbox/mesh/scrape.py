"""What Prometheus is told: where the proxies are, and how their counters become Istio's."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import yaml

from grayrelease.sandbox.mesh.files import write_atomically
from grayrelease.sandbox.mesh.translate.telemetry import WHO_FIELDS

TARGETS = "prometheus-targets.json"
SERVICE = r"([^.]+)\.([^.]+)\..*"

Rule = dict[str, object]


def write_configuration(folder: Path) -> Path:
    """Write `prometheus.yml`, which reads its targets from a file beside it."""
    path = folder / "prometheus.yml"
    path.write_text(yaml.safe_dump(configuration(), sort_keys=False))
    return path


def write_targets(folder: Path, admins: Mapping[str, str]) -> None:
    """Write the addresses of the proxies' admin ports by name.

    The name, not the port, tells a proxy's series apart: they go on when it restarts on another port.
    """
    groups = [{"targets": [address], "labels": {"instance": name}} for name, address in admins.items()]
    draft = folder / "drafts"
    draft.mkdir(exist_ok=True)
    write_atomically(folder / TARGETS, groups, draft)


def configuration() -> dict[str, object]:
    """Give Prometheus' configuration."""
    job = {
        "job_name": "mesh",
        "metrics_path": "/stats/prometheus",
        # All of Envoy's own statistics would come otherwise.
        "params": {"filter": [r"^istio\."], "usedonly": [""]},
        "file_sd_configs": [{"files": [TARGETS], "refresh_interval": "5s"}],
        "metric_relabel_configs": relabelling(),
    }
    timing = {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"}
    return {"global": timing, "scrape_configs": [job]}


def relabelling() -> list[Rule]:
    """Give the rules that take the tags apart; they drop no label that tells two series apart."""
    return [
        _copy("__name__", "envoy_(istio_.*)", "__name__"),
        *_who("src", "source"),
        *_who("dst", "destination"),
        # The later one counts: the route may be all that is known, the cluster knows best.
        *(_copy(tag, "(.+)", "destination_service") for tag in ("called_service", "asked", "svc")),
        _copy("destination_service", SERVICE, "destination_service_name"),
        _copy("destination_service", SERVICE, "destination_service_namespace", "$2"),
        *(_unknown(label) for label in _known_labels()),
        {"regex": "src|dst|asked|svc", "action": "labeldrop"},
    ]


def _who(tag: str, side: str) -> list[Rule]:
    rules = []
    for place, field in enumerate(WHO_FIELDS):
        rules.append(_copy(tag, "[^;]*;" * place + "([^;]+)(?:;.*)?", f"{side}_{field}"))
    return rules


def _known_labels() -> list[str]:
    workloads = [f"{side}_{field}" for side in ("source", "destination") for field in WHO_FIELDS]
    service = ["destination_service", "destination_service_name", "destination_service_namespace"]
    return workloads + service


def _copy(source: str, regex: str, target: str, replacement: str = "$1") -> Rule:
    return {
        "source_labels": [source],
        "regex": regex,
        "target_label": target,
        "replacement": replacement,
    }


def _unknown(label: str) -> Rule:
    return {"source_labels": [label], "regex": "", "target_label": label, "replacement": "unknown"}
