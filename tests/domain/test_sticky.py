"""Sticky shares, exactly: whatever shares follow each other, and whoever comes when.

A visitor's state is the cookie that they have and the version that they met last, each with its probability;
every visit walks the route table as a proxy does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from grayrelease.domain import stand
from grayrelease.domain.plan import ALL, NOBODY, Audience, Condition, Exposure, Group, Plan, Step
from grayrelease.domain.routes import Exposing, Part, Rule, compose
from grayrelease.domain.stand import Stand
from tests.depth import tried
from tests.domain.manifests import plan

TESTERS = Audience(
    groups=(
        Group(conditions=(Condition(on="header", name="x-tester", how="present"),)),
        Group(conditions=(Condition(on="header", name="x-team", values=("qa",)),)),
    )
)


@dataclass(frozen=True)
class State:
    """A visitor's cookie, and what they met when it last counted."""

    cookie: str = ""
    met: str = ""


Crowd = Mapping[State, Fraction]
NEWCOMERS: Crowd = {State(): Fraction(1)}


def holds(condition: Condition, cookie: str, tester: bool) -> bool:
    if condition.on == "cookie":
        return cookie in [f"{condition.name}={value}" for value in condition.values]
    return tester


def met_rule(rules: Sequence[Rule], cookie: str, tester: bool) -> Rule:
    """Return the first rule that a request meets; the last concerns everyone."""

    def meets(rule: Rule) -> bool:
        groups = rule.groups or (Group(conditions=()),)
        return any(all(holds(each, cookie, tester) for each in group.conditions) for group in groups)

    return next(rule for rule in rules if meets(rule))


def visited(crowd: Crowd, rules: Sequence[Rule], tester: bool) -> Iterator[tuple[State, State, Fraction]]:
    """Yield what a visit makes of each state, with its probability."""
    for state, chance in crowd.items():
        parts = met_rule(rules, state.cookie, tester).parts
        total = sum(part.weight for part in parts)
        for part in parts:
            after = State(part.cookie or state.cookie, part.version)
            yield state, after, chance * Fraction(part.weight, total)


def gathered(moves: Sequence[tuple[State, State, Fraction]]) -> Crowd:
    result: dict[State, Fraction] = {}
    for _, after, chance in moves:
        result[after] = result.get(after, Fraction(0)) + chance
    return result


def share(moves: Sequence[tuple[State, State, Fraction]]) -> Fraction:
    return sum((chance for _, after, chance in moves if after.met == "v2"), Fraction(0))


def rules_of(where: Stand) -> tuple[Rule, ...]:
    exposure = where.exposure
    drawn = where.drawn if exposure.sticky else ()
    return compose("v1", [Exposing(7, "v2", exposure, drawn)] if exposure.meets else []).rules


def plans(steps: Sequence[Exposure]) -> Plan:
    return plan().model_copy(update={"steps": tuple(Step(exposure=each) for each in steps)})


SHARES = st.sampled_from([1, 50, 200, 333, 500, 999, ALL]) | st.integers(1, ALL)
STICKY = st.builds(Exposure, share=SHARES, sticky=st.just(True))
AUDIENCES = st.builds(Exposure, share=SHARES, sticky=st.just(True), audience=st.just(TESTERS))
OTHERS = st.just(NOBODY) | st.builds(Exposure, share=SHARES)
STEPS = st.lists(st.tuples(STICKY | STICKY | AUDIENCES | OTHERS, st.integers(0, 3)), min_size=1, max_size=6)


def mine(exposure: Exposure, tester: bool) -> int:
    """Return the share of an exposure that is a visitor's own."""
    return exposure.share if tester or exposure.audience is None else 0


def deeds(steps: Sequence[Exposure]) -> Iterator[Stand]:
    """Yield where a release stands after each deed; half by the plan, half by hand."""
    half = plans(steps[: (len(steps) + 1) // 2])
    where: Stand | None = stand.begin(half)
    while where is not None:
        last = where
        yield where
        where = stand.next_step(half, where)
    for exposure in steps[(len(steps) + 1) // 2 :]:
        last = stand.moved(half, last, exposure)
        yield last


@tried(80)
@given(STEPS, st.booleans())
def test_each_visit_meets_the_candidate_with_the_share_exactly_and_nobody_goes_back(
    steps: Sequence[tuple[Exposure, int]], tester: bool
) -> None:
    crowd, before = NEWCOMERS, 0
    for where, (_, visits) in zip(deeds([each for each, _ in steps]), steps, strict=True):
        exposure, rules = where.exposure, rules_of(where)
        now = mine(exposure, tester)
        for again in range(visits):
            moves = list(visited(crowd, rules, tester))
            assert share(moves) == Fraction(now, ALL)
            if exposure.sticky and now:
                assert_kept(moves, before, now, again=again > 0)
                crowd, before = gathered(moves), now
            else:
                # What a request without a draw meets is forgotten, and the cookie is kept.
                assert all(after.cookie == state.cookie for state, after, _ in moves)


def assert_kept(
    moves: Sequence[tuple[State, State, Fraction]], before: int, now: int, *, again: bool
) -> None:
    changed = {(state.met, after.met) for state, after, chance in moves if chance}
    if now >= before:
        assert ("v2", "v1") not in changed, "somebody goes back to stable on a raise"
    if now <= before:
        assert ("v1", "v2") not in changed, "somebody new meets the candidate on a lowering"
    assert not again or changed <= {("v1", "v1"), ("v2", "v2")}


def test_a_cookie_of_before_another_version_became_stable_counts_for_nobody() -> None:
    sticky = [Exposure(share=share, sticky=True) for share in (50, 200)]
    once = [*deeds(sticky)][-1]
    crowd = gathered(list(visited(NEWCOMERS, rules_of(once), False)))
    void = Stand(NOBODY, once.step, (0,) * len(once.drawn))
    anew = stand.moved(plans(sticky), void, sticky[0])
    exposing = [Exposing(7, "v2", anew.exposure, anew.drawn)]
    moves = list(visited(crowd, compose("v3", exposing).rules, False))
    assert share(moves) == Fraction(50, ALL)
    assert {after.cookie for _, after, _ in moves} == {"gr-7=v2.2", "gr-7=v3.2"}


def test_no_rule_names_stable_once_the_candidate_has_everyone() -> None:
    """A subset that no route names can be taken away."""
    where = [*deeds([Exposure(share=share, sticky=True) for share in (50, 500, ALL)])][-1]
    parts: list[Part] = [part for rule in rules_of(where) for part in rule.parts]
    assert {part.version for part in parts} == {"v2"}


def test_however_often_a_share_is_moved_there_are_few_rules() -> None:
    """Each rule is a copy of each route, and an object has room for so much only."""
    moved = [Exposure(share=share, sticky=True) for share in (50, 200, 500, 200) * 50]
    where = [*deeds(moved)][-1]
    assert len(where.drawn) == 200
    assert len(rules_of(where)) <= 2 + 2 * 3 + 1
