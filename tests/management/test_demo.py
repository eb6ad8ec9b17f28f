"""The demo's users have a password that everybody knows: outside the demo nothing runs with them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import connection
from pytest_django.fixtures import Settings

from grayrelease import demo_users
from grayrelease.models import Membership, Project

ROOT = Path(__file__).resolve().parents[2]
STARTS = (
    "-m gunicorn grayrelease.wsgi --bind 127.0.0.1:0 --no-control-socket",
    "-m celery -A grayrelease.celery worker -Q nothing -c 1",
    "-m celery -A grayrelease.celery beat --pidfile= -S celery.beat:Scheduler",
    "manage.py driver",
)
RANDOM = "k7Qd0-vXz4_hTn2WmB9rYc5sLf8aJe1GpUo3"


@pytest.fixture
def outside(settings: Settings) -> Settings:
    """A deployment: DEMO is unset, the secret is a random one."""
    settings.DEMO, settings.SECRET_KEY = False, RANDOM
    return settings


def test_the_demos_data_is_made_in_the_demo_only(db: None, outside: Settings) -> None:
    with pytest.raises(CommandError, match="only with DEMO=1"):
        call_command("demo_data")
    assert not User.objects.exists()
    assert not Project.objects.exists()


def test_the_demos_data_made_twice_is_made_once(db: None) -> None:
    call_command("demo_data")
    User.objects.get(username="viewer").memberships.update(role="lead")
    call_command("demo_data")
    assert sorted(demo_users.demo_users()) == ["admin", "lead", "operator", "viewer"]
    assert Membership.objects.get(user__username="viewer").role == "lead"


def test_the_demo_runs_with_its_users(db: None) -> None:
    call_command("demo_data")
    demo_users.refuse()
    assert demo_users.demo_users()


def test_a_deployment_does_not_run_with_the_demos_users(db: None, outside: Settings) -> None:
    User.objects.create_user("lead", password="demo")
    with pytest.raises(ImproperlyConfigured, match="users lead have the password that everybody knows"):
        demo_users.refuse()


def test_it_runs_once_they_are_gone_locked_or_have_another_password(db: None, outside: Settings) -> None:
    User.objects.create_user("lead", password="brown-horse-57")
    User.objects.create_user("viewer", password="demo", is_active=False)
    User.objects.create_user("operator", password="demo").delete()
    demo_users.refuse()
    assert demo_users.demo_users() == []


@pytest.mark.parametrize(
    "secret", ["django-insecure-" + RANDOM, "changeme" * 5, "Secret" + RANDOM, "ab" * 20]
)
def test_a_deployment_does_not_run_with_a_secret_that_can_be_guessed(
    db: None, outside: Settings, secret: str
) -> None:
    outside.SECRET_KEY = secret
    with pytest.raises(ImproperlyConfigured, match="SECRET_KEY is a well-known or too simple one"):
        demo_users.refuse()


@pytest.mark.processes
@pytest.mark.parametrize("words", STARTS)
def test_a_process_that_serves_or_works_ends_at_its_start(
    transactional_db: None, settings: Settings, words: str
) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]  # as the process has
    User.objects.create_user("operator", password="demo")
    there = connection.settings_dict
    where = f"{there['HOST']}:{there['PORT']}/{there['NAME']}"
    url = f"postgresql://{there['USER']}:{there['PASSWORD']}@{where}"
    environment = {**os.environ, "DEMO": "", "SECRET_KEY": RANDOM, "DATABASE_URL": url}
    command = [sys.executable, *words.split()]
    ended = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=30, check=False
    )
    assert ended.returncode != 0
    assert "The demo's users operator have the password that everybody knows" in ended.stderr
