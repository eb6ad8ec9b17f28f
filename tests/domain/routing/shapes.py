"""Objects as users write them (`corpus/*.yaml`), and the exposures that they are to carry."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml

from grayrelease.domain.named import Name
from grayrelease.domain.plan import Audience, Condition, Elsewhere, Exposure, Group, Mirror
from grayrelease.domain.routes import Exposing
from grayrelease.domain.routing.carriers import Carriers, carriers
from grayrelease.domain.routing.rules import rules_of

CORPUS = sorted((Path(__file__).parent.parent / "corpus").glob("*.yaml"))
REVIEWS = Name("reviews", "demo")
SELECTOR = {"app": "reviews"}


def condition(on: Any, name: str, *values: str, how: Any = "exact") -> Condition:
    return Condition(on=on, name=name, how=how, values=values)


def audience(*groups: tuple[Condition, ...]) -> Audience:
    return Audience(groups=tuple(Group(conditions=each) for each in groups))


TESTERS = audience((condition("cookie", "user", "jason"),), (condition("header", "x-team", "qa"),))
STRATEGIES: dict[str, list[Exposing]] = {
    "pinned": [],
    "blue-green": [Exposing(7, "v2", Exposure(share=1000))],
    "canary": [Exposing(7, "v2", Exposure(share=200))],
    "audience": [Exposing(7, "v2", Exposure(share=1000, audience=TESTERS))],
    "mirror": [Exposing(7, "v2", Exposure(mirror=Mirror(share=500)))],
    "mirror-reads-elsewhere": [
        Exposing(7, "", Exposure(mirror=Mirror(to=Elsewhere(host="shadow", port=80), get_only=True)))
    ],
    "sticky": [Exposing(7, "v2", Exposure(share=300, sticky=True), (100, 300))],
    "two-releases": [
        Exposing(7, "v2", Exposure(share=500, audience=TESTERS, sticky=True), (500,)),
        Exposing(9, "v3", Exposure(share=100, mirror=Mirror(to=Elsewhere(host="shadow", port=80)))),
    ],
}


@cache
def objects(path: Path) -> list[Any]:
    return list(yaml.load_all(path.read_text(), Loader=yaml.CSafeLoader))


def of_kind(found: list[Any], kind: str) -> list[Any]:
    return [each for each in found if each["kind"] == kind]


def carriers_of(found: list[Any]) -> Carriers:
    rules = rules_of(REVIEWS, of_kind(found, "DestinationRule"))
    gateways = of_kind(found, "Gateway")
    return carriers(REVIEWS, "v1", of_kind(found, "VirtualService"), gateways, rules, SELECTOR)
