"""Envoy's counters with the labels that Istio's have, after Prometheus has taken them apart."""

from __future__ import annotations

from typing import Literal

from grayrelease.sandbox.mesh.translate.objects import Object

Reporter = Literal["source", "destination"]

LOGGER = "type.googleapis.com/envoy.extensions.access_loggers.stats.v3.Config"
WHO_HEADER = "x-peer"
TCP_PEER = "%DYNAMIC_METADATA(envoy.filters.listener.proxy_protocol:peer)%"
FLAGS = "%RESPONSE_FLAGS%"
IN_VAIN = ["UF", "UH", "NC", "URX"]
"""Flags of connections that no workload took."""
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


def tcp_source_log(pod: str, namespace: str, who: str, called: str) -> list[Object]:
    """Count what a workload connects to."""
    return _tcp_log(
        reporter="source",
        pod=pod,
        namespace=namespace,
        src=who,
        dst="%UPSTREAM_METADATA(istio:workload)%",
        asked=called,
        svc="%CLUSTER_METADATA(istio:service)%",
    )


def tcp_destination_log(pod: str, namespace: str, who: str, service: str) -> list[Object]:
    """Count who connects to a workload; its proxy says so in the PROXY protocol."""
    return _tcp_log(reporter="destination", pod=pod, namespace=namespace, src=TCP_PEER, dst=who, svc=service)


def _tcp_log(*, reporter: Reporter, **tags: str) -> list[Object]:
    labels = _labels({"reporter": reporter, "request_protocol": "tcp", "response_flags": FLAGS, **tags})
    opened = [_counter("tcp_connections_opened_total", labels)]
    ended = [
        _counter("tcp_connections_closed_total", labels),
        _counter("tcp_sent_bytes_total", labels, "%BYTES_SENT%"),
        _counter("tcp_received_bytes_total", labels, "%BYTES_RECEIVED%"),
    ]
    at_end = {"log_type_filter": {"types": ["TcpConnectionEnd"]}}
    in_vain = {"response_flag_filter": {"flags": IN_VAIN}}
    # What never reached a workload was opened all the same.
    return [
        {"filter": {"log_type_filter": {"types": ["TcpUpstreamConnected"]}}, **_logger(opened)},
        {"filter": {"and_filter": {"filters": [at_end, in_vain]}}, **_logger(opened)},
        {"filter": at_end, **_logger(ended)},
    ]


def _log(*, reporter: Reporter, **tags: str) -> list[Object]:
    code = {"response_code": "%RESPONSE_CODE%", "response_flags": FLAGS}
    labels = _labels({"reporter": reporter, "request_protocol": "http", **code, **tags})
    histogram = {
        "unit": "Milliseconds",
        "value_format": "%DURATION%",
        "stat": {"name": "request_duration_milliseconds", "tags": labels},
    }
    return [_logger([_counter("requests_total", labels)], [histogram])]


def _labels(told: dict[str, str]) -> list[Object]:
    # Envoy refuses an empty value.
    return [{"name": name, "value_format": value or "unknown"} for name, value in told.items()]


def _counter(name: str, labels: list[Object], value: str = "") -> Object:
    amount: Object = {"value_format": value} if value else {"value_fixed": 1}
    return {**amount, "stat": {"name": name, "tags": labels}}


def _logger(counters: list[Object], histograms: list[Object] | None = None) -> Object:
    config: Object = {"stats_scope": {"prefix": "istio"}, "counters": counters}
    if histograms:
        config["histograms"] = histograms
    return {"name": "envoy.access_loggers.stats", "typed_config": {"@type": LOGGER, **config}}
