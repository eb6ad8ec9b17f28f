"""Who asks and what: a request as it was sent, and as the proxy has it when it looks for a route."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from grayrelease.domain.evaluate import paths

METHODS = frozenset(
    ("ACL", "BIND", "CHECKOUT", "CONNECT", "COPY", "DELETE", "GET", "HEAD", "LINK", "LOCK", "MERGE")
    + ("MKACTIVITY", "MKCALENDAR", "MKCOL", "MOVE", "NOTIFY", "OPTIONS", "PATCH", "POST", "PROPFIND")
    + ("PROPPATCH", "PURGE", "PUT", "REBIND", "REPORT", "SEARCH", "SOURCE", "SUBSCRIBE", "TRACE")
    + ("UNBIND", "UNLINK", "UNLOCK", "UNSUBSCRIBE")
)
"""What Envoy's HTTP/1.1 codec takes, probed with 1.40."""
SCHEMES = ("http", "https")
BLANKS = " \t"
TAKEN_AWAY = ("connection", "keep-alive", "proxy-connection", "transfer-encoding", "x-envoy-internal")
TAKEN_AT_THE_EDGE = tuple(
    f"x-envoy-{name}"
    for name in ("decorator-operation", "downstream-service-cluster", "downstream-service-node")
    + ("expected-rq-timeout-ms", "force-trace", "hedge-on-per-try-timeout", "ip-tags", "max-retries")
    + ("original-path", "retriable-header-names", "retriable-status-codes", "retry-grpc-on", "retry-on")
    + ("upstream-alt-stat-name", "upstream-rq-per-try-timeout-ms", "upstream-rq-timeout-ms")
    + ("upstream-rq-timeout-alt-response", "external-address")
)
"""Headers that no route sees: Envoy takes them away first, the latter from clients outside."""
UNTOLD = "…"
"""Stands for a value that the proxy writes and that isn't known here; only presence can be asked."""


@dataclass(frozen=True)
class Caller:
    """The proxy that routes: its kind, and the namespace and labels of its pod."""

    kind: Literal["sidecar", "gateway"]
    namespace: str
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Request:
    """A request as sent. A header's values are its lines; `port` is the one connected to.

    `secure`: the connection is TLS, which only a gateway ends; its server name is the authority's host.
    """

    method: str
    authority: str
    path: str
    port: int
    headers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    secure: bool = False


@dataclass(frozen=True)
class Refused:
    """The proxy answers before it looks for a route."""

    status: int
    reason: str


@dataclass(frozen=True)
class Arrived:
    """A request when a route is looked for. Header names are in small letters."""

    method: str
    authority: str
    target: str
    port: int
    headers: Mapping[str, tuple[str, ...]]
    scheme: str
    sent: Request

    @cached_property
    def path(self) -> str:
        return self.target.partition("?")[0]

    @cached_property
    def query(self) -> Mapping[str, str]:
        return paths.parameters(self.target.partition("?")[2])

    @cached_property
    def host(self) -> str:
        """The authority's host in small letters, without the port."""
        colon = self.authority.rfind(":")
        ends = colon if colon > self.authority.rfind("]") else len(self.authority)
        return self.authority[:ends].lower()

    def values(self, name: str) -> tuple[str, ...]:
        """Return a header's values, line by line; pseudo headers have one."""
        pseudo = {":path": self.target, ":method": self.method, ":scheme": self.scheme}
        if name in (":authority", "host"):
            return (self.authority,)
        return (pseudo[name],) if name in pseudo else self.headers.get(name, ())


def caller(said: Mapping[str, Any]) -> Caller:
    """Read a caller as the recordings write it. Raises KeyError, ValueError."""
    if said["kind"] not in ("sidecar", "gateway"):
        raise ValueError(f"a caller is a sidecar or a gateway, not {said['kind']!r}")
    return Caller(said["kind"], said["namespace"], dict(said.get("labels") or {}))


def request(said: Mapping[str, Any]) -> Request:
    """Read a request as the recordings write it. Raises KeyError."""
    headers = {name: _lines(value) for name, value in (said.get("headers") or {}).items()}
    return Request(said["method"], said["authority"], said["path"], int(said["port"]), headers)


def _lines(value: str | Sequence[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def arrive(sent: Request, by: Caller) -> Arrived | Refused:
    """Return the request as routes see it, or the proxy's own answer to one that is malformed."""
    if sent.method not in METHODS or not _sendable(sent.path):
        return Refused(400, "http1.codec_error")
    authority, target = _origin(sent)
    if target == "*" and sent.method == "OPTIONS":
        return Refused(404, "absolute_path_rejected")
    if not target.startswith("/"):
        return Refused(400, "http1.invalid_url")
    path = paths.normalised(target)
    if path is None:
        return Refused(400, "path_normalization_failed")
    headers = _headers(sent, by)
    return Arrived(sent.method, authority, path, sent.port, headers, _scheme(headers, sent), sent)


def _sendable(path: str) -> bool:
    return bool(path) and all("!" <= letter <= "~" for letter in path)


def _origin(sent: Request) -> tuple[str, str]:
    """Return authority and path; a target may be a whole URL, whose host then counts."""
    scheme, marker, rest = sent.path.partition("://")
    if not marker or scheme.lower() not in SCHEMES:
        return sent.authority.strip(BLANKS), sent.path
    cut = min((at for at in map(rest.find, "/?") if at >= 0), default=len(rest))
    path = rest[cut:]
    return rest[:cut], path if path.startswith("/") else f"/{path}"


def _headers(sent: Request, by: Caller) -> dict[str, tuple[str, ...]]:
    """Return the headers with those that the proxy writes before it looks for a route."""
    headers: dict[str, tuple[str, ...]] = {}
    for name, lines in sent.headers.items():
        values = tuple(line.strip(BLANKS) for line in lines)
        headers[name.lower()] = headers.get(name.lower(), ()) + values
    for name in TAKEN_AWAY + (TAKEN_AT_THE_EDGE if by.kind == "gateway" else ()):
        headers.pop(name, None)
    own = "https" if sent.secure else "http"
    if by.kind == "gateway":
        headers["x-forwarded-proto"] = (own,)
        headers["x-forwarded-for"] = (",".join((*headers.get("x-forwarded-for", ()), UNTOLD)),)
        headers.setdefault("x-envoy-external-address", (UNTOLD,))
    headers.setdefault("x-forwarded-proto", (own,))
    headers.setdefault("x-request-id", (UNTOLD,))
    return headers


def _scheme(headers: Mapping[str, tuple[str, ...]], sent: Request) -> str:
    said = ",".join(headers["x-forwarded-proto"]).lower()
    return said if said in SCHEMES else ("https" if sent.secure else "http")
