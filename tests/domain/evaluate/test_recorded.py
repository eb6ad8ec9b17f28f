from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from grayrelease.domain import evaluate
from grayrelease.domain.evaluate.written import written
from tests.domain.evaluate.recorded import comparison, upstream


def differences(folder: Path) -> tuple[int, list[str]]:
    """Return how many rows there are, and each that is not as recorded."""
    compare = comparison(folder)
    found, rows = [], 0
    for case in compare.load_cases(folder / "cases", ""):
        proxy = evaluate.Proxy(evaluate.read(case.objects), evaluate.caller(case.caller))
        for row in case.rows:
            rows += 1
            answer = written(proxy.answer(evaluate.request(row), upstream(row)))
            if wrong := compare.difference(row["expect"], answer):
                found.append(f"{case.name}: {row['method']} {row['authority']}{row['path']}: {wrong}")
    return rows, found


def test_every_recorded_request_goes_where_istio_sent_it(recordings: Path) -> None:
    rows, wrong = differences(recordings / "istio-routing")
    assert wrong == []
    assert rows > 1700


def test_it_names_the_route_that_istiod_named(recordings: Path) -> None:
    compare = comparison(recordings / "istio-routing")
    for case in compare.load_cases(recordings / "istio-routing" / "cases", ""):
        proxy = evaluate.Proxy(evaluate.read(case.objects), evaluate.caller(case.caller))
        for row in (row for row in case.rows if "route" in row["expect"]):
            taken = proxy.answer(evaluate.request(row)).taken
            assert taken is not None
            assert taken.route == row["expect"]["route"], case.name


def test_each_destination_answers_as_recorded(recordings: Path) -> None:
    compare = comparison(recordings / "istio-routing")
    seen = 0
    for case in compare.load_cases(recordings / "istio-routing" / "cases", ""):
        for row in case.rows:
            told = [each for each in row["expect"]["destinations"] if "status" in each]
            if told:
                answer = evaluate.evaluate(case.objects, evaluate.caller(case.caller), evaluate.request(row))
                assert [_outcome(each) for each in told] == [
                    (each.host, each.subset, each.status, each.reason) for each in answer.destinations
                ]
                assert answer.status is None
                seen += 1
    assert seen >= 5


def _outcome(told: dict[str, Any]) -> tuple[str, str, int, str]:
    return told["host"], told.get("subset", ""), told["status"], told.get("reason", "")


def test_one_evaluation_takes_less_than_five_milliseconds(recordings: Path) -> None:
    cases = comparison(recordings / "istio-routing").load_cases(recordings / "istio-routing" / "cases", "")
    questions = [
        (case.objects, evaluate.caller(case.caller), evaluate.request(case.rows[0])) for case in cases
    ]
    took = []
    for objects, caller, request in questions:
        start = time.perf_counter()
        evaluate.evaluate(objects, caller, request)
        took.append(time.perf_counter() - start)
    assert sorted(took)[len(took) // 2] < 0.005
