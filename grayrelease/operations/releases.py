"""What a person does with a release that is under way."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.contrib.auth.models import User

from grayrelease import tasks
from grayrelease.domain import conditions, stand
from grayrelease.domain.plan import ALL, NOBODY, Exposure
from grayrelease.domain.stand import Other
from grayrelease.domain.state import Goal, Reason
from grayrelease.models import Release, columns
from grayrelease.operations import callers, people, sayable
from grayrelease.operations.deed import Change, Deed, carry
from grayrelease.operations.errors import Refused
from grayrelease.reconcile import reconcile


def set_share(user: User, release: Release, share: int, generation: int) -> Deed:
    """Set the candidate's share, per mille: of everyone, or of the audience that it has at present.

    `generation` as the page was drawn with. Raises Forbidden, NotFound, Moved, Refused, Busy; so do the
    others here.
    """
    refusal = _refusal(user, release, _share(release, share))
    change = Change("set-share", "share", lambda row: _exposed(row, _share(row, share)), refusal)
    return _deed(user, release, change, generation)


def set_exposure(user: User, release: Release, exposure: Exposure, generation: int) -> Deed:
    """Set the whole exposure: share, audience, mirror, sticky. Refused where its conditions can't be said."""
    wrong = conditions.check(exposure.audience) if exposure.audience else []
    if wrong:
        raise Refused(*(each.reason for each in wrong))

    # A share, and copies to a candidate, need one.
    to_candidate = exposure.share or (exposure.mirror and exposure.mirror.to is None)
    if to_candidate and not release.candidate:
        raise Refused(Reason("no-candidate"))
    refusal = _refusal(user, release, exposure)
    change = Change("set-exposure", "exposure", lambda row: _exposed(row, exposure), refusal)
    return _deed(user, release, change, generation)


def carry_on(user: User, release: Release, generation: int) -> Deed:
    """Go on to the plan's next step."""
    then = stand.next_step(release.intent().plan, release.stand)
    refusal = _refusal(user, release, then.exposure if then else NOBODY)
    return _deed(user, release, Change("continue", "continue", _next, refusal), generation)


def pause(user: User, release: Release, generation: int) -> Deed:
    """Let no step follow by itself."""
    return _deed(user, release, Change("pause", "pause", lambda row: {"paused": True}), generation)


def resume(user: User, release: Release, generation: int) -> Deed:
    """Let steps follow by themselves again."""
    return _deed(user, release, Change("resume", "resume", lambda row: {"paused": False}), generation)


def take_over(user: User, release: Release, version: str, generation: int) -> Deed:
    """Give one version, new or old, all traffic; both keep running. Refused beside others' exposure."""

    def fields(row: Release) -> dict[str, Any]:
        exposure = Exposure(share=ALL) if version == row.candidate else NOBODY
        return {**_exposed(row, exposure), "goal": Goal.TAKE_OVER, "winner": version}

    return _deed(user, release, Change("take-over", "take-over", fields, _no_room), generation)


def finish(
    user: User, release: Release, generation: int, *, delete_loser: bool = False, scale_held: bool = False
) -> Deed:
    """Let the losing version's workload go, and give the routes back.

    delete_loser: delete a workload that isn't ours too; else it is scaled to 0, but for one that a tool
    keeps: that is left until somebody takes it out there. scale_held: scale that too.
    """
    fields = {"goal": Goal.FINISH, "delete_loser": delete_loser, "scale_held": scale_held}
    return _deed(user, release, Change("finish", "finish", lambda row: fields), generation)


def abandon(user: User, release: Release, generation: int, *, keep_both: bool) -> Deed:
    """Give the release up: the candidate gets nothing more.

    keep_both: both versions run on and the routes stay pinned; else the candidate goes to 0 replicas.
    """

    def fields(row: Release) -> dict[str, Any]:
        gone = {"goal": Goal.ABANDON, "winner": row.stable, "keep_both": keep_both}
        return {**_exposed(row, NOBODY), **gone}

    return _deed(user, release, Change("abandon", "abandon", fields), generation)


def vouch(user: User, release: Release, named: Iterable[str], generation: int) -> Deed:
    """Say of callers that they hand visitors' cookies on, both ways; for a sticky release."""
    change = Change("vouch", "vouch", lambda row: {"vouched": sorted({*row.vouched, *named})})
    return _deed(user, release, change, generation)


def agree(user: User, release: Release, base: str, generation: int) -> Deed:
    """Let a release start with the routes as they are now. Refused where they have changed once more.

    base: the hash of the routes that the person was shown.
    """

    def refusal(row: Release, fields: Mapping[str, Any]) -> Reason | None:
        return None if base == row.asks else Reason("base-moved", {"service": row.target.service})

    change = Change("agree", "agree", lambda row: {"base": base}, refusal)
    return _deed(user, release, change, generation)


def reapply(user: User, release: Release, generation: int) -> Deed:
    """Write again what this release wants, over what others have edited in its routes."""
    return _deed(user, release, Change("reapply", "reapply", lambda row: {}), generation)


def roll_back(user: User, release: Release) -> Deed:
    """Let the stable version take over, now, whatever others did meanwhile.

    Where no worker can be told, it runs here, within the cluster's timeouts.
    """

    def fields(row: Release) -> dict[str, Any]:
        return {**_exposed(row, NOBODY), "goal": Goal.ROLL_BACK, "winner": row.stable}

    changed, event = carry(user, release.pk, Change("roll-back", "roll-back", fields), None)
    rung = tasks.ring(tasks.roll_back, changed.target_id)
    if not rung:
        reconcile(changed.target_id, rolling_back=True)
    return Deed(changed, changed.target.generation, event, rung)


def _share(row: Release, share: int) -> Exposure:
    """Return the exposure that a row has, with another share; an ended take over left everyone's."""
    return row.exposed.model_copy(update={"share": share})


def _exposed(row: Release, exposure: Exposure) -> dict[str, Any]:
    """Return the columns of a row that gets an exposure by a person's deed."""
    moved = stand.moved(row.intent().plan, row.stand, exposure)
    return {**columns(moved), "goal": Goal.RUN, "winner": "", "held": None}


def _next(row: Release) -> dict[str, Any]:
    following = stand.next_step(row.intent().plan, row.stand)
    if following is None:
        raise Refused(Reason("no-more-steps"))
    return {**columns(following), "goal": Goal.RUN, "winner": "", "held": None}


def _refusal(
    user: User, release: Release, wanted: Exposure
) -> Callable[[Release, Mapping[str, Any]], Reason | None]:
    """Ask what must be known of the world outside, before a row is locked; return what then refuses."""
    people.check_doer(user, release.target.project)
    draws = stand.draws_more(release.exposed, wanted)
    calling = callers.of_target(release.target) if draws else None
    unsayable = sayable.why_not(release, wanted)

    def refusal(row: Release, fields: Mapping[str, Any]) -> Reason | None:
        unhanded = callers.not_handed(row, wanted, calling) if draws else None
        return _no_room(row, fields) or unhanded or unsayable

    return refusal


def _no_room(row: Release, fields: Mapping[str, Any]) -> Reason | None:
    wanted = Exposure.model_validate_json(fields["exposure"])
    live = row.target.releases.live().exclude(pk=row.pk).order_by("id")
    return stand.no_room(wanted, [Other(each.name, each.intent().wanted) for each in live])


def _deed(user: User, release: Release, change: Change, generation: int) -> Deed:
    changed, event = carry(user, release.pk, change, generation)
    rung = event is None or tasks.ring(tasks.reconcile, changed.target_id)
    return Deed(changed, changed.target.generation, event, rung)
