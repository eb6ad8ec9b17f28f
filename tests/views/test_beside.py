"""What is said of everyone else where another release of the service has visitors of its own."""

from __future__ import annotations

from django.test import Client

from grayrelease.domain.state import Phase
from tests.views.drafting import JASON, VERSION, Wizard, look, plain
from tests.world import World


def begun(world: World) -> None:
    """Let reviews v2 have 20 %."""
    release = world.release(200)
    world.run_until(release, Phase.RUNNING)
    look(world)


def test_the_wizard_says_that_others_meet_the_other_release(author: Client, world: World) -> None:
    begun(world)
    wizard = Wizard(author, "canary", name="reviews-v3")
    wizard.answer("basic", {"name": "reviews-v3"})
    wizard.answer("service", {"service": "reviews"})
    wizard.answer("version", {**VERSION, "version": "v3"})
    wizard.answer("policy", {**JASON, "first": "audience", "part": "100"})
    assert "everyone else stays on v1 / v2." in plain(wizard.text("policy"))
    assert "everyone else stays on v1 / v2." in plain(wizard.text("review"))


def test_the_dialog_says_so_too(author: Client, world: World) -> None:
    first = world.release(200)
    world.run_until(first, Phase.RUNNING)
    page = f"/p/demo/releases/{first.pk}/share/"
    assert "everyone else stays on v1." in plain(author.get(page, {"share": "30"}).content.decode())
