"""A stream keeps what a cluster in memory has, whatever becomes of its watches."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from grayrelease.cluster.interface import ClusterError, Refused, Unreachable
from grayrelease.cluster.memory import Memory
from grayrelease.cluster.stream import Heard, Rhythm, Stream
from grayrelease.cluster.streams import Kept, Streams
from grayrelease.domain.plan import Manifest

QUICK = Rhythm(watch=1, lists=0.02, refused=0.05, first_pause=0.01, longest_pause=0.05)


def config(name: str, value: str = "1") -> Manifest:
    return {"kind": "ConfigMap", "metadata": {"name": name, "namespace": "demo"}, "data": {"n": value}}


@dataclass
class Kitchen:
    """A cluster, a stream of its ConfigMaps, and what the stream told."""

    cluster: Memory = field(default_factory=Memory)
    heard: list[Heard] = field(default_factory=list)
    rhythm: Rhythm = QUICK

    def stream(self) -> Stream:
        self.made = Stream(lambda: self.cluster, "ConfigMap", "demo", self.heard.append, self.rhythm)
        return self.made.start()

    def names(self) -> dict[str, str]:
        """Return what is kept, by name; empty where it can't be read."""
        try:
            return {each["metadata"]["name"]: each["data"]["n"] for each in self.made.read()}
        except ClusterError:
            return {}

    def change(self, name: str, value: str) -> None:
        self.cluster.edit("ConfigMap", "demo", name, lambda each: each["data"].update(n=value))

    def watching(self) -> bool:
        return self.cluster.happened.open > 0


@pytest.fixture
def kitchen() -> Iterator[Kitchen]:
    made = Kitchen()
    made.cluster.seed(config("one"))
    yield made
    made.made.stop()
    made.cluster.happened.cut()


def until(condition: Callable[[], object], within_s: float = 10) -> None:
    end = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.002)


def test_it_keeps_what_comes_changes_and_goes(kitchen: Kitchen) -> None:
    kitchen.stream()
    until(kitchen.watching)
    kitchen.cluster.seed(config("two"))
    until(lambda: kitchen.names() == {"one": "1", "two": "1"})
    kitchen.change("one", "2")
    until(lambda: kitchen.names() == {"one": "2", "two": "1"})
    kitchen.cluster.remove("ConfigMap", "demo", "two")
    until(lambda: kitchen.names() == {"one": "2"})
    told = [(bool(each.before), bool(each.after), each.told) for each in kitchen.heard]
    assert told[0] == (False, True, False)
    assert told[-1] == (True, False, True)


def test_a_watch_that_is_cut_loses_nothing(kitchen: Kitchen) -> None:
    kitchen.stream()
    for number in range(200):
        kitchen.change("one", str(number))
        if number % 20 == 0:
            until(kitchen.watching)
            kitchen.cluster.happened.cut()
    until(lambda: kitchen.names() == {"one": "199"})
    values = [each.after["data"]["n"] for each in kitchen.heard if each.after and each.told]
    assert values[-1] == "199"
    assert values == sorted(values, key=int)


def test_a_version_that_has_expired_is_listed_anew_and_what_differs_is_told(kitchen: Kitchen) -> None:
    kitchen.stream()
    until(kitchen.watching)
    kitchen.cluster.faults.down = True
    kitchen.cluster.happened.cut()
    until(lambda: not kitchen.watching())
    kitchen.change("one", "7")
    kitchen.cluster.seed(config("two"))
    kitchen.cluster.happened.forget()
    kitchen.cluster.faults.down = False
    until(lambda: kitchen.names() == {"one": "7", "two": "1"})
    assert {each.after["metadata"]["name"] for each in kitchen.heard[1:] if each.after} == {"one", "two"}
    assert not any(each.told for each in kitchen.heard)


def test_what_a_watch_does_not_tell_is_found_by_the_next_list(kitchen: Kitchen) -> None:
    kitchen.rhythm = Rhythm(watch=1, relist=0.1)
    kitchen.stream()
    until(kitchen.watching)
    with kitchen.cluster.happened.lock:
        kitchen.change("one", "9")
        kitchen.cluster.happened.changes.clear()
    until(lambda: kitchen.names() == {"one": "9"})


def test_where_watching_is_refused_it_lists_and_says_why(kitchen: Kitchen) -> None:
    kitchen.cluster.faults.fail_next(Refused("cannot watch resource"), verb="watch", times=10_000)
    kitchen.stream()
    until(lambda: kitchen.made.by_lists == "cannot watch resource")
    kitchen.change("one", "3")
    until(lambda: kitchen.names() == {"one": "3"})
    kitchen.cluster.faults.scripted.clear()
    until(kitchen.watching)
    assert kitchen.made.by_lists == ""


def test_a_cluster_that_is_away_is_not_read_until_it_is_back(kitchen: Kitchen) -> None:
    kitchen.stream()
    until(kitchen.watching)
    kitchen.cluster.faults.down = True
    kitchen.cluster.happened.cut()
    until(lambda: kitchen.made.broken)
    with pytest.raises(Unreachable, match="connection refused"):
        kitchen.made.read()
    kitchen.cluster.faults.down = False
    until(lambda: kitchen.names() == {"one": "1"})
    assert len(kitchen.heard) == 1


def test_a_list_that_is_refused_is_answered_as_the_cluster_does(kitchen: Kitchen) -> None:
    kitchen.cluster.faults.fail_next(Refused("cannot list resource"), verb="list", times=10_000)
    kitchen.stream()
    until(lambda: isinstance(kitchen.made.error, Refused))
    assert kitchen.made.answers
    with pytest.raises(Refused, match="cannot list resource"):
        kitchen.made.read()


def test_what_is_the_api_servers_own_is_no_news(kitchen: Kitchen) -> None:
    kitchen.stream()
    until(kitchen.watching)
    kitchen.cluster.edit(
        "ConfigMap", "demo", "one", lambda each: each["metadata"].update(managedFields=[{"manager": "x"}])
    )
    kitchen.change("one", "2")
    until(lambda: kitchen.names() == {"one": "2"})
    assert len(kitchen.heard) == 2


def test_there_are_no_more_watches_than_may_be(kitchen: Kitchen) -> None:
    kitchen.stream()
    streams = Streams(lambda: kitchen.cluster, kitchen.heard.append, QUICK, most=1)
    kept = Kept(streams)
    until(lambda: _reads(kept, "ConfigMap"))
    with pytest.raises(Unreachable, match="more than 1 watches"):
        kept.list("Pod", "demo")
    streams.stop()


def _reads(kept: Kept, kind: str) -> bool:
    try:
        return bool(kept.list(kind, "demo"))
    except Unreachable:
        return False
