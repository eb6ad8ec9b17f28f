"""A cluster in memory: what an API server promises, and hooks for tests.

It keeps uids, resourceVersions, generations, conflicts, preconditions, dry runs, label selectors and the
garbage collection of owned objects. It does not default or validate fields, and runs nothing by itself:
`runs.run_pods` makes pods where a test wants them.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime

from grayrelease.cluster.faults import Faults
from grayrelease.cluster.happened import Happened
from grayrelease.cluster.interface import (
    MANAGER,
    AlreadyExists,
    Change,
    Conflict,
    Listing,
    NotFound,
    Refused,
)
from grayrelease.cluster.kinds import API_GATEWAY, KINDS, Kind, kind_of, kind_of_manifest
from grayrelease.cluster.selectors import parse
from grayrelease.domain.plan import Manifest

Key = tuple[str, str, str]
"""Kind, namespace, name."""

WITHOUT_GENERATION = frozenset(
    {"Namespace", "Service", "ServiceAccount", "ConfigMap", "Secret", "Event", "HorizontalPodAutoscaler"}
)
WITHOUT_STATUS = WITHOUT_GENERATION - {"Namespace", "Service", "HorizontalPodAutoscaler"} | {"EndpointSlice"}
ROUTED_BY_API = frozenset({API_GATEWAY, "ReferenceGrant", "HTTPRoute", "GRPCRoute", "TCPRoute", "TLSRoute"})
"""Kinds of the Gateway API."""
ADDED = ROUTED_BY_API | {"ServiceExport", "Strategy"}
"""Kinds that a cluster with Istio need not have."""
SERVED = frozenset(KINDS) - ADDED


@dataclass(frozen=True)
class Recorded:
    """One accepted change. `manifest` is the object after it (after a delete: as it was)."""

    verb: str
    kind: str
    namespace: str
    name: str
    manager: str
    manifest: Manifest


@dataclass
class Memory:
    """A `Cluster` of its own. `now` gives creation times; `served` are the kinds that it knows."""

    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    served: frozenset[str] = SERVED
    writes: list[Recorded] = field(default_factory=list)
    """All accepted changes, ours and others', oldest first; dry runs and no-op writes are none."""
    before_write: Callable[[str, Manifest], None] | None = None
    """Called with the verb and the manifest before a write of ours: to edit meanwhile, or to die there."""
    after_list: Callable[[str], None] | None = None
    """Called with the kind after a list was read: for what happens between reading and writing."""
    faults: Faults = field(default_factory=Faults)
    """`faults.fail_next(Unreachable("…"), verb="replace")`, `faults.down = True`."""
    log_lines: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    """(namespace, pod) → what the pod wrote."""

    def __post_init__(self) -> None:
        self._objects: dict[Key, Manifest] = {}
        self._numbers = itertools.count(1)
        self._lock = threading.RLock()
        self.happened = Happened(self._lock)
        """For watches; `happened.cut()` breaks them off, `happened.forget()` makes their versions expire."""

    # The verbs of `Cluster`

    def get(self, kind: str, namespace: str, name: str) -> Manifest:
        with self._call("get", kind, name) as served:
            return deepcopy(self._found(served, namespace, name))

    def list(self, kind: str, namespace: str, labels: str = "") -> list[Manifest]:
        fits = parse(labels)
        with self._call("list", kind, ""):
            found = [
                deepcopy(item)
                for (its_kind, its_namespace, _), item in sorted(self._objects.items())
                if its_kind == kind and namespace in ("", its_namespace)
                if fits(item["metadata"].get("labels") or {})
            ]
        if self.after_list is not None:
            self.after_list(kind)
        return found

    def create(self, manifest: Manifest, *, dry_run: bool = False) -> Manifest:
        self._announce("create", manifest)
        with self._call("create", kind_of_manifest(manifest).name, manifest["metadata"]["name"]):
            return self._create(manifest, MANAGER, dry_run)

    def replace(self, manifest: Manifest, *, dry_run: bool = False) -> Manifest:
        metadata = manifest["metadata"]
        if not metadata.get("uid") or not metadata.get("resourceVersion"):
            raise Refused("A write needs the uid and the resourceVersion that it was decided on")
        self._announce("replace", manifest)
        with self._call("replace", kind_of_manifest(manifest).name, metadata["name"]):
            return self._replace(manifest, MANAGER, dry_run)

    def delete(self, kind: str, namespace: str, name: str, *, uid: str, resource_version: str) -> None:
        if not uid or not resource_version:
            raise Refused("A write needs the uid and the resourceVersion that it was decided on")
        wanted = {"name": name, "namespace": namespace, "uid": uid, "resourceVersion": resource_version}
        self._announce("delete", {"kind": kind, "metadata": wanted})
        with self._call("delete", kind, name) as served:
            metadata = self._found(served, namespace, name)["metadata"]
            for part, called in (("uid", "UID"), ("resourceVersion", "ResourceVersion")):
                if metadata[part] != wanted[part]:
                    raise Conflict(
                        f'Operation cannot be fulfilled on {kind} "{name}": the {called} in the precondition '
                        f"({wanted[part]}) does not match the {called} in record ({metadata[part]})"
                    )
            self._remove((kind, namespace, name), MANAGER)

    def logs(self, namespace: str, pod: str, *, lines: int, container: str = "") -> str:
        with self._call("logs", "Pod", pod) as kind:
            self._found(kind, namespace, pod)
            return "".join(f"{line}\n" for line in self.log_lines.get((namespace, pod), [])[-lines:])

    def serves(self, kind: str) -> bool:
        with self.faults.meeting("serves", kind, ""):
            return kind_of(kind).name in self.served

    def listing(self, kind: str, namespace: str) -> Listing:
        with self._lock:
            return Listing(self.list(kind, namespace), str(next(self._numbers)))

    def watch(self, kind: str, namespace: str, since: str, seconds: int) -> Iterator[Change]:
        with self._call("watch", kind, ""):
            self.happened.check(int(since))
            return self.happened.after(kind, namespace, int(since), seconds)

    # What others do to the cluster: tests call these

    def seed(self, *manifests: Manifest, manager: str = "kubectl") -> tuple[Manifest, ...]:
        """Add objects, with their status, and the namespaces that they need; give them as they are now."""
        return tuple(self._seed(manifest, manager) for manifest in manifests)

    def edit(
        self,
        kind: str,
        namespace: str,
        name: str,
        change: Callable[[Manifest], None],
        *,
        manager: str = "kubectl",
    ) -> Manifest:
        """Change an object, its status too, by a function that alters it in place."""
        with self._lock:
            manifest = deepcopy(self._found(kind_of(kind), namespace, name))
            change(manifest)
            return self._store("edit", manifest, manager)

    def remove(self, kind: str, namespace: str, name: str, *, manager: str = "kubectl") -> None:
        """Delete an object and what it owns, whatever its version."""
        with self._lock:
            self._found(kind_of(kind), namespace, name)
            self._remove((kind, namespace, name), manager)

    # Within

    @contextmanager
    def _call(self, verb: str, kind: str, name: str) -> Iterator[Kind]:
        with self._lock, self.faults.meeting(verb, kind, name):
            if (found := kind_of(kind)).name not in self.served:
                raise NotFound("the server could not find the requested resource")
            yield found

    def _announce(self, verb: str, manifest: Manifest) -> None:
        if self.before_write is not None:
            self.before_write(verb, deepcopy(manifest))

    def _found(self, kind: Kind, namespace: str, name: str) -> Manifest:
        found = self._objects.get((kind.name, namespace if kind.namespaced else "", name))
        if found is None:
            raise NotFound(f'{kind.resource} "{name}" not found')
        return found

    def _seed(self, manifest: Manifest, manager: str) -> Manifest:
        with self._lock:
            namespace = manifest["metadata"].get("namespace", "")
            if namespace and ("Namespace", "", namespace) not in self._objects:
                self._create(_namespace(namespace), manager, dry_run=False)
            seeded = self._create(manifest, manager, dry_run=False)
            return self._store("edit", {**seeded, **_status(manifest)}, manager)

    def _create(self, manifest: Manifest, manager: str, dry_run: bool) -> Manifest:
        kind, metadata = kind_of_manifest(manifest), manifest["metadata"]
        namespace = metadata.get("namespace", "")
        if kind.namespaced and ("Namespace", "", namespace) not in self._objects:
            raise NotFound(f'namespaces "{namespace}" not found')
        if _key(manifest) in self._objects:
            raise AlreadyExists(f'{kind.resource} "{metadata["name"]}" already exists')
        made = deepcopy(manifest)
        if kind.name not in WITHOUT_STATUS:
            made.pop("status", None)
        made["apiVersion"] = kind.api_version
        made["metadata"] |= {
            "uid": f"00000000-0000-4000-8000-{next(self._numbers):012}",
            "creationTimestamp": self.now().strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        if kind.name not in WITHOUT_GENERATION:
            made["metadata"]["generation"] = 1
        return made if dry_run else self._store("create", made, manager)

    def _replace(self, manifest: Manifest, manager: str, dry_run: bool) -> Manifest:
        kind, metadata = kind_of_manifest(manifest), manifest["metadata"]
        current = self._found(kind, metadata.get("namespace", ""), metadata["name"])
        if any(metadata[part] != current["metadata"][part] for part in ("uid", "resourceVersion")):
            raise Conflict(
                f'Operation cannot be fulfilled on {kind.resource} "{metadata["name"]}": the object has been '
                "modified; please apply your changes to the latest version and try again"
            )
        new = deepcopy(manifest)
        if kind.name not in WITHOUT_STATUS:
            new.pop("status", None)
            new |= _status(current)
        new["apiVersion"] = kind.api_version
        return new if dry_run else self._store("replace", new, manager)

    def _store(self, verb: str, manifest: Manifest, manager: str) -> Manifest:
        """Keep it under a new resourceVersion, unless nothing changed."""
        key = _key(manifest)
        current = self._objects.get(key)
        if current is not None:
            kept = ("uid", "creationTimestamp", "generation", "resourceVersion")
            manifest["metadata"] |= {
                part: current["metadata"][part] for part in kept if part in current["metadata"]
            }
            if manifest == current:
                return deepcopy(current)
            if "generation" in current["metadata"] and _intent(manifest) != _intent(current):
                manifest["metadata"]["generation"] += 1
        manifest["metadata"]["resourceVersion"] = str(next(self._numbers))
        self._objects[key] = deepcopy(manifest)
        self.writes.append(Recorded(verb, *key, manager, deepcopy(manifest)))
        self.happened.tell("MODIFIED" if current else "ADDED", manifest)
        return deepcopy(manifest)

    def _remove(self, key: Key, manager: str) -> None:
        gone = self._objects.pop(key)
        self.writes.append(Recorded("delete", *key, manager, gone))
        version = {"resourceVersion": str(next(self._numbers))}
        self.happened.tell("DELETED", {**gone, "metadata": {**gone["metadata"], **version}})
        for owned, item in list(self._objects.items()):
            owners = item["metadata"].get("ownerReferences") or []
            if owned in self._objects and any(owner["uid"] == gone["metadata"]["uid"] for owner in owners):
                self._remove(owned, "garbage-collector")


def _key(manifest: Manifest) -> Key:
    kind = kind_of_manifest(manifest)
    namespace = manifest["metadata"].get("namespace", "") if kind.namespaced else ""
    return kind.name, namespace, manifest["metadata"]["name"]


def _namespace(name: str) -> Manifest:
    return {"kind": "Namespace", "metadata": {"name": name}}


def _status(manifest: Manifest) -> Manifest:
    return {"status": deepcopy(manifest["status"])} if "status" in manifest else {}


def _intent(manifest: Manifest) -> Manifest:
    return {part: value for part, value in manifest.items() if part not in ("metadata", "status")}
