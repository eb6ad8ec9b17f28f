"""The cluster's API server, asked directly: what a test writes itself, and a record of others' writes."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from grayrelease.sandbox.kubeconfig import read

Manifest = dict[str, Any]
ISTIO = "/apis/networking.istio.io/v1"
APPS = "/apis/apps/v1"
POLL_S = 0.05


@dataclass(frozen=True)
class Change:
    """One event of a watch, with the time at which it was read (time.monotonic)."""

    at: float
    type: str
    object: Manifest


class Api:
    """Plain requests to the API server of a kubeconfig, in one namespace."""

    def __init__(self, kubeconfig: Path, namespace: str) -> None:
        self.server, headers, _ = read(kubeconfig)
        self.namespace = namespace
        self.session = requests.Session()
        self.session.headers.update(headers)

    def path(self, group: str, plural: str, name: str = "") -> str:
        return f"{self.server}{group}/namespaces/{self.namespace}/{plural}" + (f"/{name}" if name else "")

    def get(self, group: str, plural: str, name: str = "") -> Manifest:
        return self._checked(self.session.get(self.path(group, plural, name), timeout=5))

    def exists(self, group: str, plural: str, name: str) -> bool:
        return self.session.get(self.path(group, plural, name), timeout=5).status_code == 200

    def post(self, group: str, plural: str, manifest: Manifest) -> Manifest:
        return self._checked(self.session.post(self.path(group, plural), json=manifest, timeout=5))

    def put(self, group: str, plural: str, manifest: Manifest) -> Manifest:
        url = self.path(group, plural, manifest["metadata"]["name"])
        return self._checked(self.session.put(url, json=manifest, timeout=5))

    def merge(self, group: str, plural: str, name: str, patch: Manifest) -> Manifest:
        """Send a merge patch."""
        headers = {"Content-Type": "application/merge-patch+json"}
        url = self.path(group, plural, name)
        return self._checked(self.session.patch(url, data=json.dumps(patch), headers=headers, timeout=5))

    def delete(self, group: str, plural: str, name: str) -> None:
        self._checked(self.session.delete(self.path(group, plural, name), timeout=5))

    def wait_ready(self, deployment: str, within: float = 20) -> None:
        """Wait until all pods of a Deployment are ready."""
        end = time.monotonic() + within
        while not _is_ready(found := self.get(APPS, "deployments", deployment)):
            assert time.monotonic() < end, f"{deployment} is not ready: {found.get('status')}"
            time.sleep(POLL_S)

    @staticmethod
    def _checked(answer: requests.Response) -> Manifest:
        assert answer.ok, f"{answer.request.method} {answer.url}: {answer.status_code} {answer.text[:300]}"
        found: Manifest = answer.json()
        return found


def _is_ready(deployment: Manifest) -> bool:
    ready = deployment.get("status", {}).get("readyReplicas", 0)
    return bool(ready == deployment["spec"]["replicas"])


def share_of(manifest: Manifest, version: str) -> int:
    """Return a version's share of a VirtualService's first route, in per mille."""
    parts = manifest["spec"]["http"][0]["route"]
    weights = [(part.get("weight", 100), part["destination"].get("subset", "")) for part in parts]
    mine = sum(weight for weight, subset in weights if version in subset)
    return int(1000 * mine / sum(weight for weight, _ in weights))


class Record:
    """Everything that happens to the objects of one kind from now on, for an hour at most.

    Its thread ends with the process: a stream that a thread reads can't be closed from another one.
    """

    def __init__(self, api: Api, group: str, plural: str) -> None:
        self.api, self.url = api, api.path(group, plural)
        version = api.get(group, plural)["metadata"]["resourceVersion"]
        self.changes: list[Change] = []
        self.news = threading.Condition()
        query = {"watch": "1", "resourceVersion": version, "timeoutSeconds": "3600"}
        self.answer = requests.get(
            self.url, params=query, headers=api.session.headers, stream=True, timeout=(5, None)
        )
        threading.Thread(target=self._follow, daemon=True).start()

    def _follow(self) -> None:
        # The server may end first.
        with suppress(requests.RequestException):
            for line in self.answer.iter_lines(chunk_size=None):
                event = json.loads(line)
                with self.news:
                    self.changes.append(Change(time.monotonic(), event["type"], event["object"]))
                    self.news.notify_all()

    def wait_for(self, wanted: Callable[[Change], bool], since: float, within: float) -> Change:
        """Return the first wanted change that was read after a moment (time.monotonic), waiting for it."""

        def first() -> Change | None:
            return next((each for each in self.changes if each.at > since and wanted(each)), None)

        with self.news:
            found = self.news.wait_for(first, within)
        assert found is not None, f"no such change of {self.url} within {within} s"
        return found
