from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError
from django.test import Client, RequestFactory
from pytest_django.fixtures import Settings

from demo.ports import free_port
from grayrelease.models import Project
from grayrelease.views import errors

ROOT = Path(__file__).resolve().parents[2]
ELSEWHERE = ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)", ""]
ASK = """
import time, django; django.setup()
from django.conf import settings
settings.STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
from django.test import Client
client = Client(raise_request_exception=False)
client.cookies["sessionid"] = "x" * 32
client.get("/", headers={"host": "localhost"})  # the first one imports everything
for path in ("/", "/p/demo/", "/p/demo/releases/1/"):
    start = time.monotonic()
    answer = client.get(path, headers={"host": "localhost"})
    said = "The database does not answer" in answer.content.decode()
    print(path, answer.status_code, time.monotonic() - start < 2, said)
"""


def test_demo_users_are_shown_in_the_demo_only(db: None, client: Client, settings: Settings) -> None:
    settings.DEMO = True
    assert "Demo accounts" in client.get("/sign-in/").content.decode()
    settings.DEMO = False
    text = client.get("/sign-in/").content.decode()
    assert "Demo accounts" not in text
    assert "operator" not in text


def test_one_signs_in_and_comes_to_the_project(people: dict[str, User], client: Client) -> None:
    answer = client.post("/sign-in/", {"username": "operator", "password": "demo"}, follow=True)
    assert answer.redirect_chain[-1][0] == "/p/demo/"


def test_a_wrong_password_is_said_and_the_name_stays(people: dict[str, User], client: Client) -> None:
    text = client.post("/sign-in/", {"username": "operator", "password": "no"}).content.decode()
    assert "Name and password don’t match." in text
    assert 'value="operator"' in text


def test_signing_out_needs_a_post(operator: Client) -> None:
    assert operator.get("/sign-out/").status_code == 405
    assert operator.post("/sign-out/")["Location"] == "/sign-in/"
    assert operator.get("/p/demo/").status_code == 302


def test_who_is_in_no_project_is_told_so(people: dict[str, User], sign_in: Callable[[str], Client]) -> None:
    assert "You are in no project yet" in sign_in("stranger").get("/").content.decode()


@pytest.mark.parametrize("wanted", ELSEWHERE)
def test_signing_in_never_leads_elsewhere(wanted: str, people: dict[str, User], client: Client) -> None:
    answer = client.post("/sign-in/", {"username": "operator", "password": "demo", "next": wanted})
    assert answer["Location"] == "/"


@pytest.mark.parametrize("wanted", ELSEWHERE)
@pytest.mark.parametrize("form", ["/theme/", "/language/"])
def test_theme_and_language_never_lead_elsewhere(form: str, wanted: str, db: None, client: Client) -> None:
    answer = client.post(form, {"next": wanted, "theme": "dark", "language": "zh-hans"})
    assert (answer.status_code, answer["Location"]) == (302, "/")


def test_the_server_writes_the_theme_that_was_chosen(project: Project, operator: Client) -> None:
    assert "data-bs-theme" not in operator.get("/p/demo/").content.decode()
    answer = operator.post("/theme/", {"theme": "dark", "next": "/p/demo/releases/"})
    assert answer["Location"] == "/p/demo/releases/"
    assert 'data-bs-theme="dark"' in operator.get("/p/demo/").content.decode()
    operator.post("/theme/", {"theme": ""})
    assert "data-bs-theme" not in operator.get("/p/demo/").content.decode()


def test_an_invented_theme_is_no_theme(project: Project, operator: Client) -> None:
    operator.cookies["theme"] = '"><script>'
    assert "script>" not in operator.get("/p/demo/").content.decode().split("<head>")[0]


def test_chinese_is_chosen_without_a_script(project: Project, operator: Client) -> None:
    operator.post("/language/", {"language": "zh-hans", "next": "/p/demo/"})
    text = operator.get("/p/demo/").content.decode()
    assert '<html lang="zh-hans"' in text
    assert "概览" in text
    operator.post("/language/", {"language": "en"})


def test_pages_carry_the_content_security_policy(project: Project, operator: Client) -> None:
    policy = operator.get("/p/demo/")["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy


def test_what_is_not_there_and_what_breaks_have_pages_of_ours(project: Project, operator: Client) -> None:
    answer = operator.get("/p/demo/nothing/")
    assert answer.status_code == 404
    assert "There is no such page" in answer.content.decode()
    try:
        raise ValueError("a defect")
    except ValueError:
        answer = errors.broken(RequestFactory().get("/"))
    assert answer.status_code == 500
    assert "Something broke on our side" in answer.content.decode()


def test_a_missing_database_is_503_not_500() -> None:
    try:
        raise OperationalError("gone")
    except OperationalError:
        answer = errors.broken(RequestFactory().get("/p/demo/"))
    assert (answer.status_code, answer["Retry-After"]) == (503, "2")
    assert "it stays as it was set" in answer.content.decode()


@pytest.mark.processes
def test_without_postgresql_every_page_says_so_within_two_seconds() -> None:
    address = f"postgresql://nobody:x@127.0.0.1:{free_port()}/none"
    environment = {**os.environ, "DATABASE_URL": address}
    asked = subprocess.run(
        [sys.executable, "-c", ASK], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert asked.stdout.splitlines() == [
        f"{path} 503 True True" for path in ("/", "/p/demo/", "/p/demo/releases/1/")
    ]
