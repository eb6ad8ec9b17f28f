"""The garbage collector and the end of namespaces, carried out against the API server."""

from __future__ import annotations

from collections import defaultdict

from grayrelease.sandbox.client import ApiError, Client, Object
from grayrelease.sandbox.controllers.garbage import Policy, judge, references
from grayrelease.sandbox.controllers.objects import is_deleting
from grayrelease.sandbox.controllers.store import Resource, Store
from grayrelease.sandbox.controllers.work import Queue

NAMESPACE_S = 0.2


class Collector:
    """Looks at each object that changed, at what it owns, and at what owned what went."""

    def __init__(self, client: Client, store: Store) -> None:
        self.client = client
        self.store = store
        self.queue: Queue[str] = Queue(self._look)
        self._items: dict[str, tuple[Resource, Object]] = {}
        self._dependents: dict[str, set[str]] = defaultdict(set)

    def hear(self, resource: Resource, old: Object | None, new: Object | None) -> None:
        """Take a change in, and look at what it may concern."""
        if old is not None:
            self._forget(old)
        if new is not None:
            self._remember(resource, new)
        if old is not None and (new is None or is_deleting(new)):
            for uid in {reference["uid"] for reference in references(old)} | self._dependents.get(
                _uid(old), set()
            ):
                self.queue.add(uid)

    def _remember(self, resource: Resource, item: Object) -> None:
        self._items[_uid(item)] = resource, item
        for reference in references(item):
            self._dependents[reference["uid"]].add(_uid(item))
        if references(item) or is_deleting(item):
            self.queue.add(_uid(item))

    def _forget(self, item: Object) -> None:
        self._items.pop(_uid(item), None)
        for reference in references(item):
            owned = self._dependents[reference["uid"]]
            owned.discard(_uid(item))
            if not owned:
                del self._dependents[reference["uid"]]

    async def _look(self, uid: str) -> None:
        if uid not in self._items:
            return
        resource, item = self._items[uid]
        owned = [
            self._items[each][1] for each in sorted(self._dependents.get(uid, set())) if each in self._items
        ]
        owners = {each["uid"]: await self._find(item, each) for each in references(item)}
        verdict = judge(item, owned, owners)
        for doomed, policy in verdict.delete:
            await self._delete(doomed, policy)
        for other, lost in verdict.disown:
            await self._disown(other, lost)
        if verdict.release:
            await self._release(resource, item, verdict.release)

    async def _find(self, item: Object, reference: Object) -> Object | None:
        """Find an owner; one that is not in the store is asked for, as the store may lag."""
        if reference["uid"] in self._items:
            return self._items[reference["uid"]][1]
        group = reference["apiVersion"].rpartition("/")[0]
        resource = self.store.resource(reference["kind"], group)
        if resource is None:
            return None
        namespace = item["metadata"].get("namespace", "") if resource.namespaced else ""
        try:
            owner = await self.client.get(f"{resource.collection(namespace)}/{reference['name']}")
        except ApiError as error:
            if error.status == 404:
                return None
            raise
        return owner if _uid(owner) == reference["uid"] else None

    async def _delete(self, item: Object, policy: Policy) -> None:
        if _uid(item) not in self._items:
            return  # It went while we waited for another.
        options = {"propagationPolicy": policy, "preconditions": {"uid": _uid(item)}}
        await _unless_gone(self.client, self._path(item), options)

    async def _disown(self, item: Object, lost: frozenset[str]) -> None:
        if _uid(item) not in self._items:
            return
        kept = [each for each in references(item) if each["uid"] not in lost]
        answer = await self.client.patch(self._path(item), _metadata(item, ownerReferences=kept or None))
        self.store.put(answer)

    async def _release(self, resource: Resource, item: Object, finalizer: str) -> None:
        kept = [each for each in item["metadata"]["finalizers"] if each != finalizer]
        await self.client.patch(resource.path(item), _metadata(item, finalizers=kept or None))

    def _path(self, item: Object) -> str:
        return self._items[_uid(item)][0].path(item)


class Namespaces:
    """Empties namespaces that are being deleted, then lets them go."""

    def __init__(self, client: Client, store: Store) -> None:
        self.client = client
        self.store = store
        self.queue: Queue[str] = Queue(self._look)

    def hear(self, resource: Resource, old: Object | None, new: Object | None) -> None:
        """Look at each namespace that is to go."""
        if resource.kind == "Namespace" and new is not None and is_deleting(new):
            self.queue.add(new["metadata"]["name"])

    async def _look(self, name: str) -> None:
        item = self.store.get("Namespace", ("", name))
        if item is None or not is_deleting(item):
            return
        left = [each for each in self._contents() if await self._holds(each, name)]
        if left:
            self.queue.add_later(name, NAMESPACE_S)
            return
        body = {**item, "spec": {**(item.get("spec") or {}), "finalizers": []}}
        await self.client.put(f"/api/v1/namespaces/{name}/finalize", body)

    def _contents(self) -> list[Resource]:
        return [each for each in self.store.resources if each.namespaced and "deletecollection" in each.verbs]

    async def _holds(self, resource: Resource, namespace: str) -> bool:
        """Delete what is there; False once nothing was."""
        path = resource.collection(namespace)
        items, _ = await self.client.list(path)
        if not items:
            return False
        if any(not is_deleting(item) for item in items):
            await _unless_gone(self.client, path, {"propagationPolicy": "Background"})
        return True


async def _unless_gone(client: Client, path: str, options: Object) -> None:
    try:
        await client.delete(path, options)
    except ApiError as error:
        if error.status != 404:
            raise


def _metadata(item: Object, **fields: object) -> Object:
    metadata = item["metadata"]
    return {"metadata": {"uid": metadata["uid"], "resourceVersion": metadata["resourceVersion"], **fields}}


def _uid(item: Object) -> str:
    return str(item["metadata"]["uid"])
