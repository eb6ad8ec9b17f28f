"""The client library's watch, with errors of ours: it reads one answer and ends with it.

The library's `SharedInformer` (kubernetes 37.0.2) is not used: its watches have no read timeout, so that a
half-open connection is never noticed; without a server it tries again without any pause; and each of its
failures is a traceback in the log. `stream.Stream` goes round this instead.
"""

from __future__ import annotations

from collections.abc import Iterator

from kubernetes.client.exceptions import ApiException
from kubernetes.watch import Watch
from urllib3 import BaseHTTPResponse
from urllib3.exceptions import HTTPError

from grayrelease.cluster.interface import Change, Expired, Unreachable
from grayrelease.cluster.kinds import Kind

OVERDUE_S = 5.0
"""A watch that the server has not ended so long after its time: nobody is there any more."""


def changes(response: BaseHTTPResponse, kind: Kind, server: str) -> Iterator[Change]:
    """Tell the changes of an answer that has begun. Raises Expired, Unreachable."""
    # With timeout_seconds it reads this answer only, and doesn't ask again by itself.
    watch = Watch()  # type: ignore[no-untyped-call]
    events = watch.stream(lambda **_: response, timeout_seconds=0)  # type: ignore[no-untyped-call]
    try:
        for event in events:
            if event is None:
                raise Unreachable(f"{server} does not speak Kubernetes")
            named = {"apiVersion": kind.api_version, "kind": kind.kind, **event["object"]}
            yield Change(event["type"], named)
    except ApiException as error:
        failed = Expired if error.status == 410 else Unreachable
        raise failed(f"{server} ended a watch: {error.reason}") from error
    except (HTTPError, OSError) as error:
        raise Unreachable(f"{server} broke a watch off: {type(error).__name__}") from error
