"""What the routes that are there can't say is refused when it is asked for, and nothing is saved."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from grayrelease import operations
from grayrelease.cluster.interface import Unreachable
from grayrelease.domain.plan import Audience, Condition, Exposure, Group
from grayrelease.models import Release
from tests.operations.test_exposures import OPERATOR, codes, generation, running
from tests.world import World, person

BETA = Audience(groups=(Group(conditions=(Condition(on="url", how="regex", values=("/beta/[a-z]+",)),)),))
CHOSEN = Exposure(share=1000, audience=BETA)


def own_routes(world: World) -> None:
    """Let the user's route match its path by a regex: no match says two of them."""
    rule: dict[str, Any] = {
        "match": [{"uri": {"regex": "/v[0-9]+/.*"}}],
        "route": [{"destination": {"host": "reviews"}}],
    }
    rest = {"route": [{"destination": {"host": "reviews"}}]}
    spec = {"hosts": ["reviews"], "http": [rule, rest]}
    metadata = {"name": "shop", "namespace": "demo"}
    world.cluster.seed({"kind": "VirtualService", "metadata": metadata, "spec": spec})


def unchanged(release: Release) -> bool:
    before = release.exposure
    release.refresh_from_db()
    return bool(release.exposure == before)


def test_an_audience_that_users_routes_can_not_say_is_refused_before_it_is_saved(world: World) -> None:
    release = running(world, Exposure(share=100), CHOSEN)
    own_routes(world)
    for deed in (
        lambda: operations.set_exposure(person(OPERATOR), release, CHOSEN, generation(release)),
        lambda: operations.carry_on(person(OPERATOR), release, generation(release)),
    ):
        with pytest.raises(operations.Refused) as refused:
            deed()
        assert codes(refused) == ["cannot-intersect"]
    assert unchanged(release)


def test_the_page_says_so_and_offers_the_same_again(world: World) -> None:
    release = running(world, Exposure(share=500, audience=BETA))
    own_routes(world)
    client = Client()
    client.force_login(person(OPERATOR))
    fields = {"share": "80", "generation": str(generation(release))}
    answer = client.post(f"/p/demo/releases/{release.pk}/share/", fields)
    text = answer.content.decode()
    assert answer.status_code == 409
    assert "no single match can say both" in text and 'name="share" value="80"' in text
    assert unchanged(release)


def test_a_share_of_everyone_is_not_asked_about(world: World) -> None:
    release = running(world, Exposure(share=100))
    own_routes(world)
    world.cluster.faults.fail_next(AssertionError("asked"), verb="list")  # type: ignore[arg-type]
    operations.set_share(person(OPERATOR), release, 200, generation(release))
    release.refresh_from_db()
    assert release.share == 200


def test_a_silent_cluster_keeps_nobody_from_asking(world: World) -> None:
    release = running(world, Exposure(share=100), CHOSEN)
    own_routes(world)
    world.cluster.faults.fail_next(Unreachable("no answer"), verb="list", times=20)
    operations.set_exposure(person(OPERATOR), release, CHOSEN, generation(release))
    release.refresh_from_db()
    assert release.exposed == CHOSEN
