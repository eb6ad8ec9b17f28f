"""What a run does when somebody else writes, answers are lost, or the cluster is away."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.db.models.functions import Now
from pytest_django import Settings

from grayrelease import cluster as clusters
from grayrelease.cluster.interface import Conflict, Refused, Unreachable
from grayrelease.domain import marks
from grayrelease.domain.plan import Manifest
from grayrelease.domain.state import Goal, Phase
from grayrelease.models import Event, Release, Target
from grayrelease.reconcile import Outcome, reconcile
from grayrelease.reconcile.lease import Lease, Lost, take
from tests.world import World, attempts_and_outcomes


def wish(release: Release, **columns: object) -> None:
    """Want something else, as a deed does."""
    Release.objects.filter(pk=release.pk).update(**columns)
    release.target.refresh_from_db()
    Target.objects.filter(pk=release.target_id).update(generation=release.target.generation + 1)


def at(world: World, share: int) -> Release:
    release = world.release(share)
    world.run_until(release, Phase.RUNNING)
    return release


def roll_back(release: Release) -> None:
    wish(release, goal=Goal.ROLL_BACK, share=0, winner="v1")


def test_a_run_under_somebody_elses_lease_does_nothing(world: World) -> None:
    release = world.release()
    assert take(Target, release.target_id, "another")
    assert reconcile(release.target_id) == Outcome.BUSY
    assert world.ours() == []


def test_rolling_back_takes_the_lease_without_asking(world: World) -> None:
    release = at(world, 200)
    assert take(Target, release.target_id, "a run that hangs")
    roll_back(release)
    assert world.run(release, rolling_back=True) == Outcome.DONE
    assert world.weights() == {"gr-v1": 1000}


def test_a_lease_that_is_over_is_free(world: World) -> None:
    release = world.release()
    take(Target, release.target_id, "killed")
    Target.objects.filter(pk=release.target_id).update(lease_until=Now() - timedelta(seconds=1))
    assert reconcile(release.target_id) == Outcome.DONE


def test_a_run_that_lost_its_lease_writes_nothing(world: World) -> None:
    release = world.release()
    take(Target, release.target_id, "mine")
    lease = Lease(Target, release.target_id, "mine", {"generation": 1})
    take(Target, release.target_id, "a roll back's", without_asking=True)
    with pytest.raises(Lost):
        lease.renew()


def once_read(world: World, happens: Callable[[], object]) -> None:
    """Let something happen once, between what a run reads and what it writes."""
    lock = threading.Lock()

    def read(kind: str) -> None:
        with lock:
            if kind == "VirtualService" and world.cluster.after_list:
                world.cluster.after_list = None
                happens()
                connection.close()  # this is one of the run's threads

    world.cluster.after_list = read


def test_a_run_whose_lease_a_roll_back_took_meanwhile_writes_nothing(world: World) -> None:
    release = at(world, 200)
    wish(release, share=800)
    before = len(world.cluster.writes)
    once_read(world, lambda: take(Target, release.target_id, "a roll back's", without_asking=True))
    assert world.run(release) == Outcome.BUSY
    assert world.cluster.writes[before:] == []


def test_what_was_decided_before_people_wanted_something_else_is_not_written(world: World) -> None:
    release = at(world, 200)
    wish(release, share=800)
    before = len(world.cluster.writes)
    once_read(world, lambda: wish(Release.objects.get(pk=release.pk), share=300))
    world.run_until(release, Phase.RUNNING)
    assert world.weights() == {"gr-v1": 700, "gr-v2": 300}
    assert len(world.cluster.writes[before:]) == 1


def test_a_run_ends_when_people_want_something_else_meanwhile(world: World) -> None:
    """A deed comes between deciding and writing: what was decided on is not written any more."""
    release = at(world, 200)
    wish(release, share=800)
    changed = False

    def deed(verb: str, manifest: Manifest) -> None:
        nonlocal changed
        if not changed:
            changed = True
            Release.objects.filter(pk=release.pk).update(share=300)
            Target.objects.filter(pk=release.target_id).update(generation=99)
            connection.close()  # this is one of the run's threads

    world.cluster.before_write = deed
    world.run(release)
    world.cluster.before_write = None
    world.run_until(release, Phase.RUNNING)
    assert world.weights() == {"gr-v1": 700, "gr-v2": 300}
    release.target.refresh_from_db()
    assert release.target.carried_generation == 99


def test_a_conflict_ends_the_run_and_the_next_one_decides_anew(world: World) -> None:
    release = at(world, 200)
    wish(release, share=800)
    world.cluster.faults.fail_next(Conflict("the object has been modified"), verb="replace")
    assert world.run(release) == Outcome.DONE
    outcomes = list(attempts_and_outcomes(release.target_id).values())
    assert outcomes[-2:] == [["attempt", "failed"], ["attempt", "done"]]
    assert world.weights() == {"gr-v1": 200, "gr-v2": 800}


def test_conflicts_without_end_are_left_to_the_driver(world: World) -> None:
    release = at(world, 200)
    wish(release, share=800)
    world.cluster.faults.fail_next(Conflict("the object has been modified"), verb="replace", times=99)
    assert world.run(release) == Outcome.CONFLICT
    release.target.refresh_from_db()
    assert release.target.waiting
    assert len(attempts_and_outcomes(release.target_id)) == 3 + 2 + 5


def test_a_write_whose_answer_was_lost_is_known_by_its_mark(world: World) -> None:
    release = at(world, 200)
    wish(release, share=800)
    world.cluster.faults.fail_next(Unreachable("no answer within 3 s"), verb="replace", after=True)
    assert world.run(release) == Outcome.FAILED
    written = len(world.ours())
    assert list(attempts_and_outcomes(release.target_id).values())[-1] == ["attempt"]
    world.run_until(release, Phase.RUNNING)
    assert len(world.ours()) == written
    assert list(attempts_and_outcomes(release.target_id).values())[-1] == ["attempt", "done"]


def test_a_write_that_never_arrived_has_failed_once_another_did(world: World) -> None:
    release = at(world, 200)
    wish(release, share=800)
    world.cluster.faults.fail_next(Unreachable("connection reset"), verb="replace")
    world.run(release)
    world.run_until(release, Phase.RUNNING)
    outcomes = list(attempts_and_outcomes(release.target_id).values())
    assert outcomes[-2:] == [["attempt", "failed"], ["attempt", "done"]]


def test_a_delete_that_is_tried_again_is_the_same_attempt(world: World) -> None:
    release = at(world, 200)
    roll_back(release)
    world.run_until(release, Phase.ROLLED_BACK)
    wish(release, goal=Goal.FINISH)
    world.cluster.faults.fail_next(Unreachable("connection reset"), verb="delete", kind="Deployment")
    world.run_until(release, Phase.FINISHED)
    deletes = Event.objects.filter(subject="Deployment/reviews-v2", data__verb="delete")
    assert sorted(deletes.values_list("outcome", flat=True)) == ["attempt", "done"]
    assert Outcome.FAILED in world.outcomes


def test_an_api_server_that_is_away_is_named_with_since_when(world: World) -> None:
    release = at(world, 200)
    wish(release, share=800)
    world.cluster.faults.down = True
    assert reconcile(release.target_id) == Outcome.FAILED
    release.target.refresh_from_db()
    since = release.target.failing_since
    assert "connection refused" in release.target.error
    assert reconcile(release.target_id) == Outcome.FAILED
    release.target.refresh_from_db()
    assert release.target.failing_since == since
    world.cluster.faults.down = False
    world.run_until(release, Phase.RUNNING)
    release.target.refresh_from_db()
    assert (release.target.error, release.target.failing_since) == ("", None)


def test_what_the_api_server_refuses_is_told_in_its_words(world: World) -> None:
    release = world.release()
    world.cluster.faults.fail_next(Refused("admission webhook denied the request"), verb="create")
    assert reconcile(release.target_id) == Outcome.FAILED
    release.target.refresh_from_db()
    assert release.target.error == "admission webhook denied the request"
    assert list(attempts_and_outcomes(release.target_id).values()) == [["attempt", "failed"]]


def test_nothing_is_deleted_on_routes_that_changed_since_they_were_read(world: World) -> None:
    """Destructive writes read the routes again right before; what no longer comes out is not done."""
    release = at(world, 200)
    roll_back(release)
    world.run_until(release, Phase.ROLLED_BACK)
    wish(release, goal=Goal.FINISH)
    lists = world.cluster.list
    reads = 0

    def edit_between_reads(kind: str, namespace: str, labels: str = "") -> list[Manifest]:
        nonlocal reads
        if kind == "VirtualService":
            reads += 1
            if reads == 2:
                world.cluster.edit("VirtualService", "demo", "reviews", half_to_each)
        return lists(kind, namespace, labels)

    world.cluster.list = edit_between_reads  # type: ignore[method-assign]
    world.run(release)
    assert reads >= 2
    assert world.cluster.get("Deployment", "demo", "reviews-v2")


def half_to_each(routes: Manifest) -> None:
    destinations = [{"host": "reviews", "subset": f"gr-{version}"} for version in ("v1", "v2")]
    routes["spec"]["http"][0]["route"] = [{"destination": each, "weight": 500} for each in destinations]


def test_every_object_we_write_names_its_attempt_and_its_owner(world: World) -> None:
    release = at(world, 200)
    attempts = attempts_and_outcomes(release.target_id)
    assert world.ours()
    for each in world.ours():
        assert attempts[marks.notes(each.manifest)[marks.OP]] == ["attempt", "done"]
        assert marks.owner(each.manifest) is not None


def test_a_cluster_that_cannot_be_connected_to_is_named_too(
    world: World, settings: Settings, tmp_path: Path
) -> None:
    release = world.release()
    settings.KUBECONFIG = str(tmp_path / "none")
    with clusters.use(None):  # type: ignore[arg-type]
        assert reconcile(release.target_id) == Outcome.FAILED
    release.target.refresh_from_db()
    assert release.target.error
    assert take(Target, release.target_id, "the next one")
