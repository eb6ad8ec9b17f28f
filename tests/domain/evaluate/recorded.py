"""Istio's recorded routing, for tests: cases with their rows."""

from __future__ import annotations

import importlib.util
import json
import sys
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ECHO = "x-echo-status"
"""The header that tells the recordings' upstream server with which status to answer."""


@cache
def comparison(folder: Path) -> ModuleType:
    """Load the recordings' own comparison."""
    spec = importlib.util.spec_from_file_location("istio_routing_compare", folder / "compare.py")
    if spec is None or spec.loader is None:
        pytest.fail("compare.py can't be loaded")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def validated(folder: Path) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = json.loads((folder / "validation.json").read_text())
    return told


def upstream(row: dict[str, Any]) -> int:
    return int(row["headers"].get(ECHO, "200"))
