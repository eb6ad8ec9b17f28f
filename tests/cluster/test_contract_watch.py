"""What every cluster promises of its watches; see `test_contract`."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from itertools import islice
from time import monotonic

import pytest

from grayrelease.cluster.interface import Change, Cluster, Expired
from grayrelease.cluster.memory import Memory
from tests.cluster.contract import of
from tests.cluster.test_contract import config, route


def told(changes: Iterator[Change], number: int) -> list[tuple[str, str]]:
    """Return type and name of the next changes, without bookmarks."""
    real = (each for each in changes if each.type != "BOOKMARK")
    return [(each.type, each.manifest["metadata"]["name"]) for each in islice(real, number)]


def test_a_watch_tells_what_came_after_the_listing_in_order(cluster: Cluster, namespace: str) -> None:
    cluster.create(config(namespace, "before"))
    listing = cluster.listing("ConfigMap", namespace)
    assert "before" in [item["metadata"]["name"] for item in listing.items]
    made = cluster.create(config(namespace, "one"))
    changed = deepcopy(made)
    changed["data"] = {"n": "2"}
    now = cluster.replace(changed)
    cluster.delete("ConfigMap", namespace, "one", **of(now))
    changes = cluster.watch("ConfigMap", namespace, listing.version, 5)
    assert told(changes, 3) == [("ADDED", "one"), ("MODIFIED", "one"), ("DELETED", "one")]


def test_a_watch_goes_on_from_any_change_with_whole_objects(cluster: Cluster, namespace: str) -> None:
    version = cluster.listing("VirtualService", namespace).version
    made = cluster.create(route(namespace))
    [first] = islice(cluster.watch("VirtualService", namespace, version, 5), 1)
    assert first.manifest == made
    assert first.version == made["metadata"]["resourceVersion"]
    cluster.delete("VirtualService", namespace, "reviews", **of(made))
    assert told(cluster.watch("VirtualService", namespace, first.version, 5), 1) == [("DELETED", "reviews")]


def test_a_watch_of_all_namespaces_tells_of_this_one(cluster: Cluster, namespace: str) -> None:
    version = cluster.listing("VirtualService", "").version
    cluster.create(route(namespace))
    changes = cluster.watch("VirtualService", "", version, 5)
    assert namespace in [each.manifest["metadata"]["namespace"] for each in islice(changes, 1)]


def test_a_watch_hears_what_happens_while_it_is_open_and_ends_in_time(
    cluster: Cluster, namespace: str
) -> None:
    changes = cluster.watch("ConfigMap", namespace, cluster.listing("ConfigMap", namespace).version, 1)
    began = monotonic()
    cluster.create(config(namespace))
    assert ("ADDED", "one") in told(changes, 5)
    assert 0.5 < monotonic() - began < 4


def test_a_version_that_is_no_longer_held_has_expired(cluster: Cluster, namespace: str) -> None:
    cluster.create(config(namespace))
    if isinstance(cluster, Memory):
        cluster.happened.forget()
    with pytest.raises(Expired, match="too old resource version"):
        list(cluster.watch("ConfigMap", namespace, "1", 1))
