from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django.fixtures import Settings

from grayrelease import metrics
from grayrelease.metrics import shared
from grayrelease.metrics.interface import Chart, ProjectTraffic, Series, ServiceTraffic
from grayrelease.metrics.memory import Memory
from grayrelease.models import Event, Inventory, Release, Target
from tests import seed


def page(client: Client, release: Release, **headers: str) -> str:
    answer = client.get(f"/p/demo/releases/{release.pk}/", headers=headers)
    assert answer.status_code == 200
    return answer.content.decode()


def poll(client: Client, release: Release, seen: str = "") -> tuple[int, str, dict[str, float]]:
    """Ask as the live part does: status, text, ages."""
    headers = {"HX-Request": "true", "HX-Target": "live"}
    answer = client.get(f"/p/demo/releases/{release.pk}/", {"seen": seen}, headers=headers)
    return answer.status_code, answer.content.decode(), json.loads(answer["HX-Trigger"])["ages"]


def stamp(text: str) -> str:
    found = re.search(r'"seen": "([^"]+)"', text)
    assert found
    return found.group(1)


def test_it_says_what_visitors_get_what_was_seen_and_who_is_waited_for(
    release: Release, operator: Client
) -> None:
    text = page(operator, release)
    assert "20\u00a0% of all visitors meet v2; everyone else stays on v1" in text
    assert "Set 20\u00a0%, observed 19.4\u00a0%" in text
    assert "(17.9–21.0)" in text
    assert "verified after 1.8 s" in text
    assert "Somebody moves the share of v2 or lets a version take over" in text
    assert text.count("2 of 2 pods ready") == 2


def test_a_poll_that_has_seen_everything_gets_only_the_ages(release: Release, operator: Client) -> None:
    status, text, _ = poll(operator, release)
    assert status == 200
    status, nothing, ages = poll(operator, release, stamp(text))
    assert (status, nothing) == (204, "")
    assert 0 <= ages["cluster"] < 10
    assert ages["metrics"] is None


def test_a_poll_brings_the_parts_and_no_page(release: Release, operator: Client) -> None:
    _, text, _ = poll(operator, release)
    assert "<html" not in text
    parts = re.findall(r'id="(\w+)"[^>]*hx-swap-oob="true"', text)
    own = {
        "phase",
        "deeds",
        "share",
        "move",
        "steps",
        "versions",
        "routes",
        "end",
        "events",
        "traffic",
        "callers",
    }
    assert set(parts) == own
    assert 'id="live"' in text


@pytest.mark.parametrize(
    "change",
    [
        {"status": {"now": ["taken-over", {"version": "v2", "other": "v1"}], "waits": None, "next": None}},
        {"share_in_effect": 300},
        {"phase": "frozen"},
    ],
)
def test_a_poll_sees_every_change(change: dict[str, object], release: Release, operator: Client) -> None:
    _, text, _ = poll(operator, release)
    Release.objects.filter(pk=release.pk).update(**change)
    assert poll(operator, release, stamp(text))[0] == 200


def test_a_poll_sees_that_a_pod_is_gone(release: Release, operator: Client) -> None:
    _, text, _ = poll(operator, release)
    inventory = Inventory.objects.get()
    inventory.taken_at = datetime.now(UTC)
    inventory.save()
    status, text, _ = poll(operator, release, stamp(text))
    assert status == 200
    assert "No workload" in text


def test_polls_do_not_prolong_the_session(release: Release, operator: Client) -> None:
    headers = {"HX-Request": "true", "HX-Target": "live"}
    answer = operator.get(f"/p/demo/releases/{release.pk}/", headers=headers)
    assert "sessionid" not in answer.cookies


def test_a_poll_without_a_session_sends_the_page_to_sign_in(release: Release, client: Client) -> None:
    address = f"/p/demo/releases/{release.pk}/"
    headers = {"HX-Request": "true", "HX-Current-URL": f"http://testserver{address}"}
    answer = client.get(address, headers=headers)
    assert answer["HX-Redirect"] == f"/sign-in/?next=%2Fp%2Fdemo%2Freleases%2F{release.pk}%2F"


def test_an_unknown_part_gets_the_page(release: Release, operator: Client) -> None:
    text = page(operator, release, **{"HX-Request": "true", "HX-Target": "nonsense"})
    assert "<html" in text


def test_it_varies_by_what_htmx_asks_for(release: Release, operator: Client) -> None:
    answer = operator.get(f"/p/demo/releases/{release.pk}/")
    assert {"HX-Request", "HX-Target", "Cookie"} <= set(answer["Vary"].split(", "))


def test_a_release_that_is_over_polls_no_more(release: Release, operator: Client) -> None:
    facts = {"version": "v2", "loser": "v1"}
    Release.objects.filter(pk=release.pk).update(
        phase="finished", status={"now": ["finished", facts], "waits": None, "next": None}
    )
    text = page(operator, release)
    assert "every 2s" not in text
    assert "Roll back" not in text
    assert "v1 is gone" in text


