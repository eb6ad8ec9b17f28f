"""The release page's charts: what is observed, what was set, and what has no line."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from pytest_django.fixtures import Settings

from grayrelease import metrics
from grayrelease.domain.plan import Exposure
from grayrelease.domain.stand import Stand
from grayrelease.metrics import shared
from grayrelease.metrics.interface import Chart, ProjectTraffic, Series, ServiceTraffic
from grayrelease.metrics.memory import Memory
from grayrelease.models import Event, Release, columns
from tests.views.asking import Made, shown

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
AT = int(NOW.timestamp())
TIMES = (AT - 20, AT - 10, AT)  # every second one is drawn


def chart(*values: tuple[str, float | None]) -> Chart:
    return Chart(TIMES, tuple(Series(version, (value,) * 3) for version, value in values))


def requests(versions: str = "v1 v2") -> ServiceTraffic:
    """What Prometheus tells of a service that answers 8 requests a second by each version."""
    known = chart(*((version, 8.0) for version in versions.split()))
    return ServiceTraffic(*[known] * 6, mesh_errors=chart(("", 0.0)))


def drawn(release: Release, traffic: ServiceTraffic, settings: Settings) -> str:
    """The release page where Prometheus tells this of its service."""
    settings.PROMETHEUS_URL = "http://127.0.0.1:9"
    shared.forget()
    project = ProjectTraffic(datetime.now(UTC), {release.target.service: traffic})
    with metrics.use(Memory(projects={"demo": project})):
        text = shown(release)
    shared.forget()
    return text


def at(seconds: int, release: Release, kind: str, **after: object) -> None:
    head = {"project": release.target.project, "target": release.target, "release": release}
    Event.objects.create(**head, at=NOW + timedelta(seconds=seconds), kind=kind, data={"after": after})


def set_line(text: str) -> list[str] | None:
    """What was set, oldest first; None where there is no such column."""
    roles = re.findall(r'<th class="num" data-group="\w+" data-role="(\w+)"', text)
    if "set" not in roles:
        return None
    rows = [re.findall("<td>(.*?)</td>", row) for row in re.findall("<tr><td data-t=.*?</tr>", text)]
    return [row[roles.index("set")] for row in reversed(rows)]


def test_an_audience_has_no_set_line_and_the_page_says_why(made: Made, settings: Settings) -> None:
    release = made("audience")
    at(-60, release, "created", share=0)
    text = drawn(release, requests("v1 v2 v3"), settings)
    assert set_line(text) is None
    assert "v3 is set for 100\u00a0% of the chosen requests; what part of all requests these are" in text


def test_copies_have_no_set_line_either(made: Made, settings: Settings) -> None:
    release = made("mirror_release")
    at(-60, release, "created", share=0)
    text = drawn(release, requests(), settings)
    assert set_line(text) is None
    assert "v2 gets copies, which are not counted; no share is set for it." in text


def test_the_set_line_begins_when_everyone_may_meet_the_candidate(made: Made, settings: Settings) -> None:
    release = made("blue_green_release")
    at(-60, release, "created", share=0)
    at(-5, release, "continue", **columns(Stand(Exposure(share=1000), 1)))
    assert set_line(drawn(release, requests(), settings)) == ["–", "100"]


def test_a_step_that_came_by_itself_moves_the_set_line(made: Made, settings: Settings) -> None:
    release = made("stepped")
    at(-60, release, "created", share=50)
    at(-5, release, "step", **columns(Stand(Exposure(share=200), 1)))
    text = drawn(release, requests(), settings)
    assert set_line(text) == ["5", "20"]
    assert "As observed; the dashed line is what was set for v2." in text


def test_a_zero_that_somebody_set_is_drawn(made: Made, settings: Settings) -> None:
    release = made("awaited")
    at(-60, release, "created", share=200)
    at(-5, release, "roll-back", **columns(Stand(Exposure())), goal="roll-back")
    assert set_line(drawn(release, requests(), settings)) == ["20", "0"]


def test_the_set_line_says_whom_it_is_for_where_cookies_choose(made: Made, settings: Settings) -> None:
    release = made("sticky")
    at(-60, release, "created", share=300)
    text = drawn(release, requests(), settings)
    assert set_line(text) == ["30", "30"]
    assert "set for v2, among visitors whom no condition and no cookie chooses." in text


def test_copies_to_elsewhere_speak_of_no_version(made: Made, settings: Settings) -> None:
    text = drawn(made("elsewhere"), requests("v1"), settings)
    assert "As observed; copies are not counted." in text
    assert set_line(text) is None


def connections(**known: Chart) -> ServiceTraffic:
    """What Prometheus tells of a service that is spoken to by TCP."""
    opened, nothing = chart(("v1", 8.0), ("v2", 2.0)), chart(("v1", None), ("v2", None))
    return ServiceTraffic(opened, *[nothing] * 5, mesh_errors=chart(("", 0.0)), opened=opened, **known)


def groups(text: str) -> list[str]:
    return list(dict.fromkeys(re.findall(r'<th class="num" data-group="(\w+)"', text)))


def is_hidden(text: str, title: str) -> bool:
    """Tell if the chart of that title is left out."""
    [hidden] = re.findall(f'lg-12"( hidden)?><div class="chart-head"><h3>{title}', text)
    return bool(hidden)


def test_a_tcp_service_has_connections_and_bytes_and_no_errors(made: Made, settings: Settings) -> None:
    known = {
        "open": chart(("v1", 40.0), ("v2", 3.0)),
        "sent": chart(("v1", 1_234_567.0), ("v2", 50.0)),
        "received": chart(("v1", 900.0), ("v2", 5.0)),
    }
    text = drawn(made("awaited"), connections(**known), settings)
    assert groups(text) == ["share", "opened", "open", "sent", "received"]
    first, *_ = re.findall(f'<tr><td data-t="{AT}">.*?</tr>', text)
    assert re.findall("<td>(.*?)</td>", first)[2:] == ["8", "2", "40", "3", "1234567", "50", "900", "5"]
    assert "Share of connections when they were opened, %" in text
    assert "Requests, errors and latency are unknown to the mesh." in text
    assert "Connections opened now</dt><dd>2.0/s" in text
    assert is_hidden(text, "Requests per second")


def test_bytes_that_nobody_counts_are_dashes(made: Made, settings: Settings) -> None:
    text = drawn(made("awaited"), connections(open=chart(("v1", 40.0))), settings)
    assert groups(text) == ["share", "opened", "open", "sent", "received"]
    first, *_ = re.findall(f'<tr><td data-t="{AT}">.*?</tr>', text)
    assert re.findall("<td>(.*?)</td>", first)[4:] == ["40", "–", "–", "–", "–", "–"]
    assert 'data-group="sent" data-none="Nothing is known of this"' in text


def test_a_service_of_both_kinds_has_all_charts_and_does_not_count_connections_as_requests(
    made: Made, settings: Settings
) -> None:
    both = chart(("v1", 8.0), ("v2", 5.0))
    opened = chart(("v1", 6.0))
    known = ServiceTraffic(*[both] * 6, mesh_errors=chart(("", 0.0)), open=both, opened=opened)
    text = drawn(made("awaited"), known, settings)
    assert groups(text)[-3:] == ["rate", "errors", "latency"]
    assert "Share of requests, %" in text
    first, *_ = re.findall(f'<tr><td data-t="{AT}">.*?</tr>', text)
    assert re.findall("<td>(.*?)</td>", first)[-10:-8] == ["2", "5"]


def test_a_service_of_requests_shows_no_connections(made: Made, settings: Settings) -> None:
    text = drawn(made("awaited"), requests(), settings)
    assert groups(text) == ["share", "rate", "errors", "latency"]
    assert is_hidden(text, "Open connections")
    assert not is_hidden(text, "Requests per second")
