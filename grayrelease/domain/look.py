"""One run's view of a target: what was seen, read in the terms that the rules of `SAFETY` use."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Any

from grayrelease.domain import istio
from grayrelease.domain.marks import OP, digest, edited, labels, name, notes
from grayrelease.domain.plan import ALL, Exposure, Manifest
from grayrelease.domain.pods import (
    Endpoints,
    Trouble,
    condition,
    leaving,
    read_endpoints,
    trouble,
    version_of,
)
from grayrelease.domain.routes import Exposing, RouteTable, compose
from grayrelease.domain.state import Exposed, Key, Memory, ReleaseIntent, Seen, TargetIntent


@dataclass(frozen=True)
class Look:
    """What one run knows about one release of a target. `memory` is as the last run left it."""

    intent: TargetIntent
    release: ReleaseIntent
    seen: Seen
    memory: Memory

    @property
    def now(self) -> datetime:
        return self.seen.now

    @property
    def service(self) -> str:
        return self.intent.service

    @property
    def stable(self) -> str:
        return self.release.plan.stable.version

    @property
    def candidate(self) -> str:
        return self.release.plan.candidate.version

    @property
    def routes_key(self) -> Key:
        return Key("VirtualService", self.service)

    @property
    def subsets_key(self) -> Key:
        return Key("DestinationRule", self.service)

    @property
    def wanted(self) -> int:
        """The share that people want the candidate to have now."""
        return self.release.wanted.everyone

    def workload_key(self, version: str) -> Key:
        plan = self.release.plan
        workload = plan.candidate.workload if version == self.candidate else plan.stable.workload
        return Key("Deployment", workload)

    def other(self, version: str) -> str:
        return self.stable if version == self.candidate else self.candidate

    def find(self, key: Key) -> Manifest | None:
        """Return the object as it was seen; None if it isn't there."""
        kinds = {
            "Deployment": self.seen.deployments,
            "VirtualService": self.seen.virtual_services,
            "DestinationRule": self.seen.destination_rules,
        }
        here = (found for found in kinds[key.kind] if self._is_here(found))
        return next((found for found in here if name(found) == key.name), None)

    def _is_here(self, manifest: Manifest) -> bool:
        return bool(manifest["metadata"].get("namespace") == self.intent.namespace)

    @cached_property
    def routes(self) -> Manifest | None:
        return self.find(self.routes_key)

    @cached_property
    def subsets(self) -> Manifest | None:
        return self.find(self.subsets_key)

    @cached_property
    def endpoints(self) -> Endpoints:
        return read_endpoints(self.service, self.seen.slices, self.seen.pods)

    def table(self, share: int) -> RouteTable:
        """Return the route table that gives the candidate this share."""
        return compose(self.stable, [Exposing(self.release.id, self.candidate, Exposure(share=share))])

    @cached_property
    def share(self) -> int | None:
        """The candidate's share in the routes as they are; None if there are none or they say else."""
        if self.routes is None:
            return None
        spec = self.routes.get("spec") or {}
        table = istio.read_table(self.service, spec, (self.stable, self.candidate))
        if table is None or len(table.rules) != 1:
            return None
        share = sum(part.weight for part in table.rules[0].parts if part.version == self.candidate)
        return share if self.table(share) == table else None

    def has_subset(self, version: str) -> bool:
        return self.subsets is not None and istio.has_subset(self.subsets.get("spec") or {}, version)

    def since(self, key: Key) -> datetime:
        """Return since when an object has been as it is, or away. If that isn't known, it is now."""
        manifest = self.find(key)
        written = self.seen.written.get(key)
        if manifest is not None and written is not None and _is_as_written(manifest, written.op):
            return written.at
        return self.memory.first_seen.get(identity(key, manifest), self.now)

    def settles_in(self, since: datetime) -> float:
        """Return the seconds until something that changed then is settled; 0 if it is."""
        return max(0.0, self.intent.settle_s - (self.now - since).total_seconds())

    def ready(self, version: str) -> int:
        """Return how many pods of a version are ready and in the EndpointSlices."""
        return len(self.endpoints.ready.get(version, ()))

    def settled_pods(self, version: str) -> int:
        """Return how many of them have been so for the settle time."""
        return sum(1 for since in self.ready_since(version) if not self.settles_in(since))

    def ready_since(self, version: str) -> list[datetime]:
        """Return since when each pod of a version has been ready and in the EndpointSlices, oldest first."""
        pods = self.endpoints.ready.get(version, frozenset())
        since = self.memory.endpoints_since
        return sorted(since.get(self._readiness[pod], self.now) for pod in pods)

    @cached_property
    def _readiness(self) -> dict[str, str]:
        """Each pod's name with the moment it became ready, so that one that failed meanwhile counts anew."""
        return {name(pod): f"{name(pod)} {_became_ready(pod)}".rstrip() for pod in self.seen.pods}

    def readiness(self) -> set[str]:
        """Return what `Memory.endpoints_since` is kept by: the ready pods, as they became ready."""
        return {self._readiness[pod] for pods in self.endpoints.ready.values() for pod in pods}

    def needed(self, share: int) -> int:
        """Return how many pods a share needs: rule 5, at least one."""
        return max(1, -(-share * self.memory.capacity // ALL))

    @cached_property
    def pods(self) -> tuple[Manifest, ...]:
        """The pods that the Service selects, those that are leaving apart."""
        selector = ((self.seen.service or {}).get("spec", {}).get("selector") or {}).items()
        return tuple(pod for pod in self.seen.pods if selector <= labels(pod).items() and not leaving(pod))

    def trouble(self, version: str) -> Trouble | None:
        """Return why a pod of a version isn't ready; the first one by name that says."""
        mine = sorted((pod for pod in self.pods if version_of(pod) == version), key=name)
        return next((found for found in map(trouble, mine) if found), None)

    def runs(self, version: str) -> bool:
        """Tell if a version has, or is to have, pods."""
        workload = self.find(self.workload_key(version))
        wanted = workload is not None and workload.get("spec", {}).get("replicas", 1) > 0
        return wanted or bool(self.endpoints.named.get(version))

    @property
    def exposed(self) -> Exposed | None:
        return self.memory.exposed.get(self.release.id)


def _became_ready(pod: Manifest) -> str:
    return condition(pod, "Ready").get("lastTransitionTime", "")


def _is_as_written(manifest: Manifest, op: str) -> bool:
    return notes(manifest).get(OP) == op and not edited(manifest)


def identity(key: Key, manifest: Manifest | None) -> str:
    """Return the text under which an object with its present content is remembered."""
    if manifest is None:
        return f"{key} absent"
    metadata: dict[str, Any] = manifest["metadata"]
    content = digest(manifest.get("spec"))
    return f"{key} {metadata.get('uid', '')} {metadata.get('generation', 0)} {content}"


def refresh(look: Look) -> Look:
    """Return the same look with a memory that includes what is seen now."""
    ready = look.endpoints.ready
    # R is what stable had at the start: until the candidate may be sent anything, it may still grow.
    started = look.has_subset(look.candidate) and look.memory.capacity
    memory = replace(
        look.memory,
        endpoints={version: len(pods) for version, pods in ready.items()},
        endpoints_since=_keep(look.memory.endpoints_since, look.readiness(), look.now),
        gone_since=_keep(look.memory.gone_since, _gone(look), look.now),
        first_seen=_keep(look.memory.first_seen, _identities(look), look.now),
        capacity=look.memory.capacity if started else max(look.memory.capacity, look.ready(look.stable)),
    )
    return replace(look, memory=memory)


def _keep(before: Any, present: set[str], now: datetime) -> dict[str, datetime]:
    return {item: before.get(item, now) for item in sorted(present)}


def _gone(look: Look) -> set[str]:
    # A pod that a slice names and nobody knows could be anyone's; one that stays may yet be named.
    present = look.endpoints.versions() | {version_of(pod) for pod in look.pods}
    return set() if "" in present else {look.stable, look.candidate} - present


def _identities(look: Look) -> set[str]:
    keys = (look.routes_key, look.subsets_key)
    return {identity(key, look.find(key)) for key in keys}
