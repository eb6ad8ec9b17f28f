"""How answers become charts."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grayrelease.metrics import charts, queries
from grayrelease.metrics.charts import Answer

TIMES = (100, 105, 110)


def rate(version: str, first_digit: str, values: Mapping[int, str], service: str = "reviews") -> Answer:
    labels = {
        "destination_service_name": service,
        "destination_version": version,
        "class": first_digit,
    }
    return [{"metric": labels, "values": [[at, value] for at, value in values.items()]}]


def bucket(bound: str, value: str, version: str = "v1") -> Answer:
    labels = {"destination_service_name": "reviews", "destination_version": version, "le": bound}
    return [{"metric": labels, "values": [[100, value], [105, "0"]]}]


def test_it_draws_rates_and_ratios_by_version() -> None:
    rates = [
        *rate("v1", "2", {100: "8", 105: "9"}),
        *rate("v1", "5", {105: "1"}),
        *rate("v2", "2", {105: "3"}),
        *rate("v2", "4", {105: "1"}),
    ]
    drawn = charts.services(TIMES, rates, [])["reviews"]
    assert [(series.version, series.values) for series in drawn.rate.series] == [
        ("v1", (8.0, 10.0, None)),
        ("v2", (None, 4.0, None)),
    ]
    assert [series.values for series in drawn.errors.series] == [(0.0, 0.1, None), (None, 0.0, None)]
    assert [series.values for series in drawn.client_errors.series] == [(0.0, 0.0, None), (None, 0.25, None)]


def test_no_requests_have_no_error_ratio() -> None:
    drawn = charts.services(TIMES, rate("v1", "2", {100: "0"}), [])["reviews"]
    assert drawn.rate.series[0].values == (0.0, None, None)
    assert drawn.errors.series[0].values == (None, None, None)


def test_the_meshs_own_errors_are_no_versions() -> None:
    rates = [*rate("v1", "2", {100: "8"}), *rate("v1", "mesh", {100: "1"}), *rate("", "mesh", {100: "2"})]
    drawn = charts.services(TIMES, rates, [])["reviews"]
    assert drawn.rate.series[0].values == (8.0, None, None)
    assert drawn.errors.series[0].values == (0.0, None, None)
    assert [series.values for series in drawn.mesh_errors.series] == [(3.0, None, None)]


def test_without_such_errors_there_are_none_while_requests_are_known() -> None:
    drawn = charts.services(TIMES, rate("v1", "2", {105: "8"}), [])["reviews"]
    assert [series.values for series in drawn.mesh_errors.series] == [(None, 0.0, None)]


def test_it_tells_services_apart_and_leaves_out_the_unknown() -> None:
    rates = [
        *rate("v1", "2", {100: "1"}),
        *rate("v1", "2", {100: "2"}, "ratings"),
        *rate("unknown", "0", {100: "3"}),
        *rate("v1", "2", {100: "4"}, "unknown"),
    ]
    drawn = charts.services(TIMES, rates, [])
    assert list(drawn) == ["ratings", "reviews"]
    assert [series.version for series in drawn["reviews"].rate.series] == ["v1"]


def test_it_finds_quantiles_in_buckets() -> None:
    latencies = [*bucket("10", "50"), *bucket("20", "90"), *bucket("50", "100"), *bucket("+Inf", "100")]
    drawn = charts.services(TIMES, rate("v1", "2", {100: "8", 105: "1"}), latencies)["reviews"]
    assert drawn.p50.series[0].values == (10.0, None, None)
    assert drawn.p95.series[0].values == (35.0, None, None)
    assert drawn.p99.series[0].values == (pytest.approx(47.0), None, None)


def test_a_version_without_buckets_has_no_latency() -> None:
    drawn = charts.services(TIMES, rate("v1", "2", {100: "8"}), bucket("+Inf", "1", "v2"))["reviews"]
    assert drawn.p95.series[0].values == (None, None, None)


def test_above_the_last_bound_the_bound_is_all_that_is_known() -> None:
    latencies = [*bucket("10", "1"), *bucket("+Inf", "100")]
    drawn = charts.services(TIMES, rate("v1", "2", {100: "8"}), latencies)["reviews"]
    assert drawn.p95.series[0].values[0] == 10.0


def test_the_newest_sample_is_told() -> None:
    newest = [{"metric": {"class": "newest"}, "values": [[100, "99.5"], [105, "104.75"]]}]
    assert charts.newest([*rate("v1", "2", {100: "8"}), *newest]) == 104.75
    assert charts.newest([]) is None
    assert charts.services(TIMES, newest, []) == {}


@given(st.text())
def test_an_escaped_value_never_ends_its_quotes(value: str) -> None:
    escaped = queries.escape(value)
    assert "\n" not in escaped
    assert escaped.replace("\\\\", "").replace('\\"', "").count('"') == 0
    unescaped = escaped.replace("\\\\", "\0\0").replace('\\"', '"').replace("\\n", "\n")
    assert unescaped.replace("\0\0", "\\") == value or "\0" in value


def test_connections_are_counted_and_have_no_answers() -> None:
    rates = [
        *rate("v1", "", {100: "8"}),
        *rate("v1", "open", {100: "3"}),
        *rate("v1", "sent", {100: "500"}),
        *rate("v1", "received", {100: "900"}),
    ]
    drawn = charts.services(TIMES, rates, [])["reviews"]
    assert drawn.connections
    assert not drawn.requests
    assert drawn.opened.series[0].values == (8.0, None, None)
    assert drawn.rate.series[0].values == (8.0, None, None)
    assert drawn.errors.series[0].values == (None, None, None)
    assert [series.values for series in drawn.open.series] == [(3.0, None, None)]
    assert [chart.series[0].values[0] for chart in (drawn.sent, drawn.received)] == [500.0, 900.0]
    assert [series.values for series in drawn.mesh_errors.series] == [(0.0, None, None)]


def test_a_service_of_requests_has_no_connections() -> None:
    drawn = charts.services(TIMES, rate("v1", "2", {100: "8"}), [])["reviews"]
    assert not drawn.connections
    assert drawn.requests
    assert drawn.open.series == drawn.sent.series == drawn.opened.series == ()
