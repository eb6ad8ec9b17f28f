from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from grayrelease.models import Application, Inventory, Membership, Project, Release
from tests import seed


@pytest.fixture
def thousand(project: Project, people: dict[str, User]) -> None:
    seed.many_releases(project, people["operator"], 1000)


def text_of(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.parametrize("address", ["/p/demo/releases/", "/p/demo/", "/p/demo/releases/?q=release-7&page=2"])
def test_a_thousand_releases_cost_at_most_ten_queries(address: str, thousand: None, operator: Client) -> None:
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert operator.get(address).status_code == 200
    assert len(queries) <= 10


def test_a_thousand_releases_are_listed_quickly(thousand: None, operator: Client) -> None:
    operator.get("/p/demo/releases/")
    took = []
    for _ in range(5):
        start = time.process_time()
        operator.get("/p/demo/releases/")
        took.append(time.process_time() - start)
    assert min(took) < 0.15


def test_the_list_has_pages_and_keeps_the_search(thousand: None, operator: Client) -> None:
    text = text_of(operator, "/p/demo/releases/?q=service-3&page=2")
    assert "26–50 of 100" in text
    assert "?q=service-3&amp;page=3" in text


@pytest.mark.parametrize(
    ("query", "count"), [("release-999", 1), ("service-4", 100), ("operator", 1000), ("v42", 11)]
)
def test_it_searches_names_services_versions_and_people(
    query: str, count: int, thousand: None, operator: Client
) -> None:
    text = text_of(operator, f"/p/demo/releases/?q={query}")
    assert f"–{min(25, count)} of {count}" in text


def test_it_filters_by_state(thousand: None, operator: Client) -> None:
    assert "1–25 of 40" in text_of(operator, "/p/demo/releases/?state=running")
    assert "1–25 of 960" in text_of(operator, "/p/demo/releases/?state=finished")
    assert "No release is like that" in text_of(operator, "/p/demo/releases/?state=trouble")


def test_it_filters_by_mode(thousand: None, operator: Client) -> None:
    Release.objects.filter(candidate__in=("v0", "v25", "v26")).update(mode="mirror")
    assert "1–3 of 3" in text_of(operator, "/p/demo/releases/?mode=mirror")
    assert "1–2 of 2" in text_of(operator, "/p/demo/releases/?mode=mirror&state=running")
    assert "1–25 of 997" in text_of(operator, "/p/demo/releases/?mode=canary")
    assert "1–25 of 1000" in text_of(operator, "/p/demo/releases/?mode=nonsense")


def test_an_application_names_each_release_of_a_service(
    release: Release, people: dict[str, User], operator: Client
) -> None:
    inventory = Inventory.objects.get()
    for version in ("v2", "v3"):
        inventory.data["workloads"] += seed.version("reviews", version)["workloads"]
    inventory.save()
    other = seed.release(release.target, people["operator"], "v3")
    text = text_of(operator, "/p/demo/applications/bookinfo/")
    for each in (release, other):
        assert f'href="/p/demo/releases/{each.pk}/">{each.name}</a>' in text
    assert '<span class="ver third">v3' in text
    assert text.count('name="service" value="reviews"') == 1, "another release can begin beside them"


def test_a_search_without_hits_repeats_the_query(release: Release, operator: Client) -> None:
    text = text_of(operator, "/p/demo/releases/?q=<nothing>")
    assert "No release matches “&lt;nothing&gt;”" in text
    assert "Show all releases" in text


def test_an_empty_list_says_what_a_release_is(project: Project, sign_in: Callable[[str], Client]) -> None:
    assert "No releases yet" in text_of(sign_in("operator"), "/p/demo/releases/")
    assert "An operator can create one." in text_of(sign_in("viewer"), "/p/demo/releases/")


def test_a_row_that_needs_somebody_says_why_with_one_button(release: Release, operator: Client) -> None:
    Release.objects.update(
        phase="taken-over",
        winner="v2",
        status={
            "now": ["taken-over", {"version": "v2", "other": "v1"}],
            "waits": None,
            "next": ["person-finishes", {"loser": "v1"}],
        },
    )
    text = text_of(operator, "/p/demo/releases/")
    assert "Somebody finishes, which takes v1 offline" in text
    assert f'href="/p/demo/releases/{release.pk}/finish/"' in text


def test_the_overview_says_what_is_under_way_and_who_is_waited_for(
    release: Release, operator: Client
) -> None:
    text = text_of(operator, "/p/demo/")
    assert "Waits for people" in text
    assert "reviews-v2" in text
    assert "Set: v2 20\u00a0%, v1 80\u00a0%. Observed: 19.4\u00a0%, between 17.9 and 21\u00a0%." in text


def test_the_application_shows_services_pods_routes_and_what_is_wrong(
    release: Release, operator: Client
) -> None:
    text = text_of(operator, "/p/demo/applications/bookinfo/")
    assert "3 of 4 workloads ready" in text
    assert "ImagePullBackOff" in text
    assert "productpage:9080" in text
    assert "Create release<span" in text


def test_access_service_leads_through_the_gateway(
    release: Release, operator: Client, settings: object
) -> None:
    settings.INGRESS_URL = "http://{host}:30140"  # type: ignore[attr-defined]
    text = text_of(operator, "/p/demo/applications/bookinfo/")
    assert 'href="http://productpage.bookinfo.localhost:30140/"' in text


def test_an_unknown_application_is_not_found(project: Project, operator: Client) -> None:
    assert operator.get("/p/demo/applications/nothing/").status_code == 404


def test_the_sample_is_deployed_once(project: Project, operator: Client) -> None:
    for _ in range(2):
        answer = operator.post("/p/demo/applications/sample/")
        assert answer["Location"] == "/p/demo/applications/bookinfo/"
    assert Application.objects.count() == 1
    assert "Being created" in text_of(operator, "/p/demo/applications/bookinfo/")


def test_several_projects_are_switched_between_in_the_menu(
    project: Project, people: dict[str, User], operator: Client
) -> None:
    assert 'id="projects"' not in text_of(operator, "/p/demo/")
    Membership.objects.create(project=seed.project("shop"), user=people["operator"], role="viewer")
    text = text_of(operator, "/p/demo/")
    assert 'id="projects"' in text
    assert 'href="/p/shop/"' in text


@pytest.mark.parametrize("address", ["/p/demo/", "/p/demo/releases/?q=reviews", "/p/demo/applications/"])
def test_lists_are_live_and_say_nothing_twice(address: str, release: Release, operator: Client) -> None:
    headers = {"HX-Request": "true", "HX-Target": "live"}
    part = operator.get(address, headers=headers).content.decode()
    assert "<html" not in part
    stamp = part.split('"seen": "')[1].split('"')[0]
    join = "&" if "?" in address else "?"
    assert operator.get(f"{address}{join}seen={stamp}", headers=headers).status_code == 204
    Release.objects.update(share_in_effect=300, phase="frozen")
    again = operator.get(f"{address}{join}seen={stamp}", headers=headers)
    assert again.status_code == (204 if "applications" in address else 200)
    assert "seen=" not in again.content.decode()


def test_a_full_overview_shows_the_newest_and_leads_to_the_rest(thousand: None, operator: Client) -> None:
    text = text_of(operator, "/p/demo/")
    assert "40 releases" in text
    assert 'href="/p/demo/releases/?state=live"' in text
    assert text.count("sharecell") == 15


@pytest.mark.parametrize("path", ["/p/demo/", "/p/demo/applications/"])
def test_it_says_that_the_cluster_lets_nobody_watch(release: Release, operator: Client, path: str) -> None:
    said = "Looked at by lists each 2 s: the cluster doesn’t let us watch Pod."
    assert said not in text_of(operator, path)
    inventory = Inventory.objects.get()
    inventory.data["by_lists"] = {"kinds": ["Pod"], "why": "pods is forbidden"}
    inventory.save()
    text = text_of(operator, path)
    assert said in text and "pods is forbidden" in text
