from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pytest

from grayrelease.domain.graph import Copied, graph, lanes
from grayrelease.domain.plan import Audience, Condition, Elsewhere, Exposure, Group, Mirror
from grayrelease.domain.routes import Exposing, compose
from tests.domain.conftest import Golden

JASON = Audience(groups=(Group(conditions=(Condition(on="cookie", name="user", values=("jason",)),)),))
OUTSIDE = Elsewhere(host="ledger.example.com", port=443)
CASES: dict[str, list[Exposing]] = {
    "nobody": [Exposing(1, "v2", Exposure())],
    "share": [Exposing(1, "v2", Exposure(share=200))],
    "all": [Exposing(1, "v2", Exposure(share=1000))],
    "audience": [Exposing(1, "v2", Exposure(share=1000, audience=JASON))],
    "two": [
        Exposing(1, "v2", Exposure(share=800)),
        Exposing(2, "v3", Exposure(share=200, audience=JASON)),
    ],
    "mirror": [Exposing(1, "v2", Exposure(mirror=Mirror(share=500)))],
    "reads": [
        Exposing(1, "v2", Exposure(share=500, audience=JASON)),
        Exposing(2, "", Exposure(mirror=Mirror(share=1000, to=OUTSIDE, get_only=True))),
    ],
    "sticky": [Exposing(1, "v2", Exposure(share=300, sticky=True), drawn=(100, 300))],
}


@pytest.mark.parametrize("case", CASES)
def test_it_is_drawn_as_it_was(case: str, golden: Golden) -> None:
    releases = CASES[case]
    names = [each.version for each in releases if each.version]
    drawn = graph(compose("v1", releases), "v1", names, names[0])
    golden(f"graph-{case}", _plain(asdict(drawn)))


def _plain(value: Any) -> Any:
    """Return what JSON can hold; groups are the audience's own."""
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value.model_dump(exclude_defaults=True, mode="json") if isinstance(value, Group) else value


@pytest.mark.parametrize("narrow", [False, True])
@pytest.mark.parametrize("case", CASES)
def test_nothing_is_drawn_past_its_edges_or_over_another_box(case: str, narrow: bool) -> None:
    releases = CASES[case]
    drawn = graph(compose("v1", releases), "v1", ["v2"], "v2", narrow=narrow)
    ends = [end.box for end in drawn.ends]
    boxes = [*([drawn.entrance] if drawn.entrance else []), *drawn.boxes, *ends]
    assert drawn.width <= (345 if narrow else 525)
    for box in boxes:
        assert 0 <= box.x <= box.x + box.width <= drawn.width
        assert 0 <= box.y <= box.y + box.height <= drawn.height
    for column in {box.x for box in boxes}:
        inside = sorted((box for box in boxes if box.x == column), key=lambda box: box.y)
        for above, below in zip(inside, inside[1:], strict=False):
            assert above.y + above.height < below.y


def test_who_was_drawn_before_is_no_lane_of_its_own() -> None:
    found = lanes(compose("v1", CASES["sticky"]))
    assert [(lane.release, lane.parts, lane.sticky) for lane in found] == [
        (None, (("v1", 700), ("v2", 300)), True)
    ]


def test_what_copies_reads_alone_is_one_lane_with_what_it_stands_before() -> None:
    first, default = lanes(compose("v1", CASES["reads"]))
    copied = Copied("ledger.example.com:443", 1000, reads=True)
    assert (first.release, first.copies) == (1, (copied,))
    assert (default.release, default.copies) == (None, (copied,))


def test_a_sticky_audience_with_copies_is_one_lane() -> None:
    sticky = Exposure(share=500, audience=JASON, sticky=True)
    copies = Exposure(mirror=Mirror(share=1000, to=OUTSIDE, get_only=True))
    found = lanes(compose("v1", [Exposing(7, "v2", sticky, (500,)), Exposing(9, "", copies)]))
    assert [(lane.release, lane.sticky, len(lane.copies)) for lane in found] == [
        (7, True, 1),
        (None, False, 1),
    ]


def test_a_candidate_that_nobody_meets_has_a_box_and_no_line() -> None:
    drawn = graph(compose("v1", CASES["nobody"]), "v1", ["v2"], "v2")
    assert [(end.name, end.role) for end in drawn.ends] == [("v2", "candidate"), ("v1", "stable")]
    assert [line.role for line in drawn.lines] == ["stable"]


def test_another_releases_candidate_has_a_colour_of_its_own() -> None:
    drawn = graph(compose("v1", CASES["two"]), "v1", ["v2", "v3"], "v3")
    assert {end.name: end.role for end in drawn.ends} == {"v2": "third", "v3": "candidate", "v1": "stable"}
    assert all(line.share is None for line in drawn.lines)
