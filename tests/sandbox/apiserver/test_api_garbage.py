"""Whatever is sent, the answer is one that Kubernetes could give: stored, or refused with a Status."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from grayrelease.sandbox.apiserver import forms, patching
from grayrelease.sandbox.apiserver.builtin import BUILTIN
from grayrelease.sandbox.apiserver.catalogue import Catalogue
from grayrelease.sandbox.apiserver.errors import ApiError
from grayrelease.sandbox.apiserver.place import Place
from grayrelease.sandbox.apiserver.query import WriteOptions
from grayrelease.sandbox.apiserver.server import furnish
from grayrelease.sandbox.apiserver.store import Store
from grayrelease.sandbox.apiserver.writes import Writer
from tests.depth import tried
from tests.sandbox.apiserver.api_process import config_map, deployment, virtual_service

SERVICE = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "s", "labels": {"a": "b"}, "finalizers": ["example.com/x"]},
    "spec": {"selector": {"a": "b"}, "ports": [{"name": "http", "port": 80}], "type": "NodePort"},
}
DEFINITION = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "as.example.com"},
    "spec": {
        "group": "example.com",
        "scope": "Namespaced",
        "names": {"plural": "as", "kind": "A"},
        "versions": [{"name": "v1", "served": True, "storage": True, "schema": {}}],
    },
}
MANIFESTS = [config_map("c", a="1"), deployment("d"), virtual_service("v"), SERVICE, DEFINITION]
JUNK = st.sampled_from([None, 0, -1, 1.5, "", "x", True, [], {}, [1], ["a"], {"a": 1}, [None], [{}], [[]]])
PATCHES = (patching.MERGE_PATCH, patching.STRATEGIC_PATCH, patching.APPLY_PATCH)


@pytest.fixture(scope="module")
def writer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Writer]:
    store = Store(tmp_path_factory.mktemp("store") / "journal.jsonl")
    furnish(store, with_gateway_api=False)
    yield Writer(store)
    store.close()


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """All paths to members and items of a value."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in items:
        yield (*path, key)
        yield from places(part, (*path, key))


@st.composite
def spoiled(draw: st.DrawFn) -> tuple[dict[str, Any], dict[str, Any]]:
    """A manifest, and the same with up to two parts of it replaced by something else."""
    whole = draw(st.sampled_from(MANIFESTS))
    broken = copy.deepcopy(whole)
    for _ in range(draw(st.integers(0, 2))):
        *way, last = draw(st.sampled_from(list(places(broken))))
        here: Any = broken
        for key in way:
            here = here[key]
        here[last] = copy.deepcopy(draw(JUNK))
    return whole, broken


def place_of(writer: Writer, manifest: dict[str, Any], named: bool) -> Place:
    group, _, version = manifest["apiVersion"].rpartition("/")
    resources = Catalogue(writer.store).resources()
    found = next(each for each in resources if (each.group, each.kind) == (group, manifest["kind"]))
    namespace = "default" if found.namespaced else ""
    return Place(found, version, namespace, manifest["metadata"]["name"] if named else "")


@tried(200, HealthCheck.function_scoped_fixture)
@given(spoiled(), st.sampled_from(["create", "replace", *PATCHES]))
def test_broken_bodies_are_refused_in_kubernetes_words(
    writer: Writer, manifests: tuple[dict[str, Any], dict[str, Any]], deed: str
) -> None:
    whole, broken = manifests
    place = place_of(writer, whole, named=deed != "create")
    text = json.dumps(broken).encode()
    options = WriteOptions(field_manager="tester", manager_given=True)
    try:
        if deed == "create":
            done = patching.create(writer, place, text, options)
        elif deed == "replace":
            done = patching.replace(writer, place, text, options)
        else:
            done = patching.patch(writer, place, deed, text, options)
    except ApiError as refusal:
        assert isinstance(refusal.body, dict)
        assert (refusal.body["kind"], refusal.body["code"]) == ("Status", refusal.code)
    else:
        table = forms.one(done.item, place, forms.Form("Table"))
        assert len(table["rows"][0]["cells"]) == len(table["columnDefinitions"])


def test_every_builtin_type_has_a_schema() -> None:
    kinds = [each.schema(version)["type"] for each in BUILTIN for version in each.versions]
    assert set(kinds) == {"object"}
