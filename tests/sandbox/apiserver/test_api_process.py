"""The API server as a process: who may come in, what a crash leaves, how watches go on."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import psutil
import pytest
import requests

from tests.sandbox.apiserver.api_process import (
    CONFIG_MAPS,
    DEPLOYMENTS,
    PODS,
    VIRTUAL_SERVICES,
    ApiProcess,
    config_map,
    deployment,
    virtual_service,
)

pytestmark = pytest.mark.processes

WRITE_CPU_S = 0.005


def events(api: ApiProcess, path: str, **query: str) -> list[tuple[str, str]]:
    """What a watch of a second sends: type and name."""
    answer = api.call("GET", path, params={"watch": "true", "timeoutSeconds": "1", **query})
    lines = [json.loads(line) for line in answer.text.splitlines()]
    return [(line["type"], line["object"].get("metadata", {}).get("name", "")) for line in lines]


def test_without_the_token_nobody_comes_in(api: ApiProcess) -> None:
    answer = requests.get(f"{api.url}/api/v1/namespaces", timeout=5)
    assert (answer.status_code, answer.json()["reason"]) == (401, "Unauthorized")
    wrong = requests.get(f"{api.url}/version", headers={"Authorization": "Bearer x"}, timeout=5)
    assert wrong.status_code == 401
    for probe in ("readyz", "livez", "healthz"):
        assert requests.get(f"{api.url}/{probe}", timeout=5).text == "ok"


def test_only_the_owner_can_read_what_it_writes(api: ApiProcess) -> None:
    modes = {path.name: path.stat().st_mode & 0o777 for path in api.data.iterdir()}
    assert set(modes) == {
        "control.json",
        "journal.jsonl",
        "kubeconfig",
        "kubeconfig.kubectl",
        "lock",
        "token",
    }
    assert set(modes.values()) == {0o600}


def test_istio_is_there_and_gateway_api_is_not(api: ApiProcess) -> None:
    assert api.call("GET", VIRTUAL_SERVICES).status_code == 200
    assert api.call("GET", "/apis/gateway.networking.k8s.io/v1").status_code == 404


def test_a_killed_server_loses_nothing(fresh_api: ApiProcess) -> None:
    api = fresh_api
    before = api.made(CONFIG_MAPS, config_map("a", n="1"))
    api.made(CONFIG_MAPS, config_map("b"))
    api.call("DELETE", f"{CONFIG_MAPS}/b")
    token = api.token
    api.kill()
    api.start()
    assert api.token == token
    assert api.call("GET", f"{CONFIG_MAPS}/a").json() == before
    assert api.call("GET", f"{CONFIG_MAPS}/b").status_code == 404
    version = before["metadata"]["resourceVersion"]
    assert events(api, CONFIG_MAPS, resourceVersion=version) == [("ADDED", "b"), ("DELETED", "b")]
    after = api.made(CONFIG_MAPS, config_map("c"))
    assert int(after["metadata"]["resourceVersion"]) > int(version) + 2


def test_a_folder_serves_one_server_only(fresh_api: ApiProcess) -> None:
    command = [sys.executable, "-m", "grayrelease.sandbox.apiserver", "--data", str(fresh_api.data)]
    second = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert second.returncode == 1
    assert "another API server runs on" in second.stderr
    assert fresh_api.call("GET", "/version").status_code == 200


def test_it_ends_with_the_process_that_started_it(tmp_path: Any) -> None:
    script = (
        "import subprocess, sys, time\n"
        "command = [sys.executable, '-m', 'grayrelease.sandbox.apiserver', '--data', sys.argv[1]]\n"
        "print(subprocess.Popen(command).pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path / "api")], stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    server = psutil.Process(int(parent.stdout.readline()))
    until(lambda: (tmp_path / "api" / "kubeconfig").exists())
    parent.kill()
    parent.wait()
    parent.stdout.close()
    until(lambda: not server.is_running() or server.status() == psutil.STATUS_ZOMBIE)


def until(condition: Any, seconds: float = 15.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_watch_that_is_dropped_leaves_nothing_behind(api: ApiProcess) -> None:
    process = psutil.Process(api.pid)
    calm = len(process.net_connections(kind="tcp"))
    query = {"watch": "true", "timeoutSeconds": "300"}
    watches = [api.call("GET", CONFIG_MAPS, params=query, stream=True) for _ in range(5)]
    assert len(process.net_connections(kind="tcp")) > calm
    for watch in watches:
        watch.close()
    until(lambda: len(process.net_connections(kind="tcp")) <= calm)


def test_a_write_costs_little(api: ApiProcess) -> None:
    """Processor time of the server, because the machine's other work is no fault of it."""
    process = psutil.Process(api.pid)
    for number in range(20):
        api.made(DEPLOYMENTS, deployment(f"cost-{number}"))
    version = api.made(VIRTUAL_SERVICES, virtual_service("cost"))["metadata"]["resourceVersion"]
    before = sum(process.cpu_times()[:2])
    for step in range(100):
        body = virtual_service("cost", step)
        body["metadata"]["resourceVersion"] = version
        answer = api.call("PUT", f"{VIRTUAL_SERVICES}/cost", body)
        version = answer.json()["metadata"]["resourceVersion"]
    assert (sum(process.cpu_times()[:2]) - before) / 100 < WRITE_CPU_S


class NodeAgent(BaseHTTPRequestHandler):
    """A node agent that has one log."""

    def do_GET(self) -> None:
        text = f"{self.path}\n".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Say nothing."""


@pytest.fixture
def node(api: ApiProcess) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), NodeAgent)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    endpoint = {"kubeletEndpoint": {"Port": server.server_address[1]}}
    addresses = [{"type": "InternalIP", "address": "127.0.0.1"}]
    status = {"daemonEndpoints": endpoint, "addresses": addresses}
    api.made("/api/v1/nodes", {"metadata": {"name": "node"}, "status": status})
    yield "node"
    server.shutdown()
    server.server_close()


def test_logs_come_from_the_node_that_runs_the_pod(api: ApiProcess, node: str) -> None:
    spec = {"containers": [{"name": "app", "image": "x:1"}], "nodeName": node}
    api.made(PODS, {"metadata": {"name": "logged"}, "spec": spec})
    log = api.call("GET", f"{PODS}/logged/log", params={"tailLines": "5", "container": "app"})
    assert log.text == "/containerLogs/default/logged/app?tailLines=5\n"
    assert api.call("GET", f"{PODS}/logged/log", params={"container": "other"}).status_code == 400
    assert api.call("GET", f"{PODS}/nobody/log").status_code == 404
