"""What others edited in a release's routes is written again when a person says so, and not before."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from grayrelease.domain.state import Phase
from grayrelease.models import Event, Release, Target
from tests.world import World


@pytest.fixture
def edited(world: World) -> Release:
    """reviews v2 runs at 20 %; somebody has set the weights to 50 : 50."""
    release = world.release(200)
    world.run_until(release, Phase.RUNNING)
    found = world.cluster.get("VirtualService", "demo", "reviews")
    for weighed in found["spec"]["http"][0]["route"]:
        weighed["weight"] = 500
    world.cluster.replace(found)
    world.run(release)
    release.refresh_from_db()
    return release


def page(browser: Client, release: Release, deed: str = "") -> str:
    text = browser.get(f"/p/demo/releases/{release.pk}/{deed}").content.decode()
    return re.sub(r"\s+", " ", text)


def post(browser: Client, release: Release) -> None:
    generation = Target.objects.get(pk=release.target_id).generation
    browser.post(f"/p/demo/releases/{release.pk}/reapply/", {"generation": generation})


def test_the_page_names_who_edited_what_and_offers_to_write_it_again(author: Client, edited: Release) -> None:
    assert edited.phase == Phase.FROZEN
    assert "VirtualService/reviews was changed by" in page(author, edited)
    assert "Write the routes again…" in page(author, edited)
    assert "VirtualService/reviews was changed by" in page(author, edited, "reapply/")


def test_until_then_it_stays_as_it_is(world: World, edited: Release) -> None:
    world.run(edited)
    assert set(world.weights().values()) == {500}


def test_it_is_written_again_as_the_release_wants_it(world: World, author: Client, edited: Release) -> None:
    post(author, edited)
    world.run_until(edited, Phase.RUNNING)
    assert world.weights() == {"gr-v1": 800, "gr-v2": 200}
    assert Event.objects.filter(release=edited, kind="reapply").count() == 1
    assert "had the routes written again, over what others edited" in page(author, edited)


def test_where_nobody_edited_anything_there_is_nothing_to_write(world: World, author: Client) -> None:
    release = world.release(200)
    world.run_until(release, Phase.RUNNING)
    assert "Nobody else has changed what this release wrote" in page(author, release, "reapply/")
    post(author, release)
    assert not Event.objects.filter(release=release, kind="reapply").exists()
