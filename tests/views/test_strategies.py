"""Deeds of each strategy on the release page: who may, what is typed wrong, who comes second."""

from __future__ import annotations

from typing import Any

import pytest

from grayrelease import operations
from grayrelease.domain.plan import ALL, Exposure, Mirror
from grayrelease.models import Event, Release
from tests import strategies
from tests.views.asking import Made, address, browser, post, shown
from tests.world import World, person


def test_steps_say_what_is_done_what_comes_and_when(made: Made) -> None:
    text = shown(made("stepped"))
    assert text.count('<li class="done">') == 1
    assert 'aria-current="step"' in text
    assert "Continue to 50\u00a0%" in text
    assert "by itself in <span data-left=" in text
    assert "By itself in <span data-left=" in text
    assert "50\u00a0% of all visitors" in text


def test_a_step_of_a_person_offers_to_continue_in_lists_too(made: Made) -> None:
    release = made("awaited")
    for path in ("/p/demo/releases/", "/p/demo/"):
        assert f'href="{address(release, "continue")}"' in browser().get(path).content.decode()


def test_continuing_shows_both_exposures_and_is_done_once(made: Made) -> None:
    release = made("awaited")
    text = shown(release, "continue")
    assert "Continue billing-v2 to step 2: 50\u00a0%?" in text
    assert "<b>20\u00a0%</b> of all visitors meet <b>v2</b>" in text
    assert "<b>50\u00a0%</b> of all visitors meet <b>v2</b>" in text
    drawn = release.target.generation
    for _ in range(2):
        assert browser().post(address(release, "continue"), {"generation": drawn}).status_code == 302
    release.refresh_from_db()
    assert (release.step, release.share) == (1, 500)
    assert Event.objects.filter(kind="continue").count() == 1
    assert "operator continued to step 2: 50\u00a0% of all visitors" in shown(release)


def test_who_continues_second_is_not_offered_another_step_unseen(made: Made) -> None:
    release = made("awaited")
    drawn = release.target.generation
    operations.set_share(person("lead"), release, 300, drawn)
    answer = browser().post(address(release, "continue"), {"generation": drawn})
    text = answer.content.decode()
    assert answer.status_code == 409
    assert "lead moved the share from 20\u00a0% to 30\u00a0%" in text
    assert "You asked to continue." in text
    assert "Continue now" not in text


def test_after_the_last_step_there_is_nothing_to_continue_to(made: Made) -> None:
    release = made("awaited")
    Release.objects.filter(pk=release.pk).update(step=2)
    assert "There is no further step." in shown(release, "continue")
    assert post(release, "continue") == 409


def test_pausing_and_resuming(made: Made) -> None:
    release = made("stepped")
    assert "No step follows by itself until somebody resumes." in shown(release, "pause")
    assert post(release, "pause") == 302
    assert release.paused
    text = shown(release)
    assert "Paused: nothing follows by itself" in text
    assert "operator paused the release" in text
    assert "then 50\u00a0% follows by itself." in shown(release, "resume")
    release.target.memory["exposed"][str(release.pk)]["verified_at"] = "2026-01-01T00:00:00+00:00"
    release.target.save()
    assert "It is over: 50\u00a0% follows at once." in shown(release, "resume")
    assert post(release, "resume") == 302
    assert not release.paused


def test_what_is_paused_already_says_so(made: Made) -> None:
    release = made("stepped")
    assert "This release isn’t paused." in shown(release, "resume")
    assert post(release, "pause") == 302
    assert "This release is paused already." in shown(release, "pause")


def test_an_audience_is_a_sentence_with_a_move_to_everyone(made: Made) -> None:
    text = shown(made("audience"))
    assert "Requests with cookie <b>user</b> = <b>jason</b> and from <b>macOS</b> or <b>Windows</b>" in text
    assert "Of these requests give v3" in text
    assert "Bring to all visitors…" in text
    assert "observed 19.4" not in text, "its share can't be seen in everyone's traffic"


