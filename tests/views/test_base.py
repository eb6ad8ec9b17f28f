"""Routes that changed between review and start, as a person's browser meets them."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from grayrelease.domain.state import Phase
from grayrelease.models import Event, Release
from tests.views.drafting import Wizard, plain
from tests.world import World

NASTY = "<script>alert(1)</script>"
EDGE: dict[str, Any] = {
    "apiVersion": "networking.istio.io/v1",
    "kind": "VirtualService",
    "metadata": {"name": "edge", "namespace": "demo"},
    "spec": {
        "hosts": ["reviews.example.com"],
        "gateways": ["demo/edge"],
        "http": [{"route": [{"destination": {"host": "reviews"}}], "timeout": "3s"}],
    },
}


@pytest.fixture
def stopped(world: World, author: Client) -> Release:
    """reviews v2 was reviewed at 20 %; before its start somebody changed a route."""
    world.cluster.seed(EDGE)
    wizard = Wizard(author, "canary")
    wizard.until_policy()
    wizard.plan({"share": "20"})
    release = wizard.create()
    edit(world, "9s")
    run(world, release)
    return release


def edit(world: World, timeout: str, path: str = NASTY) -> None:
    def change(edge: dict[str, Any]) -> None:
        edge["spec"]["http"][0] |= {"timeout": timeout, "match": [{"uri": {"prefix": f"/{path}"}}]}

    world.cluster.edit("VirtualService", "demo", "edge", change)


def run(world: World, release: Release) -> None:
    """Let a few runs follow each other; none may be left waiting."""
    for _ in range(3):
        world.run(release)
    release.target.refresh_from_db()


def page(author: Client, release: Release, deed: str = "") -> str:
    return str(author.get(f"/p/demo/releases/{release.pk}/{deed}").content.decode())


def go_on(author: Client, release: Release, base: str) -> Any:
    fields = {"base": base, "generation": release.target.generation}
    return author.post(f"/p/demo/releases/{release.pk}/agree/", fields)


def written(world: World) -> list[str]:
    kinds = ("VirtualService", "DestinationRule", "Deployment")
    return [f"{each.kind}/{each.name}" for each in world.ours() if each.kind in kinds]


def test_it_says_that_the_routes_changed_and_writes_nothing(
    world: World, author: Client, stopped: Release
) -> None:
    text = plain(page(author, stopped))
    assert stopped.phase == Phase.PREPARING
    assert "The routes of reviews have changed since this was reviewed" in text
    assert "So this release has not begun: nothing was written to the routes for it." in text
    assert written(world) == []
    assert Event.objects.filter(release=stopped, kind="base").count() == 1


def test_it_shows_what_changed_line_by_line_and_escaped(author: Client, stopped: Release) -> None:
    text = page(author, stopped, "agree/")
    assert "VirtualService edge" in plain(text)
    assert "<del>-  timeout: 3s</del>" in text
    assert "<ins>+  timeout: 9s</ins>" in text
    assert NASTY not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text


def test_with_the_routes_as_they_are_now_it_starts(world: World, author: Client, stopped: Release) -> None:
    assert go_on(author, stopped, stopped.asks).status_code == 302
    world.run_until(stopped, Phase.RUNNING)
    edge = world.cluster.get("VirtualService", "demo", "edge")["spec"]["http"][0]
    assert [each["weight"] for each in edge["route"]] == [800, 200]
    assert edge["timeout"] == "9s"
    told = Event.objects.get(release=stopped, kind="agree")
    assert (told.actor and told.actor.username, told.data["after"]) == ("operator", {"base": stopped.base})
    assert "operator let it go on with the routes as they are" in plain(page(author, stopped))


def test_routes_that_changed_again_since_the_page_was_drawn_are_not_agreed_to(
    world: World, author: Client, stopped: Release
) -> None:
    shown = stopped.asks
    edit(world, "1s")
    run(world, stopped)
    answer = go_on(author, stopped, shown)
    assert answer.status_code == 409
    assert "have changed again since your page was drawn" in plain(answer.content.decode())
    stopped.refresh_from_db()
    assert (stopped.base, Event.objects.filter(release=stopped, kind="agree").count()) == ("", 0)
    assert "<ins>+  timeout: 1s</ins>" in page(author, stopped, "agree/")


def test_what_was_agreed_to_is_what_a_later_change_is_held_against(
    world: World, author: Client, stopped: Release
) -> None:
    go_on(author, stopped, stopped.asks)
    edit(world, "1s")
    run(world, stopped)
    assert stopped.asks
    text = page(author, stopped, "agree/")
    assert "<del>-  timeout: 9s</del>" in text
    assert "timeout: 3s" not in text


def test_routes_that_are_put_back_let_it_start_by_itself(world: World, stopped: Release) -> None:
    world.cluster.edit("VirtualService", "demo", "edge", lambda edge: edge.update(spec=EDGE["spec"]))
    world.run_until(stopped, Phase.RUNNING)
    assert world.weights("edge") == {"gr-v1": 800, "gr-v2": 200}


def test_it_can_be_abandoned_instead(world: World, author: Client, stopped: Release) -> None:
    assert "Abandon…" in page(author, stopped, "agree/")
    author.post(f"/p/demo/releases/{stopped.pk}/abandon/", {"generation": stopped.target.generation})
    world.run_until(stopped, Phase.ABANDONED)
    assert written(world) == []


def test_a_release_that_asks_nothing_can_not_be_agreed_to(world: World, author: Client) -> None:
    release = world.release()
    world.run_until(release, Phase.RUNNING)
    assert "This release doesn’t ask about routes." in page(author, release, "agree/")
    assert go_on(author, release, "0" * 64).status_code == 409
