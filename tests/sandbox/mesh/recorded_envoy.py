"""One real Envoy that holds the tables of all recorded cases, each behind a socket of its own."""

from __future__ import annotations

import asyncio
import copy
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grayrelease.sandbox.mesh.envoy import binary
from grayrelease.sandbox.mesh.translate import clusters, listeners
from grayrelease.sandbox.mesh.translate.tables import VirtualHost
from grayrelease.sandbox.process import spawn
from tests.sandbox.mesh.recorded_cases import Case

JSON = dict[str, Any]
NUMBER = "x-number"
LOG = {
    "number": f"%REQ({NUMBER.upper()})%",
    "route": "%ROUTE_NAME%",
    "flags": "%RESPONSE_FLAGS%",
    "details": "%RESPONSE_CODE_DETAILS%",
}
START_S = 30.0


@dataclass
class Answer:
    """What came back, what the upstream saw, and what Envoy says of it."""

    status: int
    body: JSON
    route: JSON | None = None
    flags: str = ""
    details: str = ""


class RecordedEnvoy:
    """Asks all requests of all cases; `folder` takes its files."""

    def __init__(self, folder: Path, cases: list[Case]) -> None:
        self.folder = folder
        self.cases = cases
        self.routes: dict[str, JSON] = {}
        self.clusters: dict[str, JSON] = {}
        self.upstream = folder / "upstream"
        self.serving: set[asyncio.Task[None]] = set()

    async def ask_all(self) -> list[tuple[Case, JSON, Answer]]:
        config = self.folder / "envoy.json"
        config.write_text(json.dumps(self._bootstrap()))
        arguments = ["--disable-hot-restart", "--concurrency", "1", "--file-flush-interval-msec", "10"]
        server = await asyncio.start_unix_server(self._serve, self.upstream)
        with (self.folder / "log").open("wb") as log:
            envoy = spawn([str(binary()), "-c", str(config), *arguments, "--log-level", "error"], log=log)
        try:
            answers = [await self._ask(*each) for each in enumerate(self._requests())]
            await self._read_log([answer for _, _, answer in answers])
            return answers
        finally:
            envoy.terminate()
            envoy.wait()
            server.close()
            await asyncio.gather(*self.serving)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.serving.add(task)
        await _echo(reader, writer)

    def _requests(self) -> Iterator[tuple[Case, JSON]]:
        for case in self.cases:
            for request in case.requests:
                yield case, request

    async def _ask(self, number: int, asked: tuple[Case, JSON]) -> tuple[Case, JSON, Answer]:
        case, request = asked
        socket = self._socket(case, request["port"])
        async with asyncio.timeout(START_S):
            while True:
                try:
                    reader, writer = await asyncio.open_unix_connection(socket)
                    break
                except (FileNotFoundError, ConnectionError):
                    await asyncio.sleep(0.05)
            writer.write(_request_bytes(request, number))
            head = await reader.readuntil(b"\r\n\r\n")
            body = await reader.readexactly(_length(head, request["method"]))
        writer.close()
        await writer.wait_closed()
        seen = json.loads(body) if body and b"x-upstream" in head else {}
        return case, request, Answer(int(head.split()[1]), seen)

    async def _read_log(self, answers: list[Answer]) -> None:
        path = self.folder / "access"
        # A request that is no HTTP may leave no line.
        awaited = {str(number) for number, answer in enumerate(answers) if answer.status != 400}
        async with asyncio.timeout(START_S):
            while not awaited <= (lines := _by_number(path.read_text())).keys():
                await asyncio.sleep(0.02)
        for number, line in lines.items():
            answer = answers[int(number)]
            answer.route = self.routes.get(line["route"] or "")
            answer.flags, answer.details = line["flags"] or "-", line["details"]

    def _socket(self, case: Case, port: int) -> str:
        return str(self.folder / f"{self.cases.index(case)}-{port}")

    def _bootstrap(self) -> JSON:
        sockets = [self._listener(case, port) for case in self.cases for port in case.ports]
        written = list(self.clusters.values())
        return {"static_resources": {"listeners": sockets, "clusters": written}}

    def _listener(self, case: Case, port: int) -> JSON:
        registry = case.registry()
        prefix = f"{self.cases.index(case)}."
        namespaces = [case.caller.namespace]
        for _, assignment in clusters.outbound(registry, namespaces, Path("/none")):
            name = assignment["cluster_name"]
            self._add_cluster(prefix + name, alive=bool(assignment["endpoints"]))
        self._add_cluster(prefix + clusters.PASSTHROUGH, alive=True)
        hosts = [self._host(prefix, host) for host in case.hosts(registry, port)]
        if not case.caller.gateway:
            hosts.append(self._unknown(prefix))
        return _listener(self._socket(case, port), hosts, str(self.folder / "access"), case.caller.gateway)

    def _add_cluster(self, name: str, *, alive: bool) -> None:
        place = {"endpoint": {"address": {"pipe": {"path": str(self.upstream)}}}}
        endpoints = [{"lb_endpoints": [place]}] if alive else []
        assignment = {"cluster_name": name, "endpoints": endpoints}
        self.clusters[name] = {"name": name, "type": "STATIC", "load_assignment": assignment}

    def _host(self, prefix: str, host: VirtualHost) -> JSON:
        routes = [self._numbered(route, prefix) for route in host.routes]
        written: JSON = {"name": host.name, "domains": list(host.names), "routes": routes}
        return written | ({"require_tls": "ALL"} if host.https_only else {})

    def _unknown(self, prefix: str) -> JSON:
        route = {"match": {"prefix": "/"}, "route": {"cluster": clusters.PASSTHROUGH}}
        return {"name": "any", "domains": ["*"], "routes": [self._numbered(route, prefix)]}

    def _numbered(self, route: JSON, prefix: str) -> JSON:
        name = str(len(self.routes))
        self.routes[name] = route
        own = copy.deepcopy(route) | {"name": name}
        for place in _cluster_places(own):
            key = "name" if "weight" in place else "cluster"
            place[key] = prefix + place[key]
        return own


