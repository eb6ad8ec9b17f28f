"""What a target's releases have in the cluster: objects with our marks, and how to clean up by hand."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal

from grayrelease.domain import istio, marks
from grayrelease.domain.look import Look
from grayrelease.domain.plan import Manifest
from grayrelease.domain.routing.copies import COPY
from grayrelease.domain.routing.notes import services
from grayrelease.domain.routing.subsets import ADDED, OURS
from grayrelease.domain.state import Key

RESOURCES = {
    "VirtualService": "virtualservices.networking.istio.io",
    "DestinationRule": "destinationrules.networking.istio.io",
    "Deployment": "deployments.apps",
}
"""What kubectl calls them, in the order in which they are cleaned up: routes first."""


@dataclass(frozen=True)
class Remains:
    """One object: whether all of it is ours or only marks in it, and the commands that clean it up."""

    kind: str
    name: str
    what: Literal["all", "marks"]
    commands: tuple[str, ...]


def remains(look: Look, workloads: Collection[str], *, routes: bool) -> list[Remains]:
    """Return what is left: of these Deployments those that we made; and our marks in route objects."""
    here, ours = look.intent.namespace, look.intent.installation
    found = [(each.key, each.manifest) for each in look.carriers if each.ours]
    if (rule := look.subsets) is not None and (ADDED in marks.notes(rule) or marks.made_by(rule, ours)):
        found.append((look.subsets_key, rule))
    brought = [Key("Deployment", name) for name in sorted(workloads)]
    there = [(key, each) for key in brought if (each := look.find(key)) is not None]
    mine = [(key, each) for key, each in there if marks.made_by(each, ours)]
    return [_remains(key, each, here, ours) for key, each in [*(found if routes else []), *mine]]


def written(objects: Mapping[str, bool], namespace: str) -> list[Remains]:
    """Return the same where the cluster can't be asked, from what was written: Kind/name → we made it."""
    order = list(RESOURCES)
    keys = sorted(
        (each.partition("/")[::2] for each in objects), key=lambda each: (order.index(each[0]), each)
    )
    return [
        Remains(kind, name, "all", _delete(kind, name, namespace))
        if objects[f"{kind}/{name}"]
        else Remains(kind, name, "marks", _edit(kind, name, namespace, (marks.OWNER, marks.HASH, marks.OP)))
        for kind, name in keys
    ]


def _remains(key: Key, found: Manifest, namespace: str, installation: str) -> Remains:
    made = key.kind == "Deployment" or istio.made_for_routes(found)
    if made and marks.made_by(found, installation):
        return Remains(key.kind, key.name, "all", _delete(key.kind, key.name, namespace))
    notes = [note for note in sorted(marks.notes(found)) if note.startswith(marks.PREFIX)]
    # Where other services' releases are in it too, the marks are theirs as well.
    own = notes if len(services(found)) < 2 else []
    return Remains(key.kind, key.name, "marks", _edit(key.kind, key.name, namespace, own))


def _delete(kind: str, name: str, namespace: str) -> tuple[str, ...]:
    return (f"kubectl -n {namespace} delete {RESOURCES[kind]} {name}",)


def _edit(kind: str, name: str, namespace: str, notes: Collection[str]) -> tuple[str, ...]:
    ours = f"{COPY}… {OURS}…" if kind == "VirtualService" else f"{OURS}…"
    edits = f"kubectl -n {namespace} edit {RESOURCES[kind]} {name}  # {ours}"
    goes = " ".join(f"{note}-" for note in notes)
    return (edits, f"kubectl -n {namespace} annotate {RESOURCES[kind]} {name} {goes}") if goes else (edits,)
