"""One run's view of a target: what was seen, read in the terms that the rules of `SAFETY` use."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Any

from grayrelease.domain import base, breaking, istio
from grayrelease.domain.carrying import Carrier, Scene, scene
from grayrelease.domain.marks import digest, edited, labels, name
from grayrelease.domain.named import Name
from grayrelease.domain.plan import Manifest
from grayrelease.domain.pods import (
    Endpoints,
    Trouble,
    condition,
    leaving,
    read_endpoints,
    trouble,
    version_of,
)
from grayrelease.domain.routing import writers
from grayrelease.domain.state import Key, Memory, ReleaseIntent, Seen, TargetIntent

NO_ROUTES = "no routes"
"""Under this text it is remembered since when no object carries routes to the service."""


@dataclass(frozen=True)
class Look:
    """What one run knows about a target. `memory` is as the last run left it."""

    intent: TargetIntent
    seen: Seen
    memory: Memory

    def remembering(self, memory: Memory) -> Look:
        """Return the same look with another memory; what was read of the cluster isn't read again."""
        look = replace(self, memory=memory)
        for read, value in vars(self).items():
            vars(look).setdefault(read, value)
        return look

    @property
    def now(self) -> datetime:
        return self.seen.now

    @property
    def service(self) -> str:
        return self.intent.service

    @property
    def called(self) -> Name:
        return Name(self.intent.service, self.intent.namespace)

    @property
    def stable(self) -> str:
        return self.intent.stable

    @property
    def releases(self) -> tuple[ReleaseIntent, ...]:
        return self.intent.releases

    @cached_property
    def versions(self) -> list[str]:
        """Stable, and what the live releases bring."""
        return [self.stable, *(each.plan.candidate.version for each in self.releases if each.plan.brings)]

    @cached_property
    def scene(self) -> Scene:
        return scene(self.called, self.seen)

    @cached_property
    def carriers(self) -> tuple[Carrier, ...]:
        return self.scene.carriers(self.stable)

    @cached_property
    def base(self) -> tuple[Manifest, ...]:
        """The routes as their users wrote them."""
        return base.base(self.scene, self.stable)

    @cached_property
    def base_digest(self) -> str:
        return base.digest(self.base)

    @cached_property
    def pinned(self) -> bool:
        """Tell if each request comes to a version by name."""
        return all(each.stands for each in self.carriers)

    @property
    def subsets_key(self) -> Key:
        return Key("DestinationRule", name(self.scene.rule))

    @property
    def subsets(self) -> Manifest | None:
        """The DestinationRule that has our subsets; None if it isn't there."""
        return self.find(self.subsets_key)

    def has_subset(self, version: str) -> bool:
        return istio.has_subset((self.subsets or {}).get("spec") or {}, version)

    @cached_property
    def exposed_versions(self) -> list[str]:
        """The versions beside stable that any route names."""
        stands = [each.stands for each in self.carriers if each.stands]
        named = [one.version for _, releases in stands for one in releases if one.exposure.meets]
        formers = [former for former, _ in stands]
        found = dict.fromkeys([*named, *formers, *self._named_by_others])
        return [each for each in found if each and each != self.stable]

    @property
    def _named_by_others(self) -> list[str]:
        """The versions that routes name which somebody else edited: without their subsets requests fail."""
        edited = [each.manifest for each in self.carriers if each.edited]
        names = {name for each in edited for name in breaking.named(each, self.called)}
        return [each for each in self.versions if istio.subset(each) in names]

    def workload_key(self, version: str) -> Key:
        """Return the Deployment that runs a version of a live release, or stable."""
        brought = {each.plan.candidate.version: each.plan.candidate.workload for each in self.releases}
        if version != self.stable and version in brought:
            return Key("Deployment", brought[version])
        began = next((each.plan.stable.workload for each in self.releases), "")
        return Key("Deployment", self.intent.stable_workload or began)

    def find(self, key: Key) -> Manifest | None:
        return self._objects.get(key)

    @cached_property
    def _objects(self) -> dict[Key, Manifest]:
        seen, here = self.seen, self.intent.namespace
        kinds = {
            "Deployment": seen.deployments,
            "VirtualService": seen.virtual_services,
            "DestinationRule": seen.destination_rules,
        }
        return {
            Key(kind, name(item)): item  # type: ignore[arg-type]
            for kind, items in kinds.items()
            for item in items
            if item["metadata"].get("namespace", here) == here
        }

    @cached_property
    def endpoints(self) -> Endpoints:
        return read_endpoints(self.service, self.seen.slices, self.seen.pods)

    def since(self, key: Key) -> datetime:
        """Return since when an object has been as it is, or away. If that isn't known, it is now."""
        manifest = self.find(key)
        written = self.seen.written.get(key)
        if manifest is not None and written is not None and self._is_as_written(manifest, written.op):
            return written.at
        seen = self.memory.first_seen.get(identity(key, manifest), self.now)
        # What isn't as our last write left it came after that, or was listed before: it can't have settled.
        return max(seen, written.at) if written is not None else seen

    def _is_as_written(self, manifest: Manifest, op: str) -> bool:
        """Tell if nobody changed it since; a write for another service leaves what is this one's."""
        return writers.last(manifest, self.called)[1] == op and not edited(manifest)

    def routes_since(self) -> datetime:
        """Return since when the routes have been as they are: since the last change of any of them."""
        return self.changed_last[1]

    @property
    def changed_last(self) -> tuple[Key, datetime]:
        """Return the route object that changed last, and when; where none is left, since that was seen."""
        found = [(each.key, self.since(each.key)) for each in self.carriers]
        none = Key("VirtualService", self.service), self.memory.first_seen.get(NO_ROUTES, self.now)
        # Who deletes a route object changes routes too: not before our last write to it. And one that was
        # given back may lead to the winner, so that it carries nothing any more.
        written = [(key, each.at) for key, each in self.seen.written.items() if key.kind == "VirtualService"]
        others = [(key, at) for key, at in written if all(key != each.key for each in self.carriers)]
        return max([*(found or [none]), *others], key=lambda each: each[1])

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
        if not version:
            return False
        workload = self.find(self.workload_key(version)) if version in self.versions else None
        wanted = workload is not None and workload.get("spec", {}).get("replicas", 1) > 0
        return wanted or bool(self.endpoints.named.get(version))


def _became_ready(pod: Manifest) -> str:
    return condition(pod, "Ready").get("lastTransitionTime", "")


def identity(key: Key, manifest: Manifest | None) -> str:
    """Return the text under which an object with its present content is remembered."""
    if manifest is None:
        return f"{key} absent"
    metadata: dict[str, Any] = manifest["metadata"]
    content = digest(manifest.get("spec"))
    return f"{key} {metadata.get('uid', '')} {metadata.get('generation', 0)} {content}"
