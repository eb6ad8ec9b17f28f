"""Patches and selectors, as pure functions."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grayrelease.sandbox.apiserver import patches, schema, selectors, strategic
from grayrelease.sandbox.apiserver.errors import ApiError

DEPLOYMENT = schema.builtin("apps/v1", "Deployment")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text(max_size=3), below, max_size=3),
    max_leaves=10,
)


def containers(*items: dict[str, Any]) -> dict[str, Any]:
    return {"spec": {"template": {"spec": {"containers": list(items)}}}}


def test_strategic_patches_merge_containers_by_name() -> None:
    live = containers({"name": "app", "image": "a:1", "env": [{"name": "A", "value": "1"}]})
    patched = strategic.patched(live, containers({"name": "app", "image": "a:2"}), DEPLOYMENT)
    assert patched == containers({"name": "app", "image": "a:2", "env": [{"name": "A", "value": "1"}]})


def test_new_items_go_in_front_and_order_can_be_set() -> None:
    live = containers({"name": "app"})
    patched = strategic.patched(live, containers({"name": "side"}), DEPLOYMENT)
    assert patched == containers({"name": "side"}, {"name": "app"})
    patch = containers({"name": "side"})
    patch["spec"]["template"]["spec"]["$setElementOrder/containers"] = [{"name": "app"}, {"name": "side"}]
    assert strategic.patched(live, patch, DEPLOYMENT) == containers({"name": "app"}, {"name": "side"})


def test_items_without_their_merge_key_are_refused() -> None:
    with pytest.raises(strategic.PatchRefused, match="merge key: name"):
        strategic.patched(containers({"name": "app"}), containers({"image": "x"}), DEPLOYMENT)


def test_patches_leave_what_they_are_given_alone() -> None:
    live = containers({"name": "app", "image": "a:1"})
    strategic.patched(live, containers({"name": "app", "image": "a:2"}), DEPLOYMENT)
    patches.merge_patched(live, {"spec": None})
    patches.json_patched(live, [{"op": "remove", "path": "/spec"}])
    assert live == containers({"name": "app", "image": "a:1"})


@given(JSON)
def test_a_json_patch_of_the_whole_is_what_it_says(value: Any) -> None:
    assert patches.json_patched({"a": 1}, [{"op": "replace", "path": "", "value": value}]) == value


@given(JSON, JSON)
def test_a_merge_patch_done_twice_is_done_once(value: Any, patch: Any) -> None:
    once = patches.merge_patched(value, patch)
    assert patches.merge_patched(once, patch) == once


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "test", "path": "/a", "value": 2},
        {"op": "remove", "path": "/b"},
        {"op": "add", "path": "/l/9", "value": 1},
        {"op": "copy", "from": "/b", "path": "/c"},
        {"op": "burn", "path": "/a"},
        {"op": "add", "path": "/a"},
    ],
)
def test_operations_that_cannot_be_carried_out_fail(operation: dict[str, Any]) -> None:
    with pytest.raises(patches.PatchFailed):
        patches.json_patched({"a": 1, "l": []}, [operation])


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("app=x", {"one"}),
        ("app==x,tier!=web", {"one"}),
        ("app!=x", {"two", "bare"}),
        ("app in (x, y)", {"one", "two"}),
        ("app notin (x)", {"two", "bare"}),
        ("app", {"one", "two"}),
        ("!app", {"bare"}),
        ("app=", set()),
        ("", {"one", "two", "bare"}),
    ],
)
def test_label_selectors_choose_objects(selector: str, expected: set[str]) -> None:
    labels = {"one": {"app": "x", "tier": "db"}, "two": {"app": "y", "tier": "web"}, "bare": {}}
    test = selectors.labels_test(selector)
    assert {name for name, held in labels.items() if test({"metadata": {"labels": held}})} == expected


@pytest.mark.parametrize("selector", ["app in (x", "a=b=c", "=x", "a>b", ",", "a in x"])
def test_broken_label_selectors_are_bad_requests(selector: str) -> None:
    with pytest.raises(ApiError) as refusal:
        selectors.labels_test(selector)
    assert refusal.value.code == 400
