"""Which exposures a person may go to from the one that a release has, beside moving its share."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.translation import gettext

from grayrelease.domain.plan import ALL, Audience, Exposure, Mirror
from grayrelease.views.shown import Shown

FIRST_CANARY = 50
"""What a canary after a mirror begins with, where the plan doesn't say: per mille."""


@dataclass(frozen=True)
class Move:
    """A move as the page offers it: whom it concerns, the share proposed, its words and its button."""

    who: str
    share: int
    label: str
    button: str


def moves(row: Shown) -> list[Move]:
    return list(_moves(row))


def _moves(row: Shown) -> Iterator[Move]:
    version = row.release.candidate
    if row.kind == "mirror":
        if row.brings:
            label = gettext("Of all visitors %(version)s gets") % {"version": version}
            yield Move("everyone", _next_share(row, FIRST_CANARY), label, gettext("Go on with a canary…"))
        mirror = row.wanted.mirror or _mirror(row)
        share = mirror.share if mirror else ALL
        yield Move("copies", share, gettext("Of the requests are copied"), gettext("Change copies…"))
        return
    if row.kind == "audience" and not _blue_green(row):
        label = gettext("Everyone: of all visitors %(version)s gets") % {"version": version}
        yield Move("everyone", _next_share(row, ALL), label, gettext("Bring to all visitors…"))
    elif _audience(row) and row.kind != "audience" and not _switched(row):
        label = gettext("Only the chosen requests: of these %(version)s gets") % {"version": version}
        button = gettext("Show to testers…") if _blue_green(row) else gettext("Bring to these alone…")
        yield Move("audience", ALL, label, button)
    if _mirror(row) and not row.wanted.mirror:
        yield Move(
            "copies", ALL, gettext("Nobody meets it; of the requests are copied"), gettext("Copy alone…")
        )


def _blue_green(row: Shown) -> bool:
    return row.release.mode == "blue-green"


def _switched(row: Shown) -> bool:
    """Say whether everyone is on the new version, from where the way back is the switch."""
    return _blue_green(row) and row.wanted.everyone == ALL


def _next_share(row: Shown, otherwise: int) -> int:
    """Return what the plan has for everyone after the present step."""
    later = row.plan.steps[row.release.step + 1 :]
    return next((step.exposure.everyone for step in later if step.exposure.everyone), otherwise)


def _audience(row: Shown) -> Audience | None:
    """Return the audience that is wanted now, or that the plan has somewhere."""
    found = (row.release.exposed, *(step.exposure for step in row.plan.steps))
    return next((each.audience for each in found if each.audience), None)


def _mirror(row: Shown) -> Mirror | None:
    found = (row.release.exposed, *(step.exposure for step in row.plan.steps))
    return next((each.mirror for each in found if each.mirror), None)


def exposure_of(row: Shown, who: str, share: int) -> Exposure | None:
    """Return the exposure that a person means; None where the plan knows nothing of it."""
    sticky = any(step.exposure.sticky for step in row.plan.steps)
    if who == "copies":
        mirror = _mirror(row)
        return Exposure(mirror=mirror.model_copy(update={"share": share})) if mirror else None
    if not row.brings:
        return None
    if who == "everyone":
        return Exposure(share=share, sticky=sticky)
    audience = _audience(row)
    return Exposure(share=share, audience=audience, sticky=sticky) if audience else None
