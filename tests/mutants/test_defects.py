"""The defects of `make mutants` can still be planted: what they exchange stands in the sources."""

from __future__ import annotations

import ast

import pytest

from tests.mutants.defects import ROOT, Defect, defects


@pytest.mark.parametrize("defect", defects(), ids=lambda each: each.name)
def test_it_can_be_planted(defect: Defect) -> None:
    source = (ROOT / defect.file).read_text()
    planted = defect.planted(source)
    assert ast.dump(ast.parse(planted)) != ast.dump(ast.parse(source))


def test_there_are_enough_and_each_has_a_name_of_its_own() -> None:
    names = [each.name for each in defects()]
    assert len(names) == len(set(names)) >= 15