def test_the_slider_moves_the_share_of_the_audience(made: Made) -> None:
    release = made("audience")
    text = shown(release, "share", share=20)
    assert "search: v3 100\u00a0% → 20\u00a0%" in text
    assert "<b>20\u00a0%</b> of the requests with cookie" in text
    assert post(release, "share", share=20) == 302
    assert (release.exposed.share, release.exposed.audience) == (200, strategies.TESTERS)
    told = "operator moved the share of the chosen requests from 100\u00a0% to 20\u00a0%"
    assert told in shown(release)


def test_everyone_after_an_audience(made: Made) -> None:
    release = made("audience")
    assert "<b>30\u00a0%</b> of all visitors meet <b>v3</b>" in shown(
        release, "exposure", who="everyone", share=30
    )
    assert post(release, "exposure", who="everyone", share=30) == 302
    assert release.exposed == Exposure(share=300)
    assert "operator changed who meets it: 30\u00a0% of all visitors" in shown(release)


@pytest.mark.parametrize("typed", ["0", "101", "", "half"])
def test_a_wrong_share_for_everyone_is_said_at_its_field(typed: str, made: Made) -> None:
    text = shown(made("audience"), "exposure", who="everyone", share=typed)
    assert "A whole number from 1 to 100, for example 50." in text
    assert f'value="{typed}"' in text


@pytest.mark.parametrize("who", ["nobody", "", "copies"])
def test_whom_the_plan_does_not_know_is_not_found(who: str, made: Made) -> None:
    query = {"who": who, "share": 50}
    assert browser().get(address(made("stepped"), "exposure"), query).status_code == 404


def test_an_old_page_does_not_change_the_exposure(made: Made) -> None:
    release = made("mirror_release")
    drawn = release.target.generation
    operations.pause(person("lead"), release, drawn)
    typed = {"who": "everyone", "share": 5, "generation": drawn}
    answer = browser().post(address(release, "exposure"), typed)
    assert answer.status_code == 409
    assert "Set it now" in answer.content.decode()
    release.refresh_from_db()
    assert release.exposed.mirror == Mirror(share=500, get_only=True)


def test_other_releases_are_named_and_why_nobody_can_take_over(made: Made) -> None:
    release = made("audience")
    other = Release.objects.get(name="search-v2")
    text = shown(release)
    assert "Also under way for search:" in text
    assert f'href="{address(other)}"' in text
    assert "No room: the release search-v2 has 20\u00a0%." in text
    asked = shown(release, "take-over", version="v3")
    assert "Not while other releases of this service have exposure:" in asked
    assert "<button" not in asked[asked.index('id="deed"') :]
    assert post(release, "take-over", version="v3") == 409


def test_the_picture_says_who_goes_where(made: Made) -> None:
    text = shown(made("audience"))
    assert '<svg class="map" viewBox="0 0 521' in text
    assert "Everyone else: 80\u00a0% v1, 20\u00a0% v2." in text, "its label"
    assert "style=" not in text[text.index('id="routes"') :]


def test_blue_green_has_one_button_and_shows_its_testers(made: Made) -> None:
    text = shown(made("blue_green_release"))
    assert "Switch to v2" in text
    assert "Change share…" not in text
    assert "Continue to" not in text
    assert "Bring to all visitors…" not in text


def test_switching_and_switching_back(made: Made) -> None:
    release = made("blue_green_release")
    assert "Switch cart to v2?" in shown(release, "take-over", version="v2")
    assert post(release, "take-over", version="v2") == 302
    assert (release.winner, release.share) == ("v2", ALL)
    Release.objects.filter(pk=release.pk).update(
        phase="taken-over",
        share_in_effect=ALL,
        status={"now": ["taken-over", {"version": "v2", "other": "v1"}], "waits": None, "next": None},
    )
    text = shown(release)
    assert "Switch back to v1" in text
    assert "Show to testers…" not in text
    assert "Switch cart back to v1?" in shown(release, "take-over", version="v1")
    assert post(release, "take-over", version="v1") == 302
    assert (release.winner, release.share) == ("v1", 0)


