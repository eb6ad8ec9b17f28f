"""A cluster behind a Kubernetes API server."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from kubernetes.client import ApiClient, Configuration
from kubernetes.client.exceptions import ApiException
from kubernetes.config import ConfigException, load_incluster_config, load_kube_config
from kubernetes.utils.keepalive import tcp_keepalive_socket_options
from urllib3 import BaseHTTPResponse
from urllib3.exceptions import HTTPError, NewConnectionError, TimeoutError

from grayrelease.cluster.interface import (
    MANAGER,
    AlreadyExists,
    Change,
    ClusterError,
    Conflict,
    Expired,
    Listing,
    NotFound,
    Refused,
    Unreachable,
)
from grayrelease.cluster.kinds import Kind, kind_of, kind_of_manifest
from grayrelease.cluster.watch import OVERDUE_S, changes
from grayrelease.domain.failing import REFUSED
from grayrelease.domain.plan import Manifest

CONNECTIONS = 1024  # kept open at most; a watch has one of its own
DISCOVERY_S = 60.0  # how long an answer to `serves` is believed
LOG_BYTES = 1_000_000
NAME = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?")

Query = dict[str, str | int]


class Kubernetes:
    """The verbs of `Cluster` over HTTP, without discovery: paths come from `kinds.KINDS`.

    Of the client library it uses what is hard (kubeconfig, in-cluster tokens, TLS, the connection pool) and
    asks for plain JSON: a manifest goes back as it came, with fields that no generated model knows.
    """

    def __init__(self, client: ApiClient, timeout: tuple[float, float]) -> None:
        self.client, self.timeout = client, timeout
        self.known: dict[str, tuple[float, frozenset[str]]] = {}
        self.refused = False
        """The API server did not accept our credentials: these may have been renewed where they come from."""

    @classmethod
    def connected(cls, kubeconfig: str, timeout: tuple[float, float]) -> Kubernetes:
        """Read the kubeconfig, or the pod's own credentials where it is empty. Sends nothing."""
        configuration = Configuration()
        try:
            if kubeconfig:
                load_kube_config(  # type: ignore[no-untyped-call]
                    kubeconfig, client_configuration=configuration, persist_config=False
                )
            else:
                load_incluster_config(client_configuration=configuration)  # type: ignore[no-untyped-call]
        except (ConfigException, OSError) as error:
            raise Unreachable(f"No cluster is configured: {_line(str(error))}") from error
        configuration.retries = False
        configuration.connection_pool_maxsize = CONNECTIONS
        configuration.socket_options = tcp_keepalive_socket_options(idle=5, interval=5, count=2)
        return cls(ApiClient(configuration), timeout)

    def get(self, kind: str, namespace: str, name: str) -> Manifest:
        return self._json("GET", _path(kind_of(kind), namespace, name))

    def list(self, kind: str, namespace: str, labels: str = "") -> list[Manifest]:
        """List in one namespace, or in all where it is empty."""
        found = kind_of(kind)
        query: Query = {"labelSelector": labels} if labels else {}
        return _items(found, self._json("GET", _path(found, namespace), query))

    def listing(self, kind: str, namespace: str) -> Listing:
        found = kind_of(kind)
        answer = self._json("GET", _path(found, namespace))
        return Listing(_items(found, answer), str(answer["metadata"]["resourceVersion"]))

    def watch(self, kind: str, namespace: str, since: str, seconds: int) -> Iterator[Change]:
        found = kind_of(kind)
        query: Query = {"watch": "true", "allowWatchBookmarks": "true"}
        query |= {"resourceVersion": since, "timeoutSeconds": seconds}
        response = self._open("GET", _path(found, namespace), query, None, *self._patience(seconds))
        if response.status >= 300:
            raise _error(response.status, response.data)
        return changes(response, found, self._host)

    def _patience(self, seconds: int) -> tuple[str, float, float]:
        return "application/json", self.timeout[0], seconds + OVERDUE_S

    def create(self, manifest: Manifest, *, dry_run: bool = False) -> Manifest:
        kind, metadata = kind_of_manifest(manifest), manifest["metadata"]
        path = _path(kind, metadata.get("namespace", ""))
        return self._json("POST", path, _writing(dry_run), manifest)

    def replace(self, manifest: Manifest, *, dry_run: bool = False) -> Manifest:
        kind, metadata = kind_of_manifest(manifest), manifest["metadata"]
        _decided_on(metadata.get("uid"), metadata.get("resourceVersion"))
        path = _path(kind, metadata.get("namespace", ""), metadata["name"])
        return self._json("PUT", path, _writing(dry_run), manifest)

    def delete(self, kind: str, namespace: str, name: str, *, uid: str, resource_version: str) -> None:
        _decided_on(uid, resource_version)
        options = {
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "preconditions": {"uid": uid, "resourceVersion": resource_version},
            "propagationPolicy": "Background",
        }
        self._json("DELETE", _path(kind_of(kind), namespace, name), {}, options)

    def logs(self, namespace: str, pod: str, *, lines: int, container: str = "") -> str:
        query: Query = {"tailLines": lines, "limitBytes": LOG_BYTES}
        if container:
            query["container"] = container
        path = _path(kind_of("Pod"), namespace, pod) + "/log"
        return self._call("GET", path, query, accept="*/*").decode(errors="replace")

    def serves(self, kind: str) -> bool:
        """Ask the API server, at most once a minute for each group."""
        found = kind_of(kind)
        at, kinds = self.known.get(found.api_version, (-DISCOVERY_S, frozenset[str]()))
        if time.monotonic() - at >= DISCOVERY_S:
            kinds = self._discover(found)
            self.known[found.api_version] = (time.monotonic(), kinds)
        return found.kind in kinds

    def _discover(self, kind: Kind) -> frozenset[str]:
        try:
            answer = self._json("GET", _root(kind))
        except NotFound:
            return frozenset()
        return frozenset(resource["kind"] for resource in answer["resources"])

    def _json(self, method: str, path: str, query: Query | None = None, body: Any = None) -> Manifest:
        content = self._call(method, path, query or {}, body)
        if (answer := _object(content)) is None:
            raise Unreachable(f"{self._host} does not speak Kubernetes: {_line(repr(content))}")
        return answer

    def _call(
        self, method: str, path: str, query: Query, body: Any = None, accept: str = "application/json"
    ) -> bytes:
        """Send it; again only where the server asks to wait (429) and that ends within the timeout."""
        deadline = time.monotonic() + self.timeout[1]
        while True:
            status, headers, content = self._send(method, path, query, body, accept, deadline)
            if status < 300:
                return content
            wait = _wait(status, headers)
            if wait is None or time.monotonic() + wait >= deadline:
                raise _error(status, content)
            time.sleep(wait)

    def _send(
        self, method: str, path: str, query: Query, body: Any, accept: str, deadline: float
    ) -> tuple[int, Any, bytes]:
        left = max(deadline - time.monotonic(), 0.05)
        response = self._open(method, path, query, body, accept, min(self.timeout[0], left), left)
        try:
            return response.status, response.headers, response.data
        except (HTTPError, OSError) as error:
            raise Unreachable(f"{self._host} {_why(error, left)}") from error

    def _open(
        self, method: str, path: str, query: Query, body: Any, accept: str, connect_s: float, read_s: float
    ) -> BaseHTTPResponse:
        """Send it, and wait for the head of the answer only."""
        request = self.client.param_serialize(
            method,
            f"{path}?{urlencode(query)}" if query else path,
            query_params=[],
            header_params={"Accept": accept, "Content-Type": "application/json"},
            body=body,
            auth_settings=["BearerToken"],
        )
        try:
            answer = self.client.call_api(*request, _request_timeout=(connect_s, read_s))
        except (HTTPError, ApiException, OSError) as error:  # ApiException: TLS
            raise Unreachable(f"{self._host} {_why(error, read_s)}") from error
        response: BaseHTTPResponse = answer.response
        self.refused = self.refused or response.status == 401
        return response

    @property
    def _host(self) -> str:
        return f"The API server {self.client.configuration.host}"


