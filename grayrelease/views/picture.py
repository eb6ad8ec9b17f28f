"""The route picture: who goes where, as a small diagram and as a list in plain words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from unicodedata import east_asian_width

from django.utils.html import format_html, format_html_join, strip_tags
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from grayrelease import meets
from grayrelease.domain.graph import Box, Graph, Lane, graph
from grayrelease.domain.plan import ALL, Audience, Exposure
from grayrelease.domain.routes import Exposing, compose
from grayrelease.views.shown import Shown

LONGEST = 26
"""Places that a box of the diagram has for its text; a Chinese sign takes two."""


@dataclass(frozen=True)
class Said:
    """A lane in words: a title and its shares in short for its box, and the sentence for the list."""

    title: str
    shares: str
    sentence: SafeString
    release: Shown | None
    box: Box | None


@dataclass(frozen=True)
class Picture:
    graph: Graph
    lanes: tuple[Said, ...]

    @property
    def label(self) -> str:
        """Say all of it for who can't see the diagram."""
        return " ".join(strip_tags(str(lane.sentence)) for lane in self.lanes)


def of_rows(row: Shown) -> Picture | None:
    """Draw what the routes of a release's target do now; None where they are on their way."""
    if row.over:
        return None
    rows = sorted([row, *row.others], key=lambda each: each.release.pk)
    known = [_exposing(each, each.present) for each in rows if each.present is not None]
    named = {each.release.pk: each for each in row.others}
    return draw(row.target.stable, known, row.release.candidate, named) if len(known) == len(rows) else None


def _exposing(row: Shown, exposure: Exposure) -> Exposing:
    return Exposing(row.release.pk, row.release.candidate, exposure, (exposure.share,))


def draw(
    stable: str,
    releases: Sequence[Exposing],
    candidate: str,
    others: Mapping[int, Shown] | None = None,
    *,
    narrow: bool = False,
) -> Picture | None:
    """Draw exposures; None where all of them together can't be. `others`: releases that are named as such."""
    try:
        table = compose(stable, releases)
    except ValueError:
        return None
    versions = [each.version for each in releases if each.version]
    drawn = graph(table, stable, versions, candidate, narrow=narrow)
    boxes: Iterable[Box | None] = drawn.boxes or [None]
    lanes = [
        _said(lane, box, others or {}, alone=len(drawn.lanes) == 1)
        for lane, box in zip(drawn.lanes, boxes, strict=True)
    ]
    return Picture(drawn, tuple(lanes))


def of_exposure(stable: str, candidate: str, exposure: Exposure, *, narrow: bool = False) -> Picture | None:
    """Draw one exposure, as a draft would make it."""
    return draw(stable, [Exposing(0, candidate, exposure, (exposure.share,))], candidate, narrow=narrow)


def _said(lane: Lane, box: Box | None, others: Mapping[int, Shown], *, alone: bool) -> Said:
    release = others.get(lane.release) if lane.release is not None else None
    return Said(
        title=_clipped(_title(lane)),
        shares=_clipped(_shares(lane)),
        sentence=_sentence(lane, alone=alone),
        release=release,
        box=box,
    )


def _title(lane: Lane) -> str:
    if not lane.groups:
        return gettext("Everyone else")
    first = strip_tags(meets.group(lane.groups[0]))
    return first if len(lane.groups) == 1 else gettext("%(first)s, or …") % {"first": first}


def _shares(lane: Lane) -> str:
    parts = [f"{meets.percent(share)} {version}" for version, share in lane.parts if share < ALL]
    parts = parts or [lane.parts[0][0]]
    parts += [gettext("copy to %(to)s") % {"to": copied.to} for copied in lane.copies]
    return ", ".join(parts)


def _sentence(lane: Lane, *, alone: bool) -> SafeString:
    colon = gettext("%(who)s: %(to)s.").replace("%(who)s", "{}").replace("%(to)s", "{}")
    said = [format_html(colon, _who(lane, alone=alone), _listed(lane))]
    for copied in lane.copies:
        text = (
            gettext("Copies of %(share)s of their GET and HEAD requests go to %(to)s.")
            if copied.reads
            else gettext("Copies of %(share)s of their requests go to %(to)s.")
        )
        said.append(format_html("{}", text % {"share": meets.percent(copied.share), "to": copied.to}))
    if lane.sticky:
        said.append(format_html("{}", gettext("A visitor stays with the version that they were given.")))
    return format_html_join(" ", "{}", ((each,) for each in said))


def _who(lane: Lane, *, alone: bool) -> SafeString:
    if lane.groups:
        before, _, after = gettext("Requests %(who)s").partition("%(who)s")
        return format_html("{}{}{}", before, meets.audience(Audience(groups=lane.groups)), after)
    return format_html("<b>{}</b>", gettext("All visitors") if alone else gettext("Everyone else"))


def _listed(lane: Lane) -> SafeString:
    """Say `20 % to v2, 80 % to v1`, or the version alone where all go there."""
    if len(lane.parts) == 1:
        return format_html("<b>{}</b>", lane.parts[0][0])
    parts = ((meets.percent(share), version) for version, share in lane.parts)
    return format_html_join(", ", "{} <b>{}</b>", parts)


def _clipped(text: str) -> str:
    """Cut a text to what a box has room for."""
    room = LONGEST
    for at, letter in enumerate(text):
        room -= 2 if east_asian_width(letter) in "WF" else 1
        if room < 0:
            return text[: at - 1] + "…"
    return text
