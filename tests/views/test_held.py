"""Pods that fail: what the release's page and its roll back say."""

from __future__ import annotations

import html

from django.test import Client

from grayrelease.models import Release, Target
from tests import seed

FACTS = {"version": "v2", "share": 0, "workload": "reviews-v2", "ready": 0, "pods": 3}
HELD = ["held-trouble", {**FACTS, "reason": "CrashLoopBackOff"}]
UNREADY = [
    "stable-trouble",
    {"version": "v1", "workload": "reviews-v1", "ready": 0, "pods": 2, "reason": "ImagePullBackOff"},
]


def told(release: Release, **said: list[object] | None) -> None:
    status = {**release.status, **said}
    Release.objects.filter(pk=release.pk).update(status=status)


def text(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return html.unescape(answer.content.decode()).replace("\u00a0", " ")


def held(release: Release) -> None:
    Release.objects.filter(pk=release.pk).update(share=0, share_in_effect=0, held=HELD)
    told(release, now=HELD, next=["person-raises", {"version": "v2"}])


def test_a_release_whose_pods_crash_says_how_many_and_that_it_is_held(
    release: Release, operator: Client
) -> None:
    held(release)
    page = text(operator, f"/p/demo/releases/{release.pk}/")
    assert "Held at 0 %: reviews-v2 has 0 of 3 pods (CrashLoopBackOff)" in page
    assert "Somebody raises the share of v2 again; nothing rises by itself" in page
    assert "Held at 0 %: reviews-v2 has 0 of 3 pods" in text(operator, "/p/demo/")


def test_it_says_so_in_chinese(release: Release, operator: Client) -> None:
    held(release)
    operator.cookies["django_language"] = "zh-hans"
    page = text(operator, f"/p/demo/releases/{release.pk}/")
    assert "已停在 0%：reviews-v2 只有 0/3 个容器组就绪（CrashLoopBackOff）" in page


def test_its_events_say_what_it_fell_to_and_why(release: Release, operator: Client) -> None:
    seed.event(release, "fall", None, data={"before": {"share": 200}, "after": {"share": 0}, "reason": HELD})
    page = text(operator, f"/p/demo/releases/{release.pk}/")
    assert "Fell by itself: no visitors" in page
    assert "reviews-v2 has 0 of 3 pods (CrashLoopBackOff)" in page


def test_while_stable_has_no_ready_pod_rolling_back_says_that_it_would_fail(
    release: Release, operator: Client
) -> None:
    told(release, alarm=UNREADY)
    target = Target.objects.get(pk=release.target_id)
    target.observed["versions"] = [seed.version("reviews", "v2"), seed.version("reviews", "v1", ready=0)]
    target.save()
    page = text(operator, f"/p/demo/releases/{release.pk}/")
    assert "reviews-v1 has 0 of 2 pods (ImagePullBackOff): v1 can’t answer" in page
    assert "Now it would fail every request" in page
    dialog = text(operator, f"/p/demo/releases/{release.pk}/roll-back/")
    assert "No pod of v1 is ready: rolling back now would fail every request." in dialog
    answer = operator.post(f"/p/demo/releases/{release.pk}/roll-back/", {"generation": target.generation})
    assert answer.status_code == 302, "it remains possible"
