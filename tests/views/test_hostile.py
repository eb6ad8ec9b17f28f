"""What nobody types, but somebody may send: it is answered, never a defect of ours."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.views.drafting import JASON, VERSION, Wizard
from tests.world import World

SENTENCE = "There is no http or https URL in it."
FIELDS = {
    "basic": {"name": "reviews-v2"},
    "service": {"service": "reviews"},
    "version": VERSION,
    "policy": {**JASON, "first": "audience", "part": "30"},
}


@pytest.mark.parametrize("step", FIELDS)
def test_a_nul_is_refused_with_a_page_and_nothing_is_lost(step: str, author: Client) -> None:
    wizard = Wizard(author, "canary")
    wizard.until_policy()
    before = wizard.draft.data
    answer = wizard.post(step, {**FIELDS[step], "name": "a\0b"})
    assert answer.status_code == 400
    assert "NUL character" in answer.content.decode()
    assert wizard.draft.data == before


@pytest.mark.parametrize("address", ["applications/a%00b/", "releases/?q=%00", "tester/?host=a%00"])
def test_a_nul_in_an_address_is_refused_too(address: str, author: Client) -> None:
    assert author.get(f"/p/demo/{address}").status_code == 400


def test_who_signs_in_with_one_is_refused(client: Client, world: World) -> None:
    assert client.post("/sign-in/", {"username": "a\0", "password": "b"}).status_code == 400


@pytest.mark.parametrize("url", ["[", "http://[::1/", "http://[x]/", "curl http://[", "curl 'http://a]/'"])
def test_brackets_that_are_no_address_are_said(url: str, author: Client) -> None:
    answer = author.post("/p/demo/tester/", {"by": "paste", "caller": "gateway", "pasted": url})
    assert answer.status_code == 422
    assert SENTENCE in answer.content.decode()
