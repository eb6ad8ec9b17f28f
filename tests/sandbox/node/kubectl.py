"""A look at a cluster that has a node and no mesh."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

import yaml

from demo import sandbox
from demo.part import Part
from tests.cluster_fixture import Cluster

Object = dict[str, Any]
SPACE = "/api/v1/namespaces/shop"
DEPLOYMENTS = "/apis/apps/v1/namespaces/shop/deployments"


class Kubectl:
    """Plain calls of the API server, and waiting for what should become."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        config = yaml.safe_load(cluster.kubeconfig.read_text())
        self.server = config["clusters"][0]["cluster"]["server"]
        self.token = config["users"][0]["user"].get("token", "")

    def call(
        self, method: str, path: str, body: Object | None = None, kind: str = "application/json"
    ) -> Object:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": kind, "Authorization": f"Bearer {self.token}"}
        request = urllib.request.Request(self.server + path, data, headers, method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            found: Object = json.loads(answer.read())
        return found

    def text(self, path: str) -> str:
        request = urllib.request.Request(
            self.server + path, headers={"Authorization": f"Bearer {self.token}"}
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return str(answer.read().decode())

    def merge(self, path: str, body: Object) -> Object:
        return self.call("PATCH", path, body, "application/merge-patch+json")

    def exists(self, path: str) -> bool:
        try:
            self.call("GET", path)
        except urllib.error.HTTPError as error:
            assert error.code == 404
            return False
        return True

    def deploy(self, name: str, image: str, **container: Any) -> None:
        labels = {"app": name}
        ports = [{"name": "web", "containerPort": 9080}]
        template = {
            "metadata": {"labels": labels},
            "spec": {"containers": [{"name": name, "image": image, "ports": ports, **container}]},
        }
        spec = {"replicas": 1, "selector": {"matchLabels": labels}, "template": template}
        self.call("POST", DEPLOYMENTS, {"metadata": {"name": name}, "spec": spec})

    def pods(self, name: str) -> list[Object]:
        items: list[Object] = self.call("GET", f"{SPACE}/pods?labelSelector=app%3D{name}")["items"]
        return items

    def pod(self, name: str, holds: Callable[[Object], bool], seconds: float = 40) -> Object:
        """Wait until the only pod of a Deployment is as wanted."""

        def found() -> Object | None:
            pods = self.pods(name)
            return pods[0] if len(pods) == 1 and holds(pods[0]) else None

        return self.wait(found, seconds)

    def wait(self, ask: Callable[[], Any], seconds: float = 40) -> Any:
        deadline = time.monotonic() + seconds
        while not (answer := ask()):
            assert time.monotonic() < deadline, self.cluster.supervisor.log("node").read_text()
            time.sleep(0.02)
        return answer

    def events(self, name: str) -> set[tuple[str, str]]:
        items = self.call("GET", f"{SPACE}/events")["items"]
        return {
            (each["reason"], each["message"])
            for each in items
            if each["involvedObject"]["name"].startswith(f"{name}-")
        }


def node(cluster: Cluster) -> Part:
    part = sandbox.node(cluster.options)
    return Part(part.name, [*part.command, "--back-off", "0.6"], wave=1)
