"""The API server as a process, for tests: started, killed, started again."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import requests

from grayrelease.sandbox.process import spawn

READY_S = 15.0
POLL_S = 0.02
TEMPLATE_CONTAINER = {"name": "app", "image": "registry.local/app:v1"}


class ApiProcess:
    """One API server over a data folder; a context manager."""

    def __init__(self, data: Path, *options: str) -> None:
        self.data = data
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None
        self.http = requests.Session()
        self.http.trust_env = False

    def __enter__(self) -> ApiProcess:
        self.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.kill()

    def start(self) -> None:
        """Start it and wait until it answers."""
        (self.data / "kubeconfig").unlink(missing_ok=True)
        module = "grayrelease.sandbox.apiserver"
        self._process = spawn([sys.executable, "-m", module, "--data", str(self.data), *self._options])
        deadline = time.monotonic() + READY_S
        while not self.kubeconfig.exists():
            assert self._process.poll() is None, "the API server ended"
            assert time.monotonic() < deadline, "the API server was not ready in time"
            time.sleep(POLL_S)
        self.http.headers["Authorization"] = f"Bearer {self.token}"

    def kill(self) -> None:
        """End it as a crash does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def kubeconfig(self) -> Path:
        return self.data / "kubeconfig"

    @property
    def url(self) -> str:
        found: str = json.loads(self.kubeconfig.read_text())["clusters"][0]["cluster"]["server"]
        return found

    @property
    def token(self) -> str:
        return (self.data / "token").read_text()

    def call(self, method: str, path: str, body: Any = None, **more: Any) -> requests.Response:
        """Send a request; `kind` names the form of a patch."""
        headers = more.pop("headers", {})
        if kind := more.pop("kind", ""):
            headers["Content-Type"] = f"application/{kind}-patch+{'yaml' if kind == 'apply' else 'json'}"
        return self.http.request(method, self.url + path, json=body, headers=headers, timeout=30, **more)

    def made(self, path: str, body: Any) -> dict[str, Any]:
        """Create an object."""
        answer = self.call("POST", path, body)
        assert answer.status_code == 201, answer.text
        item: dict[str, Any] = answer.json()
        return item


def config_map(name: str, **data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def deployment(name: str) -> dict[str, Any]:
    labels = {"app": name}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [TEMPLATE_CONTAINER]}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {"replicas": 1, "selector": {"matchLabels": labels}, "template": template},
    }


def virtual_service(name: str, weight: int = 100) -> dict[str, Any]:
    routes = [
        {"destination": {"host": "reviews", "subset": "v1"}, "weight": weight},
        {"destination": {"host": "reviews", "subset": "v2"}, "weight": 100 - weight},
    ]
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": "VirtualService",
        "metadata": {"name": name},
        "spec": {"hosts": ["reviews"], "http": [{"route": routes}]},
    }


CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
PODS = "/api/v1/namespaces/default/pods"
VIRTUAL_SERVICES = "/apis/networking.istio.io/v1/namespaces/default/virtualservices"
