"""What a release's page says: what visitors get now, and what comes next by itself or from a person."""

from __future__ import annotations

from grayrelease.domain import again, leaving, marks
from grayrelease.domain.falling import HELD, held_now
from grayrelease.domain.finish import loser_of, winner_of
from grayrelease.domain.one import One
from grayrelease.domain.plan import ALL, Exposure, Mirror
from grayrelease.domain.state import Goal, Phase, Reason
from grayrelease.domain.steps import Following

Facts = dict[str, str | int]


def now_is(one: One, phase: Phase) -> Reason:
    """Return what visitors get now."""
    if phase == Phase.RUNNING:
        return _running_now(one)
    candidate, stable = one.candidate, one.look.stable
    winner, loser = (
        (winner_of(one), loser_of(one)) if one.goal in (Goal.FINISH, Goal.ABANDON) else _leads(one)
    )
    facts: dict[Phase, Facts] = {
        Phase.PREPARING: {"version": candidate, "stable": stable},
        Phase.TAKEN_OVER: {"version": winner, "other": loser},
        Phase.ROLLING_BACK: {"version": candidate, "stable": stable, "share": _share(one)},
        Phase.ROLLED_BACK: {"version": candidate, "stable": stable},
        Phase.FINISHING: {"version": winner, "loser": loser},
        Phase.FINISHED: {"version": winner, "loser": loser},
        Phase.ABANDONING: {"version": candidate, "stable": stable},
        Phase.ABANDONED: {"version": candidate, "stable": stable},
    }
    return Reason(str(phase), facts[phase])


def _share(one: One) -> int:
    return one.most.exposure.share


def _running_now(one: One) -> Reason:
    release, present = one.release, one.most.exposure
    if release.held is not None:
        return held_now(one, release.held)
    stable = one.look.stable
    staying = " / ".join([stable, *_met_by_others(one)])
    facts: Facts = {"version": one.candidate, "stable": staying, "share": present.share}
    if present.mirror is not None and not present.share:
        copies = _copies(one, present.mirror)
        return Reason("mirroring" + _reads(present.mirror), {**copies, "stable": stable})
    if release.paused:
        return Reason("paused", facts)
    return Reason("running-audience" if present.audience and present.share else "running", facts)


def _met_by_others(one: One) -> list[str]:
    """Return the versions that visitors meet by other releases, oldest first."""
    others = (One(one.look, each) for each in one.others)
    return [each.candidate for each in others if each.brings and each.most.exposure.share]


def _reads(mirror: Mirror) -> str:
    return "-reads" if mirror.get_only else ""


def _copies(one: One, mirror: Mirror) -> Facts:
    return {"to": mirror.to.host if mirror.to else one.candidate, "share": mirror.share}


def _leads(one: One) -> tuple[str, str]:
    both = (one.candidate, one.look.stable)
    return both if one.wanted.exposure.everyone == ALL else both[::-1]


def base_changed(one: One) -> Reason:
    """Return why a release asks before it starts; `base` names the routes that it asks about."""
    return Reason("base-changed", {"service": one.look.service, "base": one.look.base_digest})


def says_next(one: One, phase: Phase, awaited: bool, then: Following | None) -> Reason | None:
    """Return what comes next; None once it's over."""
    if one.asks:
        return Reason("person-agrees", {"service": one.look.service})
    if phase == Phase.PREPARING:
        return _preparing(one)
    if phase == Phase.RUNNING and not awaited and one.release.held and one.release.held.code in HELD:
        return Reason("person-raises", {"version": one.candidate})
    if phase in (Phase.RUNNING, Phase.TAKEN_OVER) and not awaited and then is not None:
        return _step(one, then)
    if phase == Phase.RUNNING:
        return _running(one, awaited)
    if phase == Phase.FINISHING:
        return _finishing(one)
    if phase == Phase.ABANDONING:
        return _abandoning(one)
    if phase in (Phase.FINISHED, Phase.ABANDONED):
        return None
    return Reason("person-finishes", {"loser": _leads(one)[1]})


def _preparing(one: One) -> Reason:
    if not one.look.pinned:
        return Reason("will-pin", {"stable": one.look.stable})
    found = one.look.find(one.workload) if one.brings else None
    if one.brings and found is None:
        return Reason("will-create", {"workload": one.workload.name})
    if found is not None and again.stands(found, one.look.intent.installation):
        return Reason("will-bring-again", {"workload": one.workload.name})
    return _will(one, one.wanted.exposure)


def _will(one: One, exposure: Exposure) -> Reason:
    if exposure.mirror is not None and not exposure.share:
        return Reason("will-mirror" + _reads(exposure.mirror), _copies(one, exposure.mirror))
    code = "will-expose-audience" if exposure.audience and exposure.share else "will-expose"
    return Reason(code, {"version": one.candidate, "share": exposure.share})


def _step(one: One, then: Following) -> Reason:
    facts: Facts = {"version": one.candidate, "share": then.exposure.share}
    if then.at is not None:
        return Reason("step-due", {**facts, "at": round(then.at.timestamp())})
    return Reason("person-resumes" if one.release.paused else "person-continues", facts)


def _running(one: One, awaited: bool) -> Reason:
    if not awaited:
        return Reason("person-moves", {"version": one.candidate}) if one.brings else Reason("person-ends")
    if one.goal == Goal.TAKE_OVER or one.wanted.exposure.everyone == ALL:
        return Reason("will-take-over", {"version": _leads(one)[0]})
    return _will(one, one.wanted.exposure)


def _finishing(one: One) -> Reason:
    look, loser = one.look, loser_of(one)
    key = look.workload_key(loser)
    workload = look.find(key) if loser else None
    if not look.runs(loser) or workload is None:
        return Reason("will-give-back", {"service": look.service})
    if left := leaving.left_to(one, workload):
        return left
    ours = marks.made_by(workload, look.intent.installation) and not leaving.scaled_at_most(one, workload)
    deleted = ours or one.release.delete_loser
    return Reason("will-remove" if deleted else "will-scale-down", {"workload": key.name})


def _abandoning(one: One) -> Reason:
    service: Facts = {"service": one.look.service}
    if one.release.keep_both:
        return Reason("will-stay-pinned", service)
    if one.brings and one.look.runs(one.candidate):
        workload = one.look.find(one.workload)
        if workload and (left := leaving.left_to(one, workload)):
            return left
        return Reason("will-scale-down", {"workload": one.workload.name})
    return Reason("will-give-back", service)