def test_trouble_is_told_first_with_visitors_safety_and_the_clusters_own_word(
    release: Release, operator: Client
) -> None:
    facts = {"workload": "reviews-v2", "ready": 0, "needed": 1, "pod": "reviews-v2-x"}
    trouble = ["pod-trouble", {**facts, "reason": "ImagePullBackOff", "message": "manifest unknown"}]
    now = ["preparing", {"version": "v2", "stable": "v1"}]
    Release.objects.filter(pk=release.pk).update(
        phase="preparing", share_in_effect=0, status={"now": now, "waits": trouble, "next": None}
    )
    text = page(operator, release)
    assert "ImagePullBackOff" in text
    assert "All visitors are on v1; nobody meets the new version." in text
    assert "Roll back to v1" in text


def test_a_silent_api_server_is_named_with_its_age(release: Release, operator: Client) -> None:
    since = datetime.now(UTC) - timedelta(seconds=45)
    Target.objects.update(error="connection refused", failing_since=since, observed_at=since)
    Inventory.objects.update(taken_at=since)
    text = page(operator, release)
    assert re.search(r"API server: no answer for <span[^>]*>4[56] s</span>: connection refused", text)
    assert "Roll back works too" in text
    assert "as of 45 s ago" in text or "as of 46 s ago" in text


def test_a_missing_prometheus_is_said_and_nothing_is_drawn_as_zero(
    release: Release, operator: Client
) -> None:
    text = page(operator, release)
    assert "Metrics are off" in text
    assert "Requests now</dt><dd>–</dd>" in text


def test_events_tell_who_did_what_and_hide_settled_attempts(
    release: Release, people: dict[str, User], operator: Client
) -> None:
    data = {"before": {"share": 50}, "after": {"share": 200}}
    seed.event(release, "share", people["lead"], data=data)
    op = "6f9619ff-8b86-d011-b42d-00c04fc964ff"
    for outcome in ("attempt", "done"):
        seed.event(
            release,
            "write",
            None,
            op=op,
            outcome=outcome,
            subject="VirtualService/reviews",
            data={"verb": "replace"},
        )
    text = page(operator, release)
    assert "lead moved the share from 5\u00a0% to 20\u00a0%" in text
    assert text.count("VirtualService reviews changed") == 1
    assert "is being written" not in text
    assert Event.objects.count() == 3


def test_names_are_never_markup(release: Release, operator: Client) -> None:
    evil = "<img src=x onerror=alert(1)>"
    Release.objects.filter(pk=release.pk).update(name=evil, candidate=evil)
    Target.objects.update(service=evil, error=evil, failing_since=datetime.now(UTC))
    for address in ("", "releases/", f"releases/{release.pk}/", f"releases/{release.pk}/share/?share=80"):
        text = operator.get(f"/p/demo/{address}").content.decode()
        assert "<img src=x" not in text
        assert "&lt;img src=x" in text


def test_a_silent_prometheus_is_named_and_old_numbers_stay(
    release: Release, operator: Client, settings: Settings
) -> None:
    settings.PROMETHEUS_URL = "http://127.0.0.1:9"
    shared.forget()
    with metrics.use(Memory(error="connection refused")):
        text = page(operator, release)
    shared.forget()
    assert re.search(r"Prometheus: no answer for <span[^>]*>[\d.]+ s</span>: connection refused", text)
    assert "Every button still works, Roll back too" in text


def test_charts_read_one_table_where_absent_is_a_dash(
    release: Release, operator: Client, settings: Settings
) -> None:
    settings.PROMETHEUS_URL = "http://127.0.0.1:9"
    shared.forget()
    times = (1_795_530_000, 1_795_530_010)
    began = datetime.fromtimestamp(times[0] - 60, UTC)
    seed.event(release, "created", None, at=began, data={"after": {"share": 200}})

    def chart(*values: float | None) -> Chart:
        return Chart(times, (Series("v1", (8.0, 8.0)), Series("v2", values)))

    known = ServiceTraffic(*[chart(None, 2.0)] * 6, mesh_errors=Chart(times, (Series("", (0.0, 0.0)),)))
    traffic = ProjectTraffic(datetime.now(UTC), {"reviews": known})
    with metrics.use(Memory(projects={"demo": traffic})):
        text = page(operator, release)
    shared.forget()
    heads = re.findall(r'<th class="num" data-group="(\w+)" data-role="(\w+)"', text)
    assert heads[:3] == [("share", "set"), ("share", "stable"), ("share", "candidate")]
    assert [group for group, _ in heads[3:]] == ["rate"] * 2 + ["errors"] * 2 + ["latency"] * 6
    first, *_ = re.findall(r'<tr><td data-t="1795530010">[\d:]+</td>(.*?)</tr>', text)
    assert re.findall(r"<td>(.*?)</td>", first)[1:5] == ["80", "20", "8", "2"]
    assert "Requests now</dt><dd>2.0/s</dd>" in text
