"""A cluster in memory which the planners run in: no server, no clock but its own."""

from __future__ import annotations

import copy
import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

from grayrelease.sandbox.controllers import deployments, replicasets
from grayrelease.sandbox.controllers.garbage import judge, references
from grayrelease.sandbox.controllers.objects import Note, Step, Write

Object = dict[str, Any]


class Cluster:
    """Objects by kind and name, and the events written."""

    def __init__(self) -> None:
        self.items: dict[tuple[str, str], Object] = {}
        self.now = datetime(2026, 1, 31, 12, 0, 0, tzinfo=UTC)
        self.notes: list[tuple[str, str]] = []
        self.created: list[Object] = []
        self.states: list[Object] = []
        self._numbers = itertools.count(1)

    def all(self, kind: str) -> list[Object]:
        return [item for (found, _), item in self.items.items() if found == kind]

    def one(self, kind: str, name: str) -> Object:
        return self.items[kind, name]

    def create(self, body: Object) -> Object:
        item = copy.deepcopy(body)
        number = next(self._numbers)
        metadata = item["metadata"]
        metadata.setdefault("namespace", "shop")
        metadata.setdefault("name", f"{metadata.get('generateName', '')}p{number}")
        created = {"uid": f"uid-{number}", "resourceVersion": str(number), "generation": 1}
        metadata |= created | {"creationTimestamp": self.now.strftime("%Y-%m-%dT%H:%M:%SZ")}
        item["status"] = {"phase": "Pending"} if item["kind"] == "Pod" else {}
        self.created.append(item)
        return self._store(item)

    def change(self, item: Object, **parts: object) -> Object:
        changed = {**copy.deepcopy(item), **copy.deepcopy(parts)}
        old = self.one(item["kind"], item["metadata"]["name"])
        changed["metadata"]["generation"] = old["metadata"]["generation"] + (changed["spec"] != old["spec"])
        if changed == old:
            return old
        changed["metadata"]["resourceVersion"] = str(next(self._numbers))
        return self._store(changed)

    def delete(self, item: Object, policy: str = "Background") -> None:
        finalizer = {"Orphan": "orphan", "Foreground": "foregroundDeletion"}.get(policy)
        if finalizer is None:
            self.items.pop((item["kind"], item["metadata"]["name"]), None)
            return
        ending = {"deletionTimestamp": "now", "finalizers": [finalizer]}
        self._store({**item, "metadata": {**item["metadata"], **ending}})

    def settle(self) -> None:
        """Run the planners until they want nothing more."""
        for _ in range(200):
            if not self._round():
                return
        raise AssertionError("the controllers never come to rest")

    def wait(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)
        self.settle()

    def _store(self, item: Object) -> Object:
        self.items[item["kind"], item["metadata"]["name"]] = item
        self.states.append(copy.deepcopy(item))
        return item

    def _round(self) -> bool:
        for item in self.all("ReplicaSet"):
            if self._do(replicasets.plan(item, self.all("Pod"), self.now)):
                return True
        for item in self.all("Deployment"):
            if self._do(deployments.plan(item, self.all("ReplicaSet"), self.all("Pod"), self.now)):
                return True
        return any(self._collect(item) for item in list(self.items.values()))

    def _do(self, steps: list[Step]) -> bool:
        made = ""
        for step in steps:
            if isinstance(step, Note):
                self.notes.append((step.reason, step.message.replace("{made}", made)))
            else:
                made = self._write(step)
        return bool(steps)

    def _write(self, step: Write) -> str:
        item = step.item
        if step.verb == "create":
            return str(self.create(item)["metadata"]["name"])
        current = self.one(item["kind"], item["metadata"]["name"])
        if step.verb == "delete":
            self.delete(item)
        elif step.verb == "replace":
            self.change(item)
        elif step.verb == "status":
            self.change(current, status=item["status"])
        else:
            notes = {**(current["metadata"].get("annotations") or {}), **(step.annotations or {})}
            self.change(current, metadata={**current["metadata"], "annotations": notes})
        return str(item["metadata"]["name"])

    def _collect(self, item: Object) -> bool:
        uid = item["metadata"]["uid"]
        owned = [each for each in self.items.values() if uid in {found["uid"] for found in references(each)}]
        alive = {each["metadata"]["uid"]: each for each in self.items.values()}
        verdict = judge(item, owned, {each["uid"]: alive.get(each["uid"]) for each in references(item)})
        for doomed, policy in verdict.delete:
            self.delete(doomed, policy)
        for other, lost in verdict.disown:
            kept = [each for each in references(other) if each["uid"] not in lost]
            metadata = {name: value for name, value in other["metadata"].items() if name != "ownerReferences"}
            self.change(other, metadata=metadata | ({"ownerReferences": kept} if kept else {}))
        if verdict.release:
            del self.items[item["kind"], item["metadata"]["name"]]
        return bool(verdict.delete or verdict.disown or verdict.release)