def _cluster_places(route: JSON) -> list[JSON]:
    action = route.get("route") or {}
    weighted = (action.get("weighted_clusters") or {}).get("clusters", [])
    single = [action] if "cluster" in action else []
    return [*single, *weighted, *action.get("request_mirror_policies", [])]


def _listener(socket: str, hosts: list[JSON], access: str, gateway: bool) -> JSON:
    kind = "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog"
    log_format = {"json_format": LOG}
    log = {"@type": kind, "path": access, "log_format": log_format}
    filters = [*listeners.route_filters(), listeners.router()]
    manager = listeners.http("case", filters, [{"name": "file", "typed_config": log}])
    table = {"virtual_hosts": hosts, "validate_clusters": False, "ignore_port_in_host_matching": True}
    manager |= {"route_config": table}
    if gateway:
        manager["use_remote_address"] = True
    network = "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3"
    config = {"@type": f"{network}.HttpConnectionManager", **manager}
    return {
        "name": socket,
        "address": {"pipe": {"path": socket}},
        "filter_chains": [{"filters": [{"name": "http", "typed_config": config}]}],
    }


def _by_number(text: str) -> dict[str, JSON]:
    lines = [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]
    return {line["number"]: line for line in lines if line["number"] is not None}


def _length(head: bytes, method: str) -> int:
    found = re.search(rb"content-length: (\d+)", head)
    return int(found[1]) if found and method != "HEAD" else 0


def _request_bytes(request: JSON, number: int) -> bytes:
    lines = [f"{request['method']} {request['path']} HTTP/1.1", f"Host: {request['authority']}"]
    for name, value in request["headers"].items():
        lines += [f"{name}: {each}" for each in (value if isinstance(value, list) else [value])]
    lines += [f"{NUMBER}: {number}", "Connection: close", "", ""]
    return "\r\n".join(lines).encode("latin-1")


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while head := await _head(reader):
        first, *rest = head.decode("latin-1").split("\r\n")
        headers = [line.partition(": ")[::2] for line in rest if line]
        body = json.dumps({"path": first.split(" ")[1], "headers": headers}).encode()
        status = next((value for name, value in headers if name == "x-echo-status"), "200")
        start = f"HTTP/1.1 {status} OK\r\nx-upstream: 1\r\ncontent-length: {len(body)}\r\n\r\n"
        writer.write(start.encode() + (b"" if first.startswith("HEAD") else body))
    writer.close()


async def _head(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return b""
