"""Each fault of the API server, seen by a client, from its beginning to its end."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from grayrelease.sandbox.fault.__main__ import main
from grayrelease.sandbox.fault.asking import Asked, NotThere, Refused
from grayrelease.sandbox.fault.control import FILE
from grayrelease.sandbox.fault.faults import Fault
from tests.sandbox.apiserver.api_process import CONFIG_MAPS, ApiProcess, config_map

pytestmark = pytest.mark.processes
AT_ONCE_S = 0.1


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiProcess]:
    with ApiProcess(tmp_path_factory.mktemp("api")) as api:
        yield api


@pytest.fixture
def api(running: ApiProcess) -> Iterator[ApiProcess]:
    yield running
    Asked(running.data).clear("api")


@pytest.fixture
def faults(api: ApiProcess) -> Asked:
    return Asked(api.data)


def fault(api: ApiProcess, *words: str) -> int:
    """Run the command, in this process."""
    return main([*words, "--sandbox", str(api.data), "--demo", str(api.data)])


def get(api: ApiProcess, **more: object) -> int:
    return api.call("GET", CONFIG_MAPS, **more).status_code


def until(holds: Callable[[], bool], within: float = 5) -> float:
    began = time.monotonic()
    while not holds():
        assert time.monotonic() - began < within
        time.sleep(0.005)
    return time.monotonic() - began


def refused(api: ApiProcess) -> bool:
    try:
        get(api)
    except requests.ConnectionError:
        return True
    return False


def watch(api: ApiProcess, agent: str = "test") -> requests.Response:
    query = {
        "watch": "1",
        "resourceVersion": api.call("GET", CONFIG_MAPS).json()["metadata"]["resourceVersion"],
    }
    headers = {**api.http.headers, "User-Agent": agent}
    return requests.get(api.url + CONFIG_MAPS, params=query, headers=headers, stream=True, timeout=5)


def test_a_server_that_is_down_refuses_connections_and_comes_back(api: ApiProcess, faults: Asked) -> None:
    with watch(api) as open_watch:
        faults.set("api", Fault("down"))
        assert refused(api)
        with pytest.raises(requests.RequestException):
            next(open_watch.iter_lines())
    faults.clear("api", "down")
    assert get(api) == 200


def test_a_slow_server_takes_so_long_a_call(api: ApiProcess, faults: Asked) -> None:
    faults.set("api", Fault("slow", seconds=0.3))
    began = time.monotonic()
    assert get(api) == 200
    assert 0.3 <= time.monotonic() - began < 1
    faults.clear("api")
    began = time.monotonic()
    assert get(api) == 200
    assert time.monotonic() - began < 0.3


def test_so_many_writes_conflict_as_the_real_server_words_it(api: ApiProcess, faults: Asked) -> None:
    api.made(CONFIG_MAPS, config_map("torn"))
    faults.set("api", Fault("conflict", times=2))
    patch = {"data": {"a": "b"}}
    answers = [api.call("PATCH", f"{CONFIG_MAPS}/torn", patch, kind="merge") for _ in range(3)]
    assert [each.status_code for each in answers] == [409, 409, 200]
    assert answers[0].json()["reason"] == "Conflict"
    assert answers[0].json()["details"] == {"name": "torn", "kind": "configmaps"}
    assert get(api) == 200


def test_a_burst_of_429_says_when_to_come_again(api: ApiProcess, faults: Asked) -> None:
    faults.set("api", Fault("throttle", seconds=2, times=1))
    answer = api.call("GET", CONFIG_MAPS)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "2")
    assert answer.text == "Too many requests, please try again later."
    assert get(api) == 200


def test_a_burst_of_500_is_a_status_and_changes_nothing(api: ApiProcess, faults: Asked) -> None:
    faults.set("api", Fault("error", times=1))
    answer = api.call("POST", CONFIG_MAPS, config_map("never"))
    assert (answer.status_code, answer.json()["status"]) == (500, "Failure")
    assert api.call("GET", f"{CONFIG_MAPS}/never").status_code == 404


def test_open_watches_are_cut_once_in_the_middle_of_their_streams(api: ApiProcess, faults: Asked) -> None:
    with watch(api) as cut, watch(api, "spared") as spared:
        assert fault(api, "api", "cut", "--agent", "test") == 0
        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            next(cut.iter_lines())
        api.made(CONFIG_MAPS, config_map("news"))
        assert json.loads(next(spared.iter_lines()))["object"]["metadata"]["name"] == "news"
    assert faults.held("api") == []


def test_while_watches_are_cut_for_a_time_none_stays_open(api: ApiProcess) -> None:
    assert fault(api, "api", "cut", "--for", "0.4") == 0
    with pytest.raises(requests.RequestException), watch(api) as open_watch:
        next(open_watch.iter_lines())
    until(lambda: Asked(api.data).held("api") == [])
    with watch(api) as open_watch:
        api.made(CONFIG_MAPS, config_map("later"))
        assert json.loads(next(open_watch.iter_lines()))["object"]["metadata"]["name"] == "later"


def test_lists_are_stale_until_it_is_cleared_and_objects_are_not(api: ApiProcess, faults: Asked) -> None:
    def listed() -> dict[str, str]:
        found = api.call("GET", CONFIG_MAPS).json()
        held = {
            item["metadata"]["name"]: item["data"]["a"]
            for item in found["items"]
            if "a" in item.get("data", {})
        }
        return {**held, "version": found["metadata"]["resourceVersion"]}

    api.made(CONFIG_MAPS, config_map("aged", a="old"))
    faults.set("api", Fault("stale"))
    before = listed()
    api.call("PATCH", f"{CONFIG_MAPS}/aged", {"data": {"a": "new"}}, kind="merge")
    assert listed() == before and before["aged"] == "old"
    assert api.call("GET", f"{CONFIG_MAPS}/aged").json()["data"]["a"] == "new"
    faults.clear("api")
    assert listed()["aged"] == "new"


def test_a_fault_befalls_only_the_agent_that_it_names(api: ApiProcess, faults: Asked) -> None:
    faults.set("api", Fault("error", agent="dashboard"))
    assert get(api, headers={"User-Agent": "dashboard/2"}) == 500
    assert get(api) == 200


def test_it_is_in_force_when_the_command_ends_and_ends_by_itself(api: ApiProcess, faults: Asked) -> None:
    began = time.monotonic()
    assert fault(api, "api", "error", "--for", "0.3") == 0
    assert time.monotonic() - began < AT_ONCE_S
    assert get(api) == 500
    until(lambda: get(api) == 200)
    assert 0.3 <= time.monotonic() - began < 0.6


def test_they_are_listed_and_cleared_by_the_command(
    api: ApiProcess, capsys: pytest.CaptureFixture[str]
) -> None:
    fault(api, "api", "throttle", "--times", "3")
    fault(api, "api", "slow", "0.01")
    fault(api, "list")
    told = capsys.readouterr().out
    assert "api throttle seconds=1.0 times=3" in told and "api slow seconds=0.01" in told
    assert "mesh: nothing runs there" in told
    assert fault(api, "clear", "api", "throttle") == 0
    assert [each.name for each in Asked(api.data).held("api")] == ["slow"]
    assert fault(api, "clear") == 0
    assert Asked(api.data).held("api") == []


def test_nonsense_is_refused_with_a_reason(api: ApiProcess, capsys: pytest.CaptureFixture[str]) -> None:
    assert fault(api, "api", "sleepy") == 1
    assert fault(api, "api", "slow") == 1
    assert fault(api, "pod", "crash") == 1
    assert fault(api, "mesh", "hold") == 1
    told = capsys.readouterr().err
    assert "sleepy is none of" in told and "how many seconds" in told
    assert "name a pod" in told and "nothing runs there" in told


def test_without_the_token_nobody_breaks_anything(api: ApiProcess) -> None:
    control = api.data / FILE
    before = control.read_text()
    assert control.stat().st_mode & 0o777 == 0o600
    try:
        control.write_text(json.dumps({**json.loads(before), "token": "guessed"}))
        with pytest.raises(Refused, match="not the token"):
            Asked(api.data).set("api", Fault("down"))
    finally:
        control.write_text(before)
    assert get(api) == 200


def test_a_restart_clears_all(tmp_path: Path) -> None:
    with ApiProcess(tmp_path / "api") as api:
        Asked(api.data).set("api", Fault("error"))
        api.kill()
        with pytest.raises(NotThere):
            Asked(api.data).set("api", Fault("error"))
        api.start()
        assert get(api) == 200
