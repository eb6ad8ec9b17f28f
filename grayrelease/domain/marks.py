"""Our marks on objects: who wrote it last, who made it, and what its spec was when we wrote it."""

from __future__ import annotations

import hashlib
import json
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from grayrelease.domain.plan import Manifest

OWNER = "grayrelease/owner"
"""<installation>/<target generation> of the last write."""
MADE_BY = "grayrelease/made-by"
"""<installation> that created the object: the only one that may delete it unasked."""
HASH = "grayrelease/hash"
"""Of the spec as we wrote it: differs once somebody else has changed it."""
OP = "grayrelease/op"
"""The write's id; put in where the write is made, never by the domain."""
PREFIX = "grayrelease/"
MANAGER = "grayrelease"
"""The field manager of our writes."""
_canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode


@dataclass(frozen=True)
class Owner:
    """Who wrote an object last, and for which generation of the target."""

    installation: str
    generation: int


def notes(manifest: Manifest) -> dict[str, str]:
    """Return an object's annotations; never None."""
    return manifest.get("metadata", {}).get("annotations") or {}


def labels(manifest: Manifest) -> dict[str, str]:
    """Return an object's labels; never None."""
    return manifest.get("metadata", {}).get("labels") or {}


def name(manifest: Manifest) -> str:
    """Return an object's name."""
    return str(manifest.get("metadata", {}).get("name", ""))


def owner(manifest: Manifest) -> Owner | None:
    """Read the owner's mark; None if there is none or it can't be read."""
    installation, _, generation = notes(manifest).get(OWNER, "").rpartition("/")
    if not installation or not generation.isdecimal():
        return None
    return Owner(installation, int(generation))


def made_by(manifest: Manifest, installation: str) -> bool:
    """Tell if this installation created the object, and nobody took it over."""
    mine = owner(manifest)
    return bool(
        mine is not None
        and mine.installation == installation
        and notes(manifest).get(MADE_BY) == installation
    )


def digest(spec: Any) -> str:
    """Return the hash of a spec: 16 hexadecimal digits."""
    return hashlib.sha256(_canonical(spec).encode()).hexdigest()[:16]


def edited(manifest: Manifest) -> bool:
    """Tell if the spec isn't what the last writer of ours wrote."""
    return notes(manifest).get(HASH) != digest(manifest.get("spec"))


def marked(manifest: Manifest, installation: str, generation: int, *, made: bool) -> Manifest:
    """Return a copy with our marks: as the creator's (`made`), else as they are plus the owner's."""
    copy: Manifest = deepcopy(manifest)
    metadata = copy.setdefault("metadata", {})
    marks = dict(metadata.get("annotations") or {})
    marks.pop(OP, None)
    marks[OWNER] = f"{installation}/{generation}"
    marks[HASH] = digest(copy.get("spec"))
    if made:
        marks[MADE_BY] = installation
    metadata["annotations"] = marks
    return copy


def last_editor(manifest: Manifest) -> str:
    """Return the other field manager that wrote last; "" where the cluster names none."""
    return _last_edit(manifest)[0]


def edited_at(manifest: Manifest) -> str:
    """Return when that was, as the API server gave it; "" where it isn't said."""
    return _last_edit(manifest)[1]


def _last_edit(manifest: Manifest) -> tuple[str, str]:
    # Times are whole seconds: a controller that answers at once has that of our own write.
    entries = manifest.get("metadata", {}).get("managedFields") or []
    others = [each for each in entries if not each.get("subresource") and each.get("manager") != MANAGER]
    newest: dict[str, str] = max(others, key=lambda entry: str(entry.get("time", "")), default={})
    return str(newest.get("manager", "")), str(newest.get("time", ""))


def unmarked(manifest: Manifest) -> Manifest:
    """Return a copy without any mark of ours, and without the map of annotations if it's left empty."""
    copy: Manifest = deepcopy(manifest)
    kept = {key: text for key, text in notes(copy).items() if not key.startswith(PREFIX)}
    copy["metadata"].pop("annotations", None)
    if kept:
        copy["metadata"]["annotations"] = kept
    return copy
