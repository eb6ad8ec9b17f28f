"""Bringing a version again whose workload stands at 0 pods: given up, or taken offline at a finish."""

from __future__ import annotations

from copy import deepcopy

from grayrelease.domain import marks
from grayrelease.domain.holders import holder
from grayrelease.domain.plan import Manifest
from grayrelease.domain.state import Reason


def ours(workload: Manifest, installation: str) -> bool:
    """Tell if this installation wrote a workload last: made it, or scaled it."""
    owner = marks.owner(workload)
    return owner is not None and owner.installation == installation


def left(workload: Manifest) -> bool:
    """Tell if a workload is at 0 pods as an installation of this product left it."""
    empty = (workload.get("spec") or {}).get("replicas", 1) == 0
    return empty and marks.owner(workload) is not None and not marks.edited(workload)


def stands(workload: Manifest, installation: str) -> bool:
    """Tell if a workload is at 0 pods as we left it, so that it may be brought again."""
    return left(workload) and ours(workload, installation)


def why_not(workload: Manifest, installation: str, wanted: Manifest) -> Reason | None:
    """Return why a version can't be brought under the name of a workload that is there; None if it can."""
    facts: dict[str, str | int] = {"workload": marks.name(workload)}
    if not stands(workload, installation):
        return Reason("workload-taken", facts)
    if by := holder(workload):
        return Reason("workload-held", {**facts, "holder": by})
    if workload["spec"].get("selector") != wanted["spec"]["selector"]:
        return Reason("workload-selects", facts)
    return None


def brought(workload: Manifest, wanted: Manifest) -> Manifest:
    """Return a workload that is there with what is wanted of it: its own uid and notes, the other's spec."""
    copy: Manifest = deepcopy(workload)
    copy["spec"] = deepcopy(wanted["spec"])
    copy["metadata"]["labels"] = {**marks.labels(workload), **marks.labels(wanted)}
    return copy
