from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

# Conftests are read before Django's apps are: what needs them is imported where it is used.
if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.test import Client

    from grayrelease.models import Project, Release
    from tests.world import World


@pytest.fixture
def project(db: None) -> Project:
    from tests import seed

    return seed.project()


@pytest.fixture
def people(project: Project) -> dict[str, User]:
    from tests import seed

    return seed.people(project)


@pytest.fixture
def release(project: Project, people: dict[str, User]) -> Release:
    """reviews v2 at 20 %, verified; the sample application around it."""
    from tests import seed

    seed.bookinfo(project, people["operator"])
    target = seed.target(project)
    release = seed.release(target, people["operator"])
    seed.verified(target, release)
    return release


@pytest.fixture
def sign_in(people: dict[str, User]) -> Callable[[str], Client]:
    """A browser in which the named person is signed in."""
    from django.test import Client

    def signed_in(name: str) -> Client:
        client = Client(raise_request_exception=False)
        client.force_login(people[name])
        return client

    return signed_in


@pytest.fixture
def operator(sign_in: Callable[[str], Client]) -> Client:
    return sign_in("operator")


@pytest.fixture
def world(transactional_db: None) -> Iterator[World]:
    """Bookinfo runs in a cluster in memory; nobody hears the bell."""
    from grayrelease import cluster
    from grayrelease.cluster.memory import Memory
    from tests.world import bookinfo_world

    with cluster.use(Memory()) as double:
        yield bookinfo_world(double)


@pytest.fixture
def author(world: World) -> Client:
    """The operator's browser; Bookinfo's pods have sidecars, and the driver has looked at them."""
    from django.test import Client

    from tests.views.drafting import look
    from tests.world import person

    look(world)
    client = Client(raise_request_exception=False)
    client.force_login(person("operator"))
    return client


@pytest.fixture
def made(world: World) -> Callable[[str], Release]:
    """Make a release of a strategy, by its name in `tests.strategies`."""
    from tests import strategies
    from tests.world import person

    return lambda name: strategies.ALL_OF_THEM[name](world.project, person("operator"))
