"""What reaches Envoy's files when, by a clock of the tests' own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from grayrelease.sandbox.mesh.feed import Feed
from grayrelease.sandbox.mesh.files import ResourceFiles
from grayrelease.sandbox.mesh.lag import parse
from grayrelease.sandbox.mesh.translate.proxies import Configuration

JSON = dict[str, Any]


def cluster(name: str) -> JSON:
    return {"name": name, "type": "EDS"}


def assignment(name: str, *ports: int) -> JSON:
    return {"cluster_name": name, "endpoints": list(ports)}


def configuration(
    clusters: list[str], weights: int = 0, pods: tuple[str, ...] = (), ports: tuple[int, ...] = (1,)
) -> Configuration:
    inbound = {f"inbound|{pod}": {"name": f"inbound|{pod}", "type": "STATIC"} for pod in pods}
    return Configuration(
        clusters={name: cluster(name) for name in clusters} | inbound,
        endpoints={name: assignment(name, *ports) for name in clusters},
        routes={"table": {"name": "table", "weights": weights}},
        listeners={f"listener-{pod}": {"name": f"listener-{pod}"} for pod in pods},
    )


def feed(folder: Path, lag: str, before: Configuration) -> Feed:
    made = Feed(ResourceFiles(folder), parse(lag), seed="1")
    made.start(before)
    return made


def names(folder: Path, kind: str) -> list[str]:
    path = folder / kind / f"{kind}.json"
    return [resource["name"] for resource in json.loads(path.read_text())["resources"]]


def endpoints(folder: Path, name: str) -> list[int]:
    resources = json.loads((folder / "eds" / f"{name}.json").read_text())["resources"]
    return list(resources[0]["endpoints"])


def weights(folder: Path) -> int:
    return int(json.loads((folder / "rds" / "table.json").read_text())["resources"][0]["weights"])


def test_a_proxy_starts_with_everything_whatever_the_lag(tmp_path: Path) -> None:
    feed(tmp_path, "5", configuration(["v1"], weights=3, pods=("a",)))
    assert names(tmp_path, "cds") == ["v1", "inbound|a"]
    assert names(tmp_path, "lds") == ["listener-a"]
    assert (endpoints(tmp_path, "v1"), weights(tmp_path)) == ([1], 3)


def test_without_lag_a_change_is_written_at_once(tmp_path: Path) -> None:
    made = feed(tmp_path, "", configuration(["v1"]))
    made.change(configuration(["v1", "v2"], weights=1), now=0)
    made.flush(now=0)
    assert names(tmp_path, "cds") == ["v1", "v2"]
    assert (endpoints(tmp_path, "v2"), weights(tmp_path)) == ([1], 1)
    assert made.due is None


def test_each_kind_is_as_late_as_its_lag(tmp_path: Path) -> None:
    made = feed(tmp_path, "routes=0,clusters=2,endpoints=1", configuration(["v1"]))
    made.change(configuration(["v1", "v2"], weights=1, ports=(1, 2)), now=0)
    made.flush(now=0)
    assert (weights(tmp_path), names(tmp_path, "cds"), endpoints(tmp_path, "v1")) == (1, ["v1"], [1])
    assert made.due == 1
    made.flush(now=1)
    assert (names(tmp_path, "cds"), endpoints(tmp_path, "v1")) == (["v1"], [1, 2])
    made.flush(now=2)
    assert names(tmp_path, "cds") == ["v1", "v2"]


def test_a_cluster_never_comes_before_the_file_of_its_endpoints(tmp_path: Path) -> None:
    made = feed(tmp_path, "endpoints=3", configuration(["v1"]))
    made.change(configuration(["v1", "v2"]), now=0)
    made.flush(now=0)
    assert names(tmp_path, "cds") == ["v1", "v2"]
    assert endpoints(tmp_path, "v2") == []
    made.flush(now=3)
    assert endpoints(tmp_path, "v2") == [1]


def test_a_new_pods_own_proxy_is_not_late(tmp_path: Path) -> None:
    made = feed(tmp_path, "5", configuration(["v1"]))
    made.change(configuration(["v1", "v2"], pods=("a",)), now=0)
    made.flush(now=0)
    assert names(tmp_path, "lds") == ["listener-a"]
    assert names(tmp_path, "cds") == ["v1", "inbound|a"]


def test_a_pod_that_takes_over_an_address_keeps_its_listener(tmp_path: Path) -> None:
    made = feed(tmp_path, "2", configuration(["v1"], pods=("a",)))
    made.change(configuration(["v1"]), now=0)
    made.flush(now=0)
    made.change(configuration(["v1"], pods=("a",)), now=1)
    made.flush(now=1)
    made.flush(now=9)
    assert names(tmp_path, "lds") == ["listener-a"]
    assert names(tmp_path, "cds") == ["v1", "inbound|a"]


def test_endpoints_files_go_after_the_cluster(tmp_path: Path) -> None:
    made = feed(tmp_path, "clusters=1", configuration(["v1", "v2"]))
    made.change(configuration(["v1"]), now=0)
    made.flush(now=0)
    made.drop_unused_endpoints()
    assert (tmp_path / "eds" / "v2.json").exists()
    made.flush(now=1)
    made.drop_unused_endpoints()
    assert not (tmp_path / "eds" / "v2.json").exists()


def test_what_did_not_change_is_not_written_again(tmp_path: Path) -> None:
    made = feed(tmp_path, "", configuration(["v1"]))
    before = dict(made.files.versions)
    made.change(configuration(["v1"], weights=1), now=0)
    made.flush(now=0)
    changed = [path.name for path, version in made.files.versions.items() if before[path] != version]
    assert changed == ["table.json"]
