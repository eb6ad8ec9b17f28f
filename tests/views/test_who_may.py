"""Every address and every role: nobody gets in by forgetting a line here."""

from __future__ import annotations

import re
from collections.abc import Callable
from uuid import UUID

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import URLPattern, URLResolver

from grayrelease.models import Draft, Event, Project, Release
from grayrelease.urls import urlpatterns

DRAFT = UUID("11111111-1111-4111-8111-111111111111")
LOOKS = {
    "overview": "/p/demo/",
    "applications": "/p/demo/applications/",
    "application": "/p/demo/applications/bookinfo/",
    "releases": "/p/demo/releases/",
    "modes": "/p/demo/releases/modes/",
    "release": "/p/demo/releases/{pk}/",
    "release_routes": "/p/demo/releases/{pk}/routes/",
    "tester": "/p/demo/tester/",
}
"""Pages that every member sees."""
ACTS = {
    "wizard": f"/p/demo/releases/new/{DRAFT}/basic/",
    "review": f"/p/demo/releases/new/{DRAFT}/review/",
    "share": "/p/demo/releases/{pk}/share/",
    "exposure": "/p/demo/releases/{pk}/exposure/?who=everyone&share=50",
    "carry_on": "/p/demo/releases/{pk}/continue/",
    "pause": "/p/demo/releases/{pk}/pause/",
    "resume": "/p/demo/releases/{pk}/resume/",
    "abandon": "/p/demo/releases/{pk}/abandon/",
    "agree": "/p/demo/releases/{pk}/agree/",
    "vouch": "/p/demo/releases/{pk}/vouch/",
    "reapply": "/p/demo/releases/{pk}/reapply/",
    "take_over": "/p/demo/releases/{pk}/take-over/?version=v2",
    "roll_back": "/p/demo/releases/{pk}/roll-back/",
    "finish": "/p/demo/releases/{pk}/finish/",
}
"""Pages of deeds, and posts to them."""
LEADS = {"forget": "/p/demo/releases/{pk}/forget/"}
"""The same, for leads and admins alone."""
POSTS = {"deploy_sample": "/p/demo/applications/sample/", "new_release": "/p/demo/releases/new/"}
"""Deeds without a page."""
PUBLIC = {"home", "login", "logout", "theme", "set_language"}
DOERS = ("operator", "lead", "admin")

SignIn = Callable[[str], Client]


def names(patterns: list[URLPattern | URLResolver]) -> set[str]:
    found: set[str] = set()
    for each in patterns:
        if isinstance(each, URLResolver):
            found |= names(each.url_patterns)
        else:
            found.add(str(each.name))
    return found


def test_every_address_is_in_these_tables() -> None:
    assert names(urlpatterns) == LOOKS.keys() | ACTS.keys() | LEADS.keys() | POSTS.keys() | PUBLIC


def path_of(template: str, release: Release) -> str:
    return template.format(pk=release.pk)


@pytest.mark.parametrize("path", [*LOOKS.values(), *ACTS.values(), *LEADS.values(), *POSTS.values()])
def test_nobody_is_let_in_without_signing_in(path: str, release: Release, client: Client) -> None:
    address = path_of(path, release)
    for answer in (client.get(address), client.post(address)):
        if answer.status_code == 405:
            continue
        assert answer.status_code == 302
        assert answer["Location"].startswith("/sign-in/?next=/p/demo/")


@pytest.mark.parametrize("path", [*LOOKS.values(), *ACTS.values(), *LEADS.values()])
def test_for_a_stranger_the_project_does_not_exist(path: str, release: Release, sign_in: SignIn) -> None:
    assert sign_in("stranger").get(path_of(path, release)).status_code == 404


@pytest.mark.parametrize("path", [*ACTS.values(), *LEADS.values(), *POSTS.values()])
def test_a_stranger_can_do_nothing(path: str, release: Release, sign_in: SignIn) -> None:
    assert sign_in("stranger").post(path_of(path, release)).status_code == 404
    assert Event.objects.count() == 0


