from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client

from grayrelease import operations
from grayrelease.domain import bookinfo
from grayrelease.domain.state import Phase
from grayrelease.models import Application, Event, Release, Target
from tests.world import World, person

HTMX = {"HX-Request": "true", "HX-Target": "dialog"}


def address(release: Release, deed: str) -> str:
    return f"/p/demo/releases/{release.pk}/{deed}/"


def generation() -> int:
    return Target.objects.get().generation


@pytest.fixture
def running(world: World) -> Release:
    """reviews v2 runs at 20 % in a cluster in memory."""
    release = world.release(200)
    world.run_until(release, Phase.RUNNING)
    return release


def browser(name: str) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(person(name))
    return client


def test_the_slider_asks_before_it_moves(release: Release, operator: Client) -> None:
    text = operator.get(address(release, "share"), {"share": 80}, headers=HTMX).content.decode()
    assert "<html" not in text
    assert "reviews: v2 20\u00a0% → 80\u00a0%" in text
    assert "Move v2 to 80\u00a0%" in text
    assert "2 of 2 pods of v2 are ready." in text
    release.refresh_from_db()
    assert release.share == 200


def test_without_a_script_the_same_is_a_page(release: Release, operator: Client) -> None:
    text = operator.get(address(release, "share"), {"share": 80}).content.decode()
    assert "<html" in text
    assert "reviews: v2 20\u00a0% → 80\u00a0%" in text


@pytest.mark.parametrize("typed", ["101", "-1", "many", "", "12.5"])
def test_a_wrong_share_is_said_at_its_field_and_stays_there(
    typed: str, release: Release, operator: Client
) -> None:
    text = operator.get(address(release, "share"), {"share": typed}).content.decode()
    assert "A whole number from 0 to 100, for example 80." in text
    assert f'value="{typed}"' in text
    assert 'aria-invalid="true"' in text


def test_a_confirmed_share_is_asked_for_and_the_release_shown(running: Release) -> None:
    answer = browser("operator").post(address(running, "share"), {"share": 80, "generation": generation()})
    assert (answer.status_code, answer["Location"]) == (302, f"/p/demo/releases/{running.pk}/")
    running.refresh_from_db()
    assert running.share == 800


def test_where_nobody_hears_the_bell_it_says_within_how_long(running: Release) -> None:
    answer = browser("operator").post(
        address(running, "share"), {"share": 80, "generation": generation()}, follow=True
    )
    assert "Saved; it will be carried out within 3 s." in answer.content.decode()


def test_a_double_click_is_one_deed(running: Release) -> None:
    client, asked = browser("operator"), {"share": 80, "generation": generation()}
    for _ in range(2):
        assert client.post(address(running, "share"), asked).status_code == 302
    assert Event.objects.filter(kind="share").count() == 1


def test_who_comes_second_is_told_what_happened_and_may_do_it_all_the_same(running: Release) -> None:
    drawn = generation()
    operations.set_share(person("lead"), running, 500, drawn)
    client = browser("operator")
    answer = client.post(address(running, "share"), {"share": 80, "generation": drawn})
    text = answer.content.decode()
    assert answer.status_code == 409
    assert "lead moved the share from 20\u00a0% to 50\u00a0%" in text
    assert "You asked for 80\u00a0%." in text
    assert "Set 80\u00a0% now" in text
    assert "Leave it" in text
    running.refresh_from_db()
    assert running.share == 500
    assert f'name="generation" value="{generation()}"' in text
    client.post(address(running, "share"), {"share": 80, "generation": generation()})
    running.refresh_from_db()
    assert running.share == 800


def test_a_form_without_a_generation_does_nothing(running: Release) -> None:
    assert browser("operator").post(address(running, "share"), {"share": 80}).status_code == 409


def test_take_over_names_both_versions(release: Release, operator: Client) -> None:
    text = operator.get(address(release, "take-over"), {"version": "v2"}).content.decode()
    assert "Let reviews v2 take over?" in text
    assert "go back to v1 at once" in text


@pytest.mark.parametrize(("version", "share"), [("v2", 1000), ("v1", 0)])
def test_either_version_may_take_over(version: str, share: int, running: Release) -> None:
    asked = {"version": version, "generation": generation()}
    assert browser("operator").post(address(running, "take-over"), asked).status_code == 302
    running.refresh_from_db()
    assert (running.winner, running.share) == (version, share)


def test_a_version_that_is_none_of_the_two_can_not_take_over(running: Release) -> None:
    asked = {"version": "v9", "generation": generation()}
    assert browser("operator").post(address(running, "take-over"), asked).status_code == 404


def test_rolling_back_needs_no_generation_and_no_worker(running: Release, world: World) -> None:
    page = browser("operator")
    assert "All visitors go back to v1 at once." in page.get(address(running, "roll-back")).content.decode()
    assert page.post(address(running, "roll-back")).status_code == 302
    assert world.weights() == {"gr-v1": 1000}


def test_finishing_too_early_says_why_not(running: Release) -> None:
    client = browser("operator")
    assert "First one version must take over." in client.get(address(running, "finish")).content.decode()
    answer = client.post(address(running, "finish"), {"generation": generation()})
    assert answer.status_code == 409
    assert "First one version must take over." in answer.content.decode()
    assert "Finish now" not in answer.content.decode()


def test_finishing_names_what_goes_and_asks_about_a_workload_that_is_not_ours(
    release: Release, operator: Client, people: dict[str, User]
) -> None:
    Release.objects.update(phase=Phase.TAKEN_OVER, winner="v2", share=1000, share_in_effect=1000)
    text = operator.get(address(release, "finish")).content.decode()
    assert "v1 goes offline; v2 stays and is the stable version from then on." in text
    assert "The Deployment reviews-v1 was not made by a release:" in text
    assert "Scale it to 0 and keep it" in text


def test_finishing_says_that_the_sample_applications_workload_goes(
    release: Release, operator: Client
) -> None:
    Release.objects.update(phase=Phase.TAKEN_OVER, winner="v2", share=1000, share_in_effect=1000)
    Application.objects.update(manifests=bookinfo.manifests("demo"))
    text = operator.get(address(release, "finish")).content.decode()
    assert "The Deployment reviews-v1 is deleted; it came with the sample application." in text
    assert "Scale it to 0" not in text


def test_finishing_after_a_roll_back_deletes_what_the_release_made(
    release: Release, operator: Client
) -> None:
    Release.objects.update(phase=Phase.ROLLED_BACK, winner="v1", share=0, share_in_effect=0)
    text = operator.get(address(release, "finish")).content.decode()
    assert "The Deployment reviews-v2 is deleted; it was made by this release." in text


@pytest.mark.parametrize(("chosen", "deletes"), [({}, False), ({"loser": "delete"}, True)])
def test_the_choice_about_the_loser_is_kept(chosen: dict[str, str], deletes: bool, running: Release) -> None:
    Release.objects.update(phase=Phase.TAKEN_OVER, winner="v2", share=1000, share_in_effect=1000)
    asked = {"generation": generation(), **chosen}
    assert browser("operator").post(address(running, "finish"), asked).status_code == 302
    running.refresh_from_db()
    assert (running.goal, running.delete_loser) == ("finish", deletes)


def test_a_back_button_after_the_end_says_that_it_is_over(
    release: Release, sign_in: Callable[[str], Client]
) -> None:
    Release.objects.update(phase=Phase.FINISHED)
    answer = sign_in("operator").post(address(release, "roll-back"))
    assert answer.status_code == 409
    assert "This release is over: Finished." in answer.content.decode()
