"""`deploy/rbac.yaml` gives the service account what is asked of a cluster, and nothing more."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

import yaml

from grayrelease import cluster, operations
from grayrelease.cluster.interface import Change, ClusterError, Listing, Refused
from grayrelease.cluster.kinds import KINDS, kind_of
from grayrelease.cluster.memory import Memory
from grayrelease.cluster.stream import Rhythm
from grayrelease.cluster.streams import Kept, Streams
from grayrelease.domain.plan import Manifest
from grayrelease.domain.state import Goal, Phase
from grayrelease.models import Release
from grayrelease.reconcile import inventory
from grayrelease.reconcile.applications import create
from grayrelease.reconcile.outcome import Outcome
from tests.operations.test_drafts import draft
from tests.watcher.waiting import until
from tests.world import World, person, project

RBAC = Path(__file__).resolve().parents[2] / "deploy" / "rbac.yaml"
WHOLE = frozenset(KINDS) - {"Strategy"}
"""All kinds but KubeSphere's: where those are served its controllers would write the routes."""
Right = tuple[str, str, bool]
"""Verb, resource with its group, and whether it is asked of all namespaces."""


@dataclass
class Asked:
    """The cluster behind an API server that knows our rights: `refused` are those that it refuses."""

    behind: Memory
    refused: frozenset[Right] = frozenset()
    rights: set[Right] = field(default_factory=set)

    def ask(self, verb: str, kind: str, namespace: str) -> None:
        found = kind_of(kind)
        right = (verb, found.resource, found.namespaced and not namespace)
        self.rights.add(right)
        if right in self.refused:
            raise Refused(f"{found.resource} is forbidden: cannot {verb} resource")

    def get(self, kind: str, namespace: str, name: str) -> Manifest:
        self.ask("get", kind, namespace)
        return self.behind.get(kind, namespace, name)

    def list(self, kind: str, namespace: str, labels: str = "") -> list[Manifest]:
        self.ask("list", kind, namespace)
        return self.behind.list(kind, namespace, labels)

    def create(self, manifest: Manifest, *, dry_run: bool = False) -> Manifest:
        self.ask("create", manifest["kind"], manifest["metadata"].get("namespace", ""))
        return self.behind.create(manifest, dry_run=dry_run)

    def replace(self, manifest: Manifest, *, dry_run: bool = False) -> Manifest:
        self.ask("update", manifest["kind"], manifest["metadata"]["namespace"])
        return self.behind.replace(manifest, dry_run=dry_run)

    def delete(self, kind: str, namespace: str, name: str, *, uid: str, resource_version: str) -> None:
        self.ask("delete", kind, namespace)
        self.behind.delete(kind, namespace, name, uid=uid, resource_version=resource_version)

    def logs(self, namespace: str, pod: str, *, lines: int, container: str = "") -> str:
        self.ask("get", "Pod", namespace)
        return self.behind.logs(namespace, pod, lines=lines, container=container)

    def listing(self, kind: str, namespace: str) -> Listing:
        self.ask("list", kind, namespace)
        return self.behind.listing(kind, namespace)

    def watch(self, kind: str, namespace: str, since: str, seconds: int) -> Iterator[Change]:
        self.ask("watch", kind, namespace)
        return self.behind.watch(kind, namespace, since, seconds)

    def serves(self, kind: str) -> bool:
        return self.behind.serves(kind)


@contextmanager
def asked_of(behind: Memory, refused: frozenset[Right] = frozenset()) -> Iterator[Asked]:
    asked = Asked(behind, refused)
    with cluster.use(asked):
        yield asked


def granted(role: str, *, everywhere: bool = False) -> set[Right]:
    documents = yaml.safe_load_all(RBAC.read_text())
    found = next(
        each for each in documents if (each["kind"], each["metadata"]["name"]) == ("ClusterRole", role)
    )
    return {
        (verb, f"{resource}.{group}" if group else resource, everywhere)
        for rule in found["rules"]
        for verb, resource, group in product(rule["verbs"], rule["resources"], rule["apiGroups"])
    }


def wish(release: Release, **columns: object) -> None:
    Release.objects.filter(pk=release.pk).update(**columns)
    release.target.generation += 1
    release.target.save(update_fields=["generation"])


def whole_story(world: World, winner: str) -> None:
    """A release from the wizard to its end, with the pages' looks."""
    typed = draft(world, name=f"reviews-{winner}")
    operations.freeze(person("operator"), typed)
    typed.refresh_from_db()
    release = operations.create_release(person("operator"), typed)
    world.run_until(release, Phase.RUNNING)
    wish(release, goal=Goal.TAKE_OVER, share=1000 if winner == "v2" else 0, winner=winner)
    world.run_until(release, Phase.TAKEN_OVER)
    wish(release, goal=Goal.FINISH, delete_loser=False)
    world.run_until(release, Phase.FINISHED)
    assert inventory.refresh(world.project.pk) == Outcome.DONE


def watched(world: World, asked: Asked) -> None:
    """Keep the project's inventory as the watcher does, until it watches all that it lists."""
    streams = Streams(lambda: asked, lambda heard: None, Rhythm(watch=1))

    def kept() -> bool:
        try:
            inventory.keep(world.project.pk, Kept(streams))
        except ClusterError:
            return False
        return True

    def unwatched() -> set[Right]:
        listed = {right for right in asked.rights - asked.refused if right[0] == "list"}
        return {("watch", *right[1:]) for right in listed} - asked.rights

    until(lambda: kept() and not unwatched())
    streams.stop()
    asked.behind.happened.cut()


def not_made_here(deployment: Manifest) -> None:
    deployment["metadata"].pop("annotations", None)


def test_a_release_needs_what_is_granted_in_its_project(world: World) -> None:
    everywhere = granted("grayrelease-routes", everywhere=True)
    world.cluster.served = WHOLE
    with asked_of(world.cluster, frozenset(everywhere)) as asked:
        whole_story(world, winner="v1")
        world.cluster.edit("Deployment", "demo", "reviews-v1", not_made_here)
        whole_story(world, winner="v2")
        watched(world, asked)
    assert asked.rights - everywhere == granted("grayrelease-project")


def test_routes_of_all_namespaces_are_looked_at_where_that_is_granted(world: World) -> None:
    world.cluster.served = WHOLE
    with asked_of(world.cluster) as asked:
        watched(world, asked)
    assert {right for right in asked.rights if right[2]} == granted("grayrelease-routes", everywhere=True)


def test_the_sample_needs_what_is_granted_for_it(transactional_db: None) -> None:
    memory, made = Memory(), project(namespace="shop")
    memory.seed({"kind": "Namespace", "metadata": {"name": "shop"}})
    with asked_of(memory) as asked:
        sample = operations.deploy_sample(person("operator"), made)
        assert create(sample.pk) == Outcome.DONE
    assert asked.rights == granted("grayrelease-sample")
