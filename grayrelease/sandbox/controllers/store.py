"""All objects of the cluster that controllers look at, one follower for each resource."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from grayrelease.sandbox.client import Client, Follower, Key, Object

# Events own nothing, and are many.
NOT_FOLLOWED = {"Event"}
Heard = Callable[["Resource", Object | None, Object | None], None]


@dataclass(frozen=True)
class Resource:
    """A kind that the server serves: `prefix` is /api/v1 or /apis/GROUP/VERSION."""

    prefix: str
    plural: str
    kind: str
    namespaced: bool
    verbs: frozenset[str]

    @property
    def api_version(self) -> str:
        """Name group and version as objects do."""
        return self.prefix.removeprefix("/apis/").removeprefix("/api/")

    @property
    def group(self) -> str:
        """Name the group; empty for the core."""
        return self.api_version.rpartition("/")[0]

    @property
    def is_built_in(self) -> bool:
        """Tell Kubernetes' own kinds from custom ones of the same name."""
        return "." not in self.group or self.group.endswith(".k8s.io")

    def collection(self, namespace: str = "") -> str:
        """Give the path of all objects, of one namespace or of the cluster."""
        return (
            f"{self.prefix}/namespaces/{namespace}/{self.plural}"
            if namespace
            else f"{self.prefix}/{self.plural}"
        )

    def path(self, item: Object) -> str:
        """Give the path of an object."""
        metadata = item["metadata"]
        return f"{self.collection(metadata.get('namespace', ''))}/{metadata['name']}"


async def discover(client: Client) -> list[Resource]:
    """Ask the server what it serves, each group in its preferred version."""
    groups = (await client.get("/apis"))["groups"]
    prefixes = ["/api/v1", *(f"/apis/{group['preferredVersion']['groupVersion']}" for group in groups)]
    answers = await asyncio.gather(*(client.get(prefix) for prefix in prefixes))
    return [
        Resource(prefix, each["name"], each["kind"], each["namespaced"], frozenset(each["verbs"]))
        for prefix, answer in zip(prefixes, answers, strict=True)
        for each in answer["resources"]
        if "/" not in each["name"] and {"list", "delete"} <= set(each["verbs"])
    ]


class Store:
    """The followers, by kind and group; `hear` gets each change of each."""

    def __init__(self, client: Client, hear: Heard) -> None:
        self.client = client
        self.resources: list[Resource] = []
        self._hear = hear
        self._followers: dict[Resource, Follower] = {}
        self._running: dict[Resource, asyncio.Task[None]] = {}

    async def refresh(self) -> None:
        """Follow what the server serves now, and stop following what it no longer does."""
        self.resources = await discover(self.client)
        wanted = {each for each in self.resources if each.kind not in NOT_FOLLOWED and "watch" in each.verbs}
        for gone in self._followers.keys() - wanted:
            self._running.pop(gone).cancel()
            del self._followers[gone]
        new = wanted - self._followers.keys()
        for resource in new:
            follower = Follower(self.client, resource.collection(), self._listener(resource))
            self._followers[resource] = follower
            self._running[resource] = asyncio.create_task(follower.run())
        await asyncio.gather(*(self._followers[each].synced.wait() for each in new))

    def put(self, item: Object) -> None:
        """Take in the answer of a write."""
        for resource, follower in self._followers.items():
            if (resource.kind, resource.api_version) == (item["kind"], item["apiVersion"]):
                follower.put(item)

    def get(self, kind: str, key: Key) -> Object | None:
        """Find an object of a built-in kind by namespace and name."""
        follower = self._of(kind)
        return follower.objects.get(key) if follower else None

    def all(self, kind: str, namespace: str | None = None) -> list[Object]:
        """Give the objects of a built-in kind, of one namespace or of the cluster."""
        follower = self._of(kind)
        objects = follower.objects if follower else {}
        return [item for key, item in objects.items() if namespace in (None, key[0])]

    def resource(self, kind: str, group: str) -> Resource | None:
        """Find what serves a kind of a group."""
        return next((each for each in self.resources if (each.kind, each.group) == (kind, group)), None)

    def _of(self, kind: str) -> Follower | None:
        found = (
            each
            for resource, each in self._followers.items()
            if resource.kind == kind and resource.is_built_in
        )
        return next(found, None)

    def _listener(self, resource: Resource) -> Callable[[Key, Object | None, Object | None], None]:
        return lambda _, old, new: self._hear(resource, old, new)
