"""A release's pages, asked for as operator."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from django.test import Client

from grayrelease.models import Release
from tests.world import person

Made = Callable[[str], Release]


def browser(name: str = "operator") -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(person(name))
    return client


def address(release: Release, deed: str = "") -> str:
    return f"/p/demo/releases/{release.pk}/{deed + '/' if deed else ''}"


def shown(release: Release, deed: str = "", **query: Any) -> str:
    answer = browser().get(address(release, deed), query)
    assert answer.status_code == 200
    return re.sub("[ \n]+", " ", answer.content.decode())


def post(release: Release, deed: str, **fields: Any) -> int:
    release.target.refresh_from_db()
    typed = {"generation": release.target.generation, **fields}
    status: int = browser().post(address(release, deed), typed).status_code
    release.refresh_from_db()
    return status
