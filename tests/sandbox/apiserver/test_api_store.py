"""The store: versions, history, and what is left of it on disk."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from grayrelease.sandbox.apiserver import journal as journal_module
from grayrelease.sandbox.apiserver import store as store_module
from grayrelease.sandbox.apiserver.changes import Change
from grayrelease.sandbox.apiserver.expiry import Expiry
from grayrelease.sandbox.apiserver.store import Store, TooOld

TABLE = "/configmaps"


def item(name: str, **data: str) -> dict[str, Any]:
    return {"metadata": {"namespace": "default", "name": name}, "data": data}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.jsonl"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    store = Store(path)
    yield store
    store.close()


def reopened(path: Path) -> Store:
    return Store(path)


def test_every_write_takes_the_next_version(store: Store) -> None:
    first = store.put(TABLE, item("a"))
    second = store.put(TABLE, item("b"))
    gone = store.remove(TABLE, first)
    versions = [int(each["metadata"]["resourceVersion"]) for each in (first, second, gone)]
    assert versions == [store_module.FIRST_VERSION + step for step in (1, 2, 3)]


def test_it_remembers_the_state_at_an_older_version(store: Store) -> None:
    store.put(TABLE, item("a", n="1"))
    then = store.version
    store.put(TABLE, item("a", n="2"))
    store.put(TABLE, item("b"))
    assert {key[1]: each["data"] for key, each in store.at(TABLE, then).items()} == {"a": {"n": "1"}}


def test_it_says_what_changed_since_a_version(store: Store) -> None:
    store.put(TABLE, item("a"))
    then = store.version
    store.put(TABLE, item("a", n="2"))
    store.remove(TABLE, item("a", n="2"))
    assert [change.type for change in store.since(then)] == ["MODIFIED", "DELETED"]


def test_history_is_bounded(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_module, "HISTORY", 3)
    start = store.version
    for step in range(5):
        store.put(TABLE, item("a", n=str(step)))
    assert len(list(store.since(store.floor))) == 3
    with pytest.raises(TooOld):
        list(store.since(start))


def test_listeners_hear_changes_of_their_resource_until_they_stop(store: Store) -> None:
    heard: list[Change] = []
    stop = store.listen(TABLE, heard.append)
    store.put(TABLE, item("a"))
    store.put("/secrets", item("s"))
    stop()
    store.put(TABLE, item("b"))
    assert [change.item["metadata"]["name"] for change in heard] == ["a"]


def test_objects_version_and_history_survive_a_restart(store: Store, path: Path) -> None:
    store.put(TABLE, item("a"))
    then = store.version
    store.put(TABLE, item("b", n="1"))
    store.remove(TABLE, item("a"))
    again = reopened(path)
    assert again.version == store.version
    assert again.table(TABLE) == store.table(TABLE)
    assert list(again.since(then)) == list(store.since(then))
    again.close()


def test_a_line_torn_by_a_crash_is_cut_off(store: Store, path: Path) -> None:
    store.put(TABLE, item("a"))
    with path.open("ab") as file:
        file.write(b'{"version":999,"type":"ADDED","resou')
    again = reopened(path)
    assert again.version == store.version
    assert [key[1] for key in again.table(TABLE)] == ["a"]
    again.put(TABLE, item("b"))
    assert sorted(key[1] for key in reopened(path).table(TABLE)) == ["a", "b"]


def test_a_grown_journal_is_rewritten_without_losing_anything(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_module, "REWRITE_BYTES", 2000)
    monkeypatch.setattr(store_module, "HISTORY", 5)
    store = Store(path)
    for step in range(200):
        store.put(TABLE, item(f"m{step % 7}", n=str(step)))
    assert path.stat().st_size < 10_000
    again = reopened(path)
    assert again.table(TABLE) == store.table(TABLE)
    assert (again.version, again.floor) == (store.version, store.floor)


def test_events_go_an_hour_after_their_last_change(store: Store) -> None:
    expiry = Expiry(store)
    store.put("/events", item("old"))
    store.put(TABLE, item("a"))
    now = time.monotonic()
    expiry.sweep(now + 3500)
    assert [key[1] for key in store.table("/events")] == ["old"]
    expiry.sweep(now + 3700)
    assert list(store.table("/events")) == []
    assert [key[1] for key in store.table(TABLE)] == ["a"]