def test_a_frozen_release_does_not_say_who_meets_it(made: Made) -> None:
    release = made("audience")
    edited = ["edited-by-other", {"object": "VirtualService/search", "manager": "kubectl"}]
    status = {"now": edited, "waits": None, "next": None}
    Release.objects.filter(pk=release.pk).update(phase="frozen", status=status)
    text = shown(release)
    assert "was changed by kubectl" in text
    assert "Asked for:" not in text
    assert '<svg class="map"' not in text


def test_a_mirror_says_that_it_copies_and_goes_on_with_a_canary(made: Made) -> None:
    release = made("mirror_release")
    text = shown(release)
    assert "Copies of requests" in text
    assert "Go on with a canary…" in text
    assert "Change share…" not in text
    assert post(release, "exposure", who="everyone", share=5) == 302
    assert release.exposed == Exposure(share=50)
    assert release.step == 1


def test_the_share_of_the_copies_is_changed(made: Made) -> None:
    release = made("mirror_release")
    assert post(release, "exposure", who="copies", share=10) == 302
    assert release.exposed.mirror == Mirror(share=100, get_only=True)


def test_copies_elsewhere_have_no_version_to_take_over(made: Made) -> None:
    release = made("elsewhere")
    text = shown(release)
    assert "Copy requests of audit to ledger.example.com" in text
    assert "ledger.example.com:443" in text
    assert "Take over" not in text
    assert "Go on with a canary" not in text
    query = {"version": "v1"}
    assert browser().get(address(release, "take-over"), query).status_code == 404
    assert "The copies stop, and the routes are given back." in shown(release, "finish")
    assert "The copies stop at once." in shown(release, "roll-back")
    assert post(release, "finish") == 302


def test_a_sticky_share_says_so(made: Made) -> None:
    text = shown(made("sticky"))
    assert "Sticky: a visitor stays with the version that they were given, by a cookie." in text


@pytest.mark.parametrize(("chosen", "both"), [({}, False), ({"keep_both": "1"}, True)])
def test_abandoning_asks_what_becomes_of_the_candidate(
    chosen: dict[str, str], both: bool, made: Made
) -> None:
    release = made("awaited")
    text = shown(release, "abandon")
    assert "What becomes of v2?" in text
    assert "Both versions keep running; the routes of billing stay pinned to v1" in text
    assert post(release, "abandon", **chosen) == 302
    assert (release.goal, release.keep_both, release.share) == ("abandon", both, 0)


def test_abandoning_by_an_old_page_is_not_done(made: Made) -> None:
    release = made("awaited")
    drawn = release.target.generation
    operations.set_share(person("lead"), release, 300, drawn)
    answer = browser().post(address(release, "abandon"), {"generation": drawn})
    assert answer.status_code == 409
    assert "You asked to abandon the release." in answer.content.decode()


@pytest.mark.parametrize("name", strategies.ALL_OF_THEM)
def test_lists_say_what_is_set_in_words(name: str, made: Made) -> None:
    made(name)
    said = {
        "audience": ("these requests", "with cookie <b>user</b>"),
        "blue_green_release": ("these requests", "from <b>macOS</b>"),
        "mirror_release": ("copies: 50\u00a0%", "v2"),
        "elsewhere": ("copies: 100\u00a0%", "to ledger.example.com"),
    }
    for path in ("/p/demo/releases/", "/p/demo/"):
        text = browser().get(path).content.decode()
        for words in said.get(name, ("Set: v2",)):
            assert words in text


def test_lists_of_every_strategy_cost_no_query_per_row(
    world: World, made: Made, django_assert_max_num_queries: Any
) -> None:
    for name in strategies.ALL_OF_THEM:
        made(name)
    client = browser()
    for path in ("/p/demo/releases/", "/p/demo/"):
        with django_assert_max_num_queries(10):
            assert client.get(path).status_code == 200
