"""What a person does with a release that is under way."""

from __future__ import annotations

from django.contrib.auth.models import User

from grayrelease import tasks
from grayrelease.domain.plan import ALL
from grayrelease.domain.state import Goal
from grayrelease.models import Release
from grayrelease.operations.deed import Change, Deed, carry
from grayrelease.reconcile import reconcile


def set_share(user: User, release: Release, share: int, generation: int) -> Deed:
    """Give the candidate `share` per mille of everyone's traffic; `generation` as the page was drawn with.

    Raises Forbidden, NotFound, Moved, Refused, Busy; so do the others here.
    """
    change = Change("set-share", "share", {"goal": Goal.RUN, "share": share, "winner": ""})
    return _deed(user, release, change, generation)


def take_over(user: User, release: Release, version: str, generation: int) -> Deed:
    """Give one version, new or old, all traffic; both keep running."""
    share = ALL if version == release.candidate else 0
    change = Change("take-over", "take-over", {"goal": Goal.TAKE_OVER, "share": share, "winner": version})
    return _deed(user, release, change, generation)


def finish(user: User, release: Release, generation: int, *, delete_loser: bool = False) -> Deed:
    """Let the losing version's workload go, and give the routes back.

    delete_loser: delete a workload that isn't ours too; else it is scaled to 0.
    """
    change = Change("finish", "finish", {"goal": Goal.FINISH, "delete_loser": delete_loser})
    return _deed(user, release, change, generation)


def roll_back(user: User, release: Release) -> Deed:
    """Let the stable version take over, now, whatever others did meanwhile.

    Where no worker can be told, it runs here, within the cluster's timeouts.
    """
    change = Change("roll-back", "roll-back", {"goal": Goal.ROLL_BACK, "share": 0, "winner": release.stable})
    changed, event = carry(user, release.pk, change, None)
    rung = tasks.ring(tasks.roll_back, changed.target_id)
    if not rung:
        reconcile(changed.target_id, rolling_back=True)
    return Deed(changed, changed.target.generation, event, rung)


def _deed(user: User, release: Release, change: Change, generation: int) -> Deed:
    changed, event = carry(user, release.pk, change, generation)
    rung = event is None or tasks.ring(tasks.reconcile, changed.target_id)
    return Deed(changed, changed.target.generation, event, rung)
