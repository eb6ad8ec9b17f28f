"""What the pages say while the cluster can't be read or written: since when, of what kind, and what helps."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from grayrelease.models import Release, Target
from tests.domain.test_failing import ENDING, LISTS

SIGN_IN = "The API server does not accept our credentials: Unauthorized"
SAID = [
    (SIGN_IN, "refuses our sign-in: the token has expired", "that is noticed without a restart"),
    (LISTS, "doesn’t allow us to list deployments in demo", "binds the role of deploy/rbac.yaml"),
    (ENDING, "The namespace demo is being deleted", "forgets the releases that are live"),
    ("connection refused", "API server: no answer for", "looks at the API server"),
]


def failing(error: str) -> None:
    Target.objects.update(error=error, failing_since=timezone.now() - timedelta(days=3))


@pytest.mark.parametrize(("error", "says", "helps"), SAID)
def test_the_release_says_since_when_of_what_kind_and_what_helps(
    error: str, says: str, helps: str, release: Release, operator: Client
) -> None:
    failing(error)
    text = operator.get(f"/p/demo/releases/{release.pk}/").content.decode()
    assert says in text and helps in text and "Visitors’ traffic stays as it was set" in text
    assert 'data-since="2592' in text or "72 h" in text or "3 d" in text


@pytest.mark.parametrize(("error", "says"), [each[:2] for each in SAID[:3]])
def test_the_list_says_it_too(error: str, says: str, release: Release, operator: Client) -> None:
    failing(error)
    assert says in operator.get("/p/demo/releases/").content.decode()
