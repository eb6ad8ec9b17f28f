"""Caller proxies whose counters a test controls, scraped by a real Prometheus."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml

from demo import prometheus as demo_prometheus
from demo.options import ROOT
from demo.part import Part
from demo.ports import free_port
from demo.ready import answers
from demo.supervisor import Supervisor

INTERVAL = "250ms"


class Exporter:
    """Serves what `pages` says at /NAME, and counts how often it was asked."""

    def __init__(self) -> None:
        self.pages: dict[str, Callable[[], str]] = {}
        self.asked: Counter[str] = Counter()
        self.changed = threading.Condition()
        exporter = self

        class Handler(BaseHTTPRequestHandler):
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                name = self.path.strip("/")
                with exporter.changed:
                    body = exporter.pages.get(name, lambda: "")().encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.end_headers()
                self.wfile.write(body)
                with exporter.changed:
                    exporter.asked[name] += 1
                    exporter.changed.notify_all()

            def log_message(self, *words: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server.server_address[1]}"

    def scraped(self, name: str) -> None:
        """Wait until what is there now has been read and stored: the second scrape from now has ended."""
        with self.changed:
            wanted = self.asked[name] + 2
            assert self.changed.wait_for(lambda: self.asked[name] >= wanted, timeout=10)

    def stop(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@contextmanager
def scraping(folder: Path, exporter: Exporter, names: list[str]) -> Iterator[tuple[str, Supervisor]]:
    """Run a Prometheus that scrapes these pages of the exporter; gives its address."""
    if (program := demo_prometheus.find()) is None:
        pytest.fail(demo_prometheus.HOW_TO_GET_IT)
    jobs = [
        {"job_name": name, "metrics_path": f"/{name}", "static_configs": [{"targets": [exporter.address]}]}
        for name in names
    ]
    config = {"global": {"scrape_interval": INTERVAL, "scrape_timeout": INTERVAL}, "scrape_configs": jobs}
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
    url = f"http://127.0.0.1:{(port := free_port())}"
    part = Part(
        "prometheus",
        [
            program,
            f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{port}",
        ],
        ready=answers(f"{url}/-/ready"),
    )
    with Supervisor(folder / "log", ROOT) as supervisor:
        supervisor.start(part)
        yield url, supervisor


def line(metric: str, value: float, **texts: str) -> str:
    """Write a sample as exporters do."""
    escaped = {
        name: text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
        for name, text in texts.items()
    }
    inside = ",".join(f'{name}="{text}"' for name, text in escaped.items())
    return f"{metric}{{{inside}}} {value}\n"


def labels(namespace: str, service: str, version: str, **more: str) -> dict[str, str]:
    """Give Istio's labels, as far as we read them."""
    return {
        "reporter": "source",
        "destination_service_namespace": namespace,
        "destination_service_name": service,
        "destination_version": version,
        "response_code": "200",
        "response_flags": "-",
        **more,
    }
