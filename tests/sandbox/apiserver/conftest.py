"""An API server of its own for each module that asks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sandbox.apiserver.api_process import ApiProcess


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiProcess]:
    with ApiProcess(tmp_path_factory.mktemp("api")) as api:
        yield api


@pytest.fixture
def fresh_api(tmp_path: Path) -> Iterator[ApiProcess]:
    with ApiProcess(tmp_path / "api") as api:
        yield api
