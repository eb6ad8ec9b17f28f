"""What becomes of the version that goes: whose its workload is, and who keeps it."""

from __future__ import annotations

from typing import Any

from grayrelease.domain.state import Phase
from grayrelease.models import Application, Event, Inventory, Release
from grayrelease.views.running import seen
from grayrelease.views.shown import Shown


def losing(row: Shown, loser: str) -> dict[str, Any]:
    """Return the workload that goes, whether a release or the sample made it, and who keeps it."""
    plan = row.plan
    if loser in ("", plan.candidate.version):
        workload = plan.candidate.workload
        return {"workload": workload, "ours": _made(row, workload), **_kept(row, workload)}
    workload = row.target.stable_workload or plan.stable.workload
    made = Release.objects.filter(target=row.target, candidate=loser, phase=Phase.FINISHED)
    deployed = {"kind": "Deployment", "metadata": {"name": workload}}
    sample = Application.objects.filter(project=row.target.project, manifests__contains=[deployed])
    of = {"ours": made.exists(), "sample": sample.exists()}
    return {"workload": workload, **of, **_kept(row, workload)}


def _made(row: Shown, workload: str) -> bool:
    """Tell if a candidate's workload was made by a release; brought again, it may be a user's."""
    inventory = Inventory.objects.filter(project=row.target.project).first()
    there = inventory.data.get("workloads", []) if inventory else []
    return all(each.get("made", True) for each in there if each["name"] == workload)


def left_by(row: Shown) -> list[dict[str, Any]]:
    """Return what a forgotten release left in the cluster, as it was recorded then."""
    if row.phase != Phase.FORGOTTEN:
        return []
    event = Event.objects.filter(release=row.release, kind="forget").order_by("-id").first()
    return list(event.data.get("left", [])) if event else []


def _kept(row: Shown, workload: str) -> dict[str, Any]:
    """Return the tool that keeps a workload and of what it is a part, as the last look had it."""
    inventory = Inventory.objects.filter(project=row.target.project).first()
    found = seen(row.target, inventory).workload(workload) or {}
    tool, part = found.get("kept") or ("", "")
    comes_back = bool(row.waits and row.waits[0] == "loser-comes-back")
    return {"holder": tool, "part": part, "comes_back": comes_back}
