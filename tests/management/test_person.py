"""`manage.py person`: somebody who can sign in."""

from __future__ import annotations

import io

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client

GOOD = "brown-horse-57"
pytestmark = pytest.mark.django_db


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def piped(monkeypatch: pytest.MonkeyPatch, text: str, name: str = "ann") -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(text))
    call_command("person", name, "--password-stdin", stdout=io.StringIO())


def typed(monkeypatch: pytest.MonkeyPatch, *answers: str) -> None:
    left = iter(answers)
    monkeypatch.setattr("sys.stdin", Terminal())
    monkeypatch.setattr("getpass.getpass", lambda prompt: next(left))
    call_command("person", "ann", stdout=io.StringIO())


def test_a_password_typed_twice_signs_in(monkeypatch: pytest.MonkeyPatch, client: Client) -> None:
    typed(monkeypatch, GOOD, GOOD)
    assert client.login(username="ann", password=GOOD)
    made = User.objects.get(username="ann")
    assert (made.is_staff, made.is_superuser) == (False, False)


def test_two_that_differ_make_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CommandError, match="not the same"):
        typed(monkeypatch, GOOD, GOOD + "!")
    assert not User.objects.exists()


def test_a_password_comes_from_the_first_line_of_the_input(
    monkeypatch: pytest.MonkeyPatch, client: Client
) -> None:
    piped(monkeypatch, f"{GOOD} \r\nmore\n")
    assert client.login(username="ann", password=f"{GOOD} ")


@pytest.mark.parametrize(
    ("password", "why"),
    [("", "too short"), ("horse", "too short"), ("password123", "too common"), ("annabella", "too similar")],
)
def test_a_weak_password_makes_nobody(monkeypatch: pytest.MonkeyPatch, password: str, why: str) -> None:
    with pytest.raises(CommandError, match=why):
        piped(monkeypatch, f"{password}\n", name="annabell")
    assert not User.objects.exists()


def test_a_name_that_cannot_be_one_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CommandError, match="valid username"):
        piped(monkeypatch, f"{GOOD}\n", name="ann=lead")
    assert not User.objects.exists()


def test_somebody_who_is_there_keeps_their_password(monkeypatch: pytest.MonkeyPatch, client: Client) -> None:
    piped(monkeypatch, f"{GOOD}\n")
    with pytest.raises(CommandError, match="ann is there already. .* changepassword ann"):
        piped(monkeypatch, "another-horse-58\n")
    assert client.login(username="ann", password=GOOD)


def test_without_a_terminal_it_says_how(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())
    with pytest.raises(CommandError, match="say --password-stdin"):
        call_command("person", "ann")
