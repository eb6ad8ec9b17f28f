"""Server-side apply and the booking of fields, as pure functions."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grayrelease.sandbox.apiserver import apply, fields, ownership, schema
from grayrelease.sandbox.apiserver.errors import ApiError
from grayrelease.sandbox.apiserver.ownership import Entry, Manager, Managers

SERVICE = schema.builtin("v1", "Service")
CONFIG_MAP = schema.builtin("v1", "ConfigMap")
ELEMENT = st.sampled_from(["f:a", "f:b", 'k:{"name":"x"}', 'v:"y"'])
PATHS = st.frozensets(st.lists(ELEMENT, min_size=1, max_size=4).map(tuple), max_size=8)
ALPHA, BETA = (Manager(name, "Apply", "v1") for name in ("alpha", "beta"))


def config(**data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": data}


def applied(
    live: dict[str, Any], wanted: dict[str, Any], who: Manager, owners: Managers, force: bool = False
) -> tuple[dict[str, Any], Managers]:
    return apply.applied(live, wanted, CONFIG_MAP, who, owners, force)


@given(PATHS)
def test_field_sets_survive_being_written_down(paths: fields.Fields) -> None:
    assert frozenset(fields.decode(fields.encode(paths))) == paths


def test_two_managers_keep_their_own_fields() -> None:
    first, owners = applied({}, config(a="1"), ALPHA, {})
    second, owners = applied(first, config(b="2"), BETA, owners)
    assert second["data"] == {"a": "1", "b": "2"}
    third, _ = applied(second, config(), ALPHA, owners)
    assert third["data"] == {"b": "2"}


def test_another_value_for_anothers_field_is_a_conflict() -> None:
    live, owners = applied({}, config(a="1"), ALPHA, {})
    with pytest.raises(ApiError) as conflict:
        applied(live, config(a="2"), BETA, owners)
    assert str(conflict.value) == 'Apply failed with 1 conflict: conflict with "alpha": .data.a'
    forced, owners = applied(live, config(a="2"), BETA, owners, force=True)
    assert forced["data"] == {"a": "2"}
    assert owners[ALPHA].owned == frozenset()


def test_shared_fields_stay_until_their_last_owner_lets_go() -> None:
    nothing = {key: part for key, part in config().items() if key != "data"}
    live, owners = applied({}, config(a="1"), ALPHA, {})
    live, owners = applied(live, config(a="1"), BETA, owners)
    live, owners = applied(live, nothing, ALPHA, owners)
    assert live["data"] == {"a": "1"}
    live, owners = applied(live, nothing, BETA, owners)
    assert "data" not in live


def test_keyed_items_merge_in_place_and_new_ones_follow() -> None:
    def service(*ports: dict[str, Any]) -> dict[str, Any]:
        return {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "s"},
            "spec": {"ports": list(ports)},
        }

    http = {"port": 80, "protocol": "TCP", "name": "http"}
    grpc = {"port": 81, "name": "grpc"}
    live, owners = apply.applied({}, service(http), SERVICE, ALPHA, {}, force=False)
    live, owners = apply.applied(live, service(grpc), SERVICE, BETA, owners, force=False)
    assert live["spec"]["ports"] == [http, grpc]
    live, owners = apply.applied(live, service(), SERVICE, ALPHA, owners, force=False)
    assert live["spec"]["ports"] == [grpc]


def test_updates_take_the_fields_they_change() -> None:
    live, owners = applied({}, config(a="1", b="1"), ALPHA, {})
    editor = Manager("editor", "Update", "v1")
    after = ownership.after_update(live, {**live, "data": {"a": "2", "b": "1"}}, CONFIG_MAP, editor, owners)
    assert after[editor].owned == {("f:data", "f:a")}
    assert after[ALPHA].owned == {("f:data", "f:b")}


def test_what_the_schema_does_not_declare_cannot_be_applied() -> None:
    with pytest.raises(ApiError) as refusal:
        apply.configuration({**config(), "colour": "blue"}, CONFIG_MAP, "ConfigMap")
    assert refusal.value.code == 500
    assert str(refusal.value).endswith(".colour: field not declared in schema")


def test_entries_that_own_nothing_are_not_written() -> None:
    assert ownership.write({ALPHA: Entry(frozenset())}) == []