@pytest.mark.parametrize("role", ["viewer", *DOERS])
@pytest.mark.parametrize("path", LOOKS.values())
def test_members_see_the_pages(path: str, role: str, release: Release, sign_in: SignIn) -> None:
    assert sign_in(role).get(path_of(path, release)).status_code == 200


@pytest.mark.parametrize("path", [*ACTS.values(), *LEADS.values(), *POSTS.values()])
def test_a_viewer_gets_403_for_every_deed(path: str, release: Release, sign_in: SignIn) -> None:
    viewer = sign_in("viewer")
    answer = viewer.post(path_of(path, release), {"share": 80, "generation": 1})
    assert answer.status_code == 403
    assert b"You may look, but not do this" in answer.content
    assert viewer.get(path_of(path, release)).status_code in (403, 405)
    release.refresh_from_db()
    assert (release.share, Draft.objects.count(), Event.objects.count()) == (200, 0, 0)


@pytest.mark.parametrize("path", LOOKS.values())
def test_a_viewer_sees_no_deeds(path: str, release: Release, sign_in: SignIn) -> None:
    page = sign_in("viewer").get(path_of(path, release)).content.decode()
    main = page[page.index('<main class="main"') :]
    assert "<form method=post" not in main
    posts = set(re.findall(r'<form[^>]*method="post"[^>]*action="([^"]*)"', main))
    assert posts <= {LOOKS["tester"]}, "a test of routes changes nothing; it is posted since it may be secret"
    deeds = ("share/", "exposure/", "continue/", "pause/", "resume/", "abandon/", "roll-back/", "take-over/")
    for deed in (*deeds, "finish/", "forget/", "Create release", "Deploy sample app"):
        assert deed not in main


@pytest.mark.parametrize("role", DOERS)
@pytest.mark.parametrize("deed", sorted(ACTS.keys() - {"wizard", "review"}))
def test_those_who_may_act_are_asked_to_confirm(
    deed: str, role: str, release: Release, sign_in: SignIn
) -> None:
    answer = sign_in(role).get(path_of(ACTS[deed], release))
    assert answer.status_code == 200
    assert b'method="post"' in answer.content


@pytest.mark.parametrize("path", LEADS.values())
def test_an_operator_gets_403_for_what_leads_do(path: str, release: Release, sign_in: SignIn) -> None:
    operator = sign_in("operator")
    assert operator.post(path_of(path, release), {"generation": 1}).status_code == 403
    assert operator.get(path_of(path, release)).status_code == 403
    assert b"forget/" not in operator.get(path_of(LOOKS["release"], release)).content
    for role in ("lead", "admin"):
        assert b'method="post"' in sign_in(role).get(path_of(path, release)).content
        assert b"forget/" in sign_in(role).get(path_of(LOOKS["release"], release)).content


def test_a_draft_is_its_authors_own(project: Project, people: dict[str, User], sign_in: SignIn) -> None:
    Draft.objects.create(id=DRAFT, project=project, created_by=people["operator"], data={"mode": "canary"})
    assert sign_in("operator").get(ACTS["wizard"]).status_code == 200
    assert sign_in("lead").get(ACTS["wizard"]).status_code == 404


def test_a_release_is_not_reached_through_another_project(
    release: Release, people: dict[str, User], sign_in: SignIn
) -> None:
    other = Project.objects.create(name="other", namespace="other")
    other.memberships.create(user=people["stranger"], role="admin")
    assert sign_in("stranger").get(f"/p/other/releases/{release.pk}/").status_code == 404
    assert sign_in("stranger").post(f"/p/other/releases/{release.pk}/roll-back/").status_code == 404


@pytest.mark.parametrize("path", [*ACTS.values(), *POSTS.values(), "/theme/", "/language/", "/sign-out/"])
def test_a_post_without_the_token_is_refused(path: str, release: Release, people: dict[str, User]) -> None:
    browser = Client(enforce_csrf_checks=True, raise_request_exception=False)
    browser.force_login(people["operator"])
    answer = browser.post(path_of(path, release), {"share": 80})
    assert answer.status_code == 403
    assert b"This form was out of date" in answer.content
