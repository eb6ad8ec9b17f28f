"""Every question that is put to Prometheus, as text: Istio's standard metrics, as callers count them."""

from __future__ import annotations

import math
from datetime import datetime

# Errors that the mesh makes itself: no destination, or none that could be reached (Istio's response flags;
# after a retry two stand together: `URX,UF`).
MESH_ERRORS = "(.*,)?(UH|NR|NC|UF|UC)(,.*)?"

# What a share is a share of: HTTP and gRPC requests; of a TCP service, connections when they are opened.
OPENED = "istio_tcp_connections_opened_total"
CLOSED = "istio_tcp_connections_closed_total"
REQUESTS = f"istio_requests_total|{OPENED}"
SENT, RECEIVED = "istio_tcp_sent_bytes_total", "istio_tcp_received_bytes_total"

OF_SERVICE = (
    '{{__name__=~"{names}",reporter="source",destination_service_namespace="{namespace}",'
    'destination_service_name="{service}"}}'
)
OF_PROJECT = '{{__name__=~"{names}",reporter="source",destination_service_namespace="{namespace}"}}'
BUCKETS_OF_PROJECT = (
    'istio_request_duration_milliseconds_bucket{{reporter="source",'
    'destination_service_namespace="{namespace}",destination_version!~"|unknown",'
    f'response_flags!~"{MESH_ERRORS}"}}}}'
)

# Raw samples, aggregated by nothing: each counter is reset for itself. Closed connections are among them.
SAMPLES = "{requests}[{range_s}s]"

# Each caller's last request to each version, rounded up to the next step: its sum differs from what it was
# one step before, or was not there. And when each caller was last scraped. Steps are long because each costs
# the server some 5 ms for 500 counters.
CALLERS = """
label_replace(
  max_over_time(timestamp(({sums} != {before}) or ({sums} unless {before}))
    [{range_s}s:{step_s}s]),
  "what", "request", "", "")
or label_replace(
  max_over_time(max by (pod, instance, source_workload_namespace) (timestamp({requests}))
    [{range_s}s:{step_s}s]),
  "what", "scrape", "", "")
"""
CALLERS_STEP_S = 60

# Who sent requests: a counter rose, or it is there and was not before.
SOURCES = """
count by (source_workload, source_workload_namespace, source_app) (
  increase({requests}[{range_s}s]) > 0
  or (max_over_time({requests}[{range_s}s]) > 0 unless {requests} offset {range_s}s)
)
"""

# Requests per second by service, version and first digit of the answer (`mesh`: the mesh's own errors; none
# of connections), the time of the newest sample, bytes per second, and open connections.
RATES = (
    """
topk({limit}, sum by (destination_service_name, destination_version, class) (
  label_replace(label_replace(rate({requests}[{window_s}s]),
    "class", "$1", "response_code", "(.).*"),
    "class", "mesh", "response_flags", \""""
    + MESH_ERRORS
    + """\")
))
or label_replace(max(timestamp({requests})), "class", "newest", "", "")
or label_replace(sum by (destination_service_name, destination_version) (rate({sent}[{window_s}s])),
  "class", "sent", "", "")
or label_replace(sum by (destination_service_name, destination_version) (rate({received}[{window_s}s])),
  "class", "received", "", "")
or label_replace(sum by (destination_service_name, destination_version) ({opened})
  - (sum by (destination_service_name, destination_version) ({closed})
    or 0 * sum by (destination_service_name, destination_version) ({opened})),
  "class", "open", "", "")
"""
)

# Latency buckets per second.
LATENCIES = """
sum by (destination_service_name, destination_version, le) (rate({buckets}[{window_s}s]))
"""

# Seconds between two scrapes, from how many samples the last seconds hold; and how many buckets there are.
SCALE = """
label_replace(
  10 / max(count_over_time({requests}[10s]) > 2)
  or 60 / max(count_over_time({requests}[1m]) > 1)
  or 300 / max(count_over_time({requests}[5m]) > 1),
  "what", "interval", "", "")
or label_replace(count({buckets}), "what", "buckets", "", "")
"""

SERIES_LIMIT = 2_000


def samples(namespace: str, service: str, range_s: float) -> str:
    requests = _of_service(namespace, service, f"{REQUESTS}|{CLOSED}")
    return SAMPLES.format(requests=requests, range_s=math.ceil(range_s))


def callers(namespace: str, service: str, range_s: float) -> str:
    requests = _of_service(namespace, service)
    labels = "pod, instance, source_workload_namespace, destination_version"
    sums = f"sum by ({labels}) ({requests})"
    before = f"sum by ({labels}) ({requests} offset {CALLERS_STEP_S}s)"
    return CALLERS.format(
        requests=requests, sums=sums, before=before, range_s=math.ceil(range_s), step_s=CALLERS_STEP_S
    )


def sources(namespace: str, service: str, range_s: float) -> str:
    requests = _of_service(namespace, service, "istio_requests_total")
    return SOURCES.format(requests=requests, range_s=math.ceil(range_s))


def rates(namespace: str, window_s: float) -> str:
    return RATES.format(
        requests=_of_project(namespace),
        sent=_of_project(namespace, SENT),
        received=_of_project(namespace, RECEIVED),
        opened=_of_project(namespace, OPENED),
        closed=_of_project(namespace, CLOSED),
        window_s=math.ceil(window_s),
        limit=SERIES_LIMIT,
    )


def latencies(namespace: str, window_s: float) -> str:
    return LATENCIES.format(buckets=_buckets(namespace), window_s=math.ceil(window_s))


def scale(namespace: str) -> str:
    return SCALE.format(requests=_of_project(namespace), buckets=_buckets(namespace))


def escape(value: str) -> str:
    """Write a label's value between double quotes of PromQL, so that it can't end them."""
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def grid(now: datetime, minutes: int, step_s: int) -> tuple[int, ...]:
    """Unix seconds on whole steps, so that a point keeps its place and value from refresh to refresh."""
    end = int(now.timestamp()) // step_s * step_s
    return tuple(range(end - minutes * 60, end + 1, step_s))


def _of_service(namespace: str, service: str, names: str = REQUESTS) -> str:
    return OF_SERVICE.format(names=names, namespace=escape(namespace), service=escape(service))


def _of_project(namespace: str, names: str = REQUESTS) -> str:
    return OF_PROJECT.format(names=names, namespace=escape(namespace))


def _buckets(namespace: str) -> str:
    return BUCKETS_OF_PROJECT.format(namespace=escape(namespace))
