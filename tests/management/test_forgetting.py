"""`manage.py release forget` and `manage.py project --remove`: what is left in the cluster is printed."""

from __future__ import annotations

from collections.abc import Iterator
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from grayrelease import cluster
from grayrelease.cluster.memory import Memory
from grayrelease.domain.state import Phase
from grayrelease.models import Event, Installation, Project, Release
from tests.world import World, bookinfo_world


@pytest.fixture
def world(transactional_db: None) -> Iterator[World]:
    with cluster.use(Memory()) as double:
        yield bookinfo_world(double)


def said(*words: str) -> str:
    out = StringIO()
    call_command(*words, stdout=out)
    return out.getvalue()


def running(world: World) -> Release:
    release = world.release(200)
    world.run_until(release, Phase.RUNNING)
    return release


def test_a_release_is_forgotten_and_what_it_leaves_is_printed(world: World) -> None:
    release = running(world)
    text = said("release", "forget", str(release.pk))
    release.refresh_from_db()
    assert release.phase == Phase.FORGOTTEN and Event.objects.get(kind="forget").actor is None
    assert text.startswith("Release reviews-v2 of reviews is forgotten.\nLeft in the cluster;")
    assert "  kubectl -n demo delete deployments.apps reviews-v2\n" in text
    with pytest.raises(CommandError, match="This release is over: Forgotten"):
        said("release", "forget", str(release.pk))
    with pytest.raises(CommandError, match="There is no release 0"):
        said("release", "forget", "0")


def test_a_project_with_a_live_release_is_not_removed_without_forgetting_it(world: World) -> None:
    running(world)
    with pytest.raises(CommandError, match="reviews-v2 of reviews.*--forget"):
        said("project", "demo", "--remove")
    assert Project.objects.exists()
    text = said("project", "demo", "--remove", "--forget")
    assert "kubectl -n demo delete" in text and text.endswith("Project demo is removed.\n")
    assert not Project.objects.exists() and world.cluster.get("Deployment", "demo", "reviews-v2")


def test_targets_made_later_begin_above_what_is_left_in_the_cluster(world: World) -> None:
    release = running(world)
    release.target.refresh_from_db()
    highest = release.target.generation
    said("project", "demo", "--remove", "--forget")
    assert Installation.current().floor > highest
