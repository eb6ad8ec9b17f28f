"""What a run leaves to the next one about what it sees: since when, and how many."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from grayrelease.domain.look import NO_ROUTES, Look, identity
from grayrelease.domain.pods import version_of


def refresh(look: Look) -> Look:
    """Return the same look with a memory that includes what is seen now."""
    ready = look.endpoints.ready
    # R is what stable had at the start: until a candidate may be sent anything, it may still grow.
    brought = [version for version in look.versions if version != look.stable]
    started = any(map(look.has_subset, brought)) and look.memory.capacity
    memory = replace(
        look.memory,
        endpoints={version: len(pods) for version, pods in ready.items()},
        endpoints_since=_keep(look.memory.endpoints_since, look.readiness(), look.now),
        alone_since=_keep(look.memory.alone_since, _alone(look), look.now),
        first_seen=_keep(look.memory.first_seen, _identities(look), look.now),
        capacity=look.memory.capacity if started else max(look.memory.capacity, look.ready(look.stable)),
        exposed={pk: each for pk, each in look.memory.exposed.items() if pk in _ids(look)},
        started=tuple(pk for pk in look.memory.started if pk in _ids(look)),
    )
    return look.remembering(memory)


def _ids(look: Look) -> set[int]:
    return {each.id for each in look.releases}


def _keep(before: Mapping[str, datetime], present: set[str], now: datetime) -> dict[str, datetime]:
    return {item: before.get(item, now) for item in sorted(present)}


def _alone(look: Look) -> set[str]:
    # A pod that a slice names and nobody knows could be anyone's; one that stays may yet be named.
    pods = look.pods if look.seen.service is not None else ()
    present = look.endpoints.versions() | {version_of(pod) for pod in pods}
    versions = {*look.versions, *present} - {""}
    return {version for version in versions if present <= {version}}


def _identities(look: Look) -> set[str]:
    keys = [*(each.key for each in look.carriers), look.subsets_key]
    return {identity(key, look.find(key)) for key in keys} | (set() if look.carriers else {NO_ROUTES})
