"""Every question that is put to Prometheus, as text: Istio's standard metrics, as callers count them."""

from __future__ import annotations

import math
from datetime import datetime

# Errors that the mesh makes itself: no destination, or none that could be reached (Istio's response flags;
# after a retry two stand together: `URX,UF`).
MESH_ERRORS = "(.*,)?(UH|NR|NC|UF|UC)(,.*)?"

OF_SERVICE = (
    'istio_requests_total{{reporter="source",destination_service_namespace="{namespace}",'
    'destination_service_name="{service}"}}'
)
OF_PROJECT = 'istio_requests_total{{reporter="source",destination_service_namespace="{namespace}"}}'
BUCKETS_OF_PROJECT = (
    'istio_request_duration_milliseconds_bucket{{reporter="source",'
    'destination_service_namespace="{namespace}",destination_version!~"|unknown",'
    f'response_flags!~"{MESH_ERRORS}"}}}}'
)

# Raw samples, aggregated by nothing: each counter is reset for itself.
SAMPLES = "{requests}[{range_s}s]"

# Each caller's last request to each version, rounded up to a step of 15 s: a counter that differs from what
# it was one step before, or that was not there. And when each caller was last scraped.
CALLERS = """
label_replace(
  max by (pod, instance, destination_version) (max_over_time(timestamp(
    ({requests} != {requests} offset 15s) or ({requests} unless {requests} offset 15s)
  )[{range_s}s:15s])),
  "what", "request", "", "")
or label_replace(
  max by (pod, instance) (max_over_time(timestamp({requests})[{range_s}s:15s])),
  "what", "scrape", "", "")
"""

# Requests per second by service, version and first digit of the answer (`mesh` for the mesh's own errors),
# and the time of the newest sample.
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
"""
)

# Latency buckets per second; no answer rather than a slow one where there are too many.
LATENCIES = """
sum by (destination_service_name, destination_version, le) (rate({buckets}[{window_s}s]))
unless on () (count({buckets}) > {limit})
"""

# Seconds between two scrapes: the mean of each counter, the median of all.
INTERVAL = """
quantile(0.5,
  (max_over_time(timestamp({requests})[2m:1s]) - min_over_time(timestamp({requests})[2m:1s]))
  / (changes(timestamp({requests})[2m:1s]) > 0))
"""

SERIES_LIMIT = 2_000
BUCKET_LIMIT = 40_000


def samples(namespace: str, service: str, range_s: float) -> str:
    return SAMPLES.format(requests=_of_service(namespace, service), range_s=math.ceil(range_s))


def callers(namespace: str, service: str, range_s: float) -> str:
    return CALLERS.format(requests=_of_service(namespace, service), range_s=math.ceil(range_s))


def rates(namespace: str, window_s: float) -> str:
    requests = _of_project(namespace)
    return RATES.format(requests=requests, window_s=math.ceil(window_s), limit=SERIES_LIMIT)


def latencies(namespace: str, window_s: float) -> str:
    buckets = BUCKETS_OF_PROJECT.format(namespace=escape(namespace))
    return LATENCIES.format(buckets=buckets, window_s=math.ceil(window_s), limit=BUCKET_LIMIT)


def interval(namespace: str) -> str:
    return INTERVAL.format(requests=_of_project(namespace))


def escape(value: str) -> str:
    """Write a label's value between double quotes of PromQL, so that it can't end them."""
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def grid(now: datetime, minutes: int, step_s: int) -> tuple[int, ...]:
    """Unix seconds on whole steps, so that a point keeps its place and value from refresh to refresh."""
    end = int(now.timestamp()) // step_s * step_s
    return tuple(range(end - minutes * 60, end + 1, step_s))


def _of_service(namespace: str, service: str) -> str:
    return OF_SERVICE.format(namespace=escape(namespace), service=escape(service))


def _of_project(namespace: str) -> str:
    return OF_PROJECT.format(namespace=escape(namespace))