def _root(kind: Kind) -> str:
    return f"/apis/{kind.api_version}" if kind.group else f"/api/{kind.version}"


def _path(kind: Kind, namespace: str, name: str | None = None) -> str:
    """Build the path; a name that could mean another path is refused."""
    parts = [_root(kind)]
    if kind.namespaced and namespace:
        parts += ["namespaces", _name(namespace)]
    parts.append(kind.plural)
    if name is not None:
        parts.append(_name(name))
    return "/".join(parts)


def _items(kind: Kind, answer: Manifest) -> list[Manifest]:
    # Items of built-in lists don't say what they are.
    return [{"apiVersion": kind.api_version, "kind": kind.kind, **item} for item in answer["items"]]


def _name(name: str) -> str:
    if not NAME.fullmatch(name):
        raise Refused(f"{name!r} is not the name of an object")
    return name


def _writing(dry_run: bool) -> Query:
    query: Query = {"fieldManager": MANAGER}
    return {**query, "dryRun": "All"} if dry_run else query


def _decided_on(uid: str | None, resource_version: str | None) -> None:
    """Without these the API server would write over whatever is there now."""
    if not uid or not resource_version:
        raise Refused("A write needs the uid and the resourceVersion that it was decided on")


def _wait(status: int, headers: Any) -> float | None:
    """Seconds that the server asks to wait, None where it doesn't."""
    after = str(headers.get("Retry-After", "")) if status == 429 else ""
    return max(float(after), 0.1) if after.isdigit() else None


def _error(status: int, content: bytes) -> ClusterError:
    reason, message = _said(content)
    message = message or f"HTTP {status}"
    if status == 409:
        return AlreadyExists(message) if reason == "AlreadyExists" else Conflict(message)
    if status == 404:
        return NotFound(message)
    if status == 410:
        return Expired(message)
    if status == 401:
        return Unreachable(f"{REFUSED}: {message}")
    if status == 429 or status >= 500 or status < 400:
        return Unreachable(message)
    return Refused(message)


def _said(content: bytes) -> tuple[str, str]:
    """Read the reason and the message of a Status; a proxy's answer may be any text."""
    if (status := _object(content)) is None:
        return "", _line(content.decode(errors="replace"))
    return str(status.get("reason", "")), str(status.get("message", ""))


def _object(content: bytes) -> Manifest | None:
    try:
        answer = json.loads(content)
    except ValueError:
        return None
    return answer if isinstance(answer, dict) else None


def _why(error: Exception, seconds: float) -> str:
    if isinstance(error, NewConnectionError):  # also a TimeoutError, so it comes first
        return f"cannot be reached: {_line(str(error).rsplit(': ', 1)[-1])}"
    if isinstance(error, TimeoutError):
        return f"gave no answer within {seconds:.1f} s"
    return f"broke off: {_line(str(error))}"


def _line(text: str) -> str:
    return " ".join(text.split())[:300]
