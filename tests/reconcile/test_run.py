from __future__ import annotations

from grayrelease.domain.state import Goal, Phase
from grayrelease.models import Event, Release
from tests.world import World, attempts_and_outcomes


def wish(release: Release, **columns: object) -> None:
    Release.objects.filter(pk=release.pk).update(**columns)
    release.target.generation += 1
    release.target.save(update_fields=["generation"])


def test_it_brings_a_version_from_pinning_to_finished(world: World) -> None:
    release = world.release(share=200)
    world.run_until(release, Phase.RUNNING)
    assert world.weights() == {"gr-v1": 800, "gr-v2": 200}
    assert release.share_in_effect == 200
    wish(release, goal=Goal.TAKE_OVER, share=1000, winner="v2")
    world.run_until(release, Phase.TAKEN_OVER)
    wish(release, goal=Goal.FINISH)
    world.run_until(release, Phase.FINISHED)
    release.target.refresh_from_db()
    assert release.target.stable == "v2"
    assert release.ended_at is not None
    assert [each["metadata"]["name"] for each in world.cluster.list("Deployment", "demo", "app=reviews")] == [
        "reviews-v2"
    ]
    assert world.cluster.list("DestinationRule", "demo") == []
    assert all(told == ["attempt", "done"] for told in attempts_and_outcomes(release.target_id).values())


def test_it_tells_each_phase_once(world: World) -> None:
    release = world.release()
    world.run_until(release, Phase.RUNNING)
    phases = Event.objects.filter(release=release, kind="phase").order_by("id")
    assert [each.data["after"] for each in phases] == ["running"]
    assert phases[0].data["reason"] == ["running", {"version": "v2", "stable": "v1", "share": 200}]
