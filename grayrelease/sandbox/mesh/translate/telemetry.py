"""Envoy's counters with the labels that Istio's have, after Prometheus has taken them apart."""

from __future__ import annotations

from typing import Literal

from grayrelease.sandbox.mesh.translate.objects import Object

Reporter = Literal["source", "destination"]

LOGGER = "type.googleapis.com/envoy.extensions.access_loggers.stats.v3.Config"
WHO_HEADER = "x-peer"
WHO_FIELDS = ("workload", "workload_namespace", "app", "version", "canonical_service", "canonical_revision")
"""Names of the labels, less `source_` or `destination_`, of a workload's text."""


def source_log(pod: str, namespace: str, who: str) -> list[Object]:
    """Count what a workload calls."""
    return _log(
        reporter="source",
        pod=pod,
        namespace=namespace,
        src=who,
        dst="%UPSTREAM_METADATA(istio:workload)%",
        asked="%METADATA(ROUTE:istio:service)%",
        svc="%CLUSTER_METADATA(istio:service)%",
        called_service="%METADATA(ROUTE:istio:called)%",
    )


def destination_log(pod: str, namespace: str, who: str, service: str) -> list[Object]:
    """Count what a workload is asked."""
    source = f"%REQ({WHO_HEADER.upper()})%"
    return _log(reporter="destination", pod=pod, namespace=namespace, src=source, dst=who, svc=service)


def _log(*, reporter: Reporter, **tags: str) -> list[Object]:
    told = {
        "reporter": reporter,
        "request_protocol": "http",
        "response_code": "%RESPONSE_CODE%",
        "response_flags": "%RESPONSE_FLAGS%",
        **tags,
    }
    # Envoy refuses an empty value.
    labels = [{"name": name, "value_format": value or "unknown"} for name, value in told.items()]
    counter = {"value_fixed": 1, "stat": {"name": "requests_total", "tags": labels}}
    histogram = {
        "unit": "Milliseconds",
        "value_format": "%DURATION%",
        "stat": {"name": "request_duration_milliseconds", "tags": labels},
    }
    config = {"stats_scope": {"prefix": "istio"}, "counters": [counter], "histograms": [histogram]}
    return [{"name": "envoy.access_loggers.stats", "typed_config": {"@type": LOGGER, **config}}]
