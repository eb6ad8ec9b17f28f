"""Documents compared whole: with a file beside the tests, which `make golden` writes anew."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Golden = Callable[[str, Any], None]
FOLDER = Path(__file__).parent / "golden"


@pytest.fixture
def golden() -> Golden:
    """Compare a JSON value with golden/<name>.json."""

    def compare(name: str, value: Any) -> None:
        path, text = FOLDER / f"{name}.json", json.dumps(value, indent=2, ensure_ascii=False) + "\n"
        if os.environ.get("GOLDEN") == "rewrite":
            path.write_text(text)
        assert path.exists(), f"{path.name} is missing: make golden"
        assert text == path.read_text()

    return compare
