"""The project's measurable habits: sizes of files and functions, and what templates may hold."""

from __future__ import annotations

import ast
import re
import statistics
from collections.abc import Iterator
from functools import cache
from itertools import chain
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
TAG = re.compile(r"<[a-zA-Z][^<>]*>", re.DOTALL)
DJANGO = re.compile(r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}", re.DOTALL)
LOADS_BY_ITSELF = re.compile(r'hx-trigger="[^"]*\b(every|load|revealed)\b')


def sources(*folders: str) -> list[Path]:
    found = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    return [path for path in found if "migrations" not in path.parts]


def functions(paths: list[Path]) -> Iterator[tuple[str, int]]:
    return chain.from_iterable(map(functions_of, paths))


@cache
def functions_of(path: Path) -> list[tuple[str, int]]:
    return [
        (
            f"{path.relative_to(ROOT)}:{node.lineno} {node.name}",
            (node.end_lineno or node.lineno) - node.lineno + 1,
        )
        for node in statements(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]


def statements(node: ast.AST) -> Iterator[ast.AST]:
    """Go through all statements below a node; expressions hold none."""
    for part in ("body", "orelse", "handlers", "finalbody", "cases"):
        for below in getattr(node, part, ()):
            yield below
            yield from statements(below)


def tags() -> Iterator[tuple[str, str]]:
    for path in (ROOT / "templates").rglob("*.html"):
        for tag in TAG.findall(DJANGO.sub("", path.read_text())):
            yield str(path.relative_to(ROOT)), tag


def test_no_file_is_longer_than_300_lines() -> None:
    lengths = {path: len(path.read_text().splitlines()) for path in sources("grayrelease", "demo", "tests")}
    assert [f"{path.relative_to(ROOT)}: {lines}" for path, lines in lengths.items() if lines > 300] == []


def test_no_function_is_longer_than_50_lines() -> None:
    assert [each for each in functions(sources("grayrelease", "demo", "tests")) if each[1] > 50] == []


def test_half_of_the_functions_have_7_lines_at_most() -> None:
    assert statistics.median(lines for _, lines in functions(sources("grayrelease", "demo"))) <= 7


def test_what_htmx_fetches_on_a_click_is_a_link_without_it_too() -> None:
    fetching = [each for each in tags() if "hx-get" in each[1] and not LOADS_BY_ITSELF.search(each[1])]
    assert [each for each in fetching if not re.search(r"\b(href|action)=", each[1])] == []


@pytest.mark.parametrize("forbidden", [r"\sstyle=", r"\son[a-z]+=", r"^<style\b", r"^<script\b(?!.*\ssrc=)"])
def test_templates_hold_no_inline_style_or_script(forbidden: str) -> None:
    assert [each for each in tags() if re.search(forbidden, each[1], re.DOTALL)] == []
