"""How we speak to a cluster: a handful of verbs, the same for the real one and the double."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from grayrelease.domain.marks import MANAGER as MANAGER
from grayrelease.domain.plan import Manifest


class ClusterError(Exception):
    """The cluster did not do what was asked; the message is the cluster's own word."""


class NotFound(ClusterError):
    """404."""


class Conflict(ClusterError):
    """409: the object isn't what the write was decided on. Never retried; the run ends."""


class AlreadyExists(ClusterError):
    """409 AlreadyExists on a POST."""


class Refused(ClusterError):
    """400, 403 or 422: the API server will never take this."""


class Unreachable(ClusterError):
    """No answer in time, or 5xx: it isn't known whether the write happened."""


class Expired(ClusterError):
    """410: the cluster no longer knows what came after that version. List again."""


@dataclass(frozen=True)
class Listing:
    """All objects of a kind, and the version from which `Cluster.watch` goes on."""

    items: list[Manifest]
    version: str


@dataclass(frozen=True)
class Change:
    """What a watch tells: an object was ADDED, MODIFIED or DELETED; of a BOOKMARK only the version counts."""

    type: str
    manifest: Manifest

    @property
    def version(self) -> str:
        return str(self.manifest["metadata"]["resourceVersion"])


class Reading(Protocol):
    """What is enough to look at a cluster: one, or what a watcher keeps of it."""

    def get(self, kind: str, namespace: str, name: str) -> Manifest: ...

    def list(self, kind: str, namespace: str, labels: str = "") -> list[Manifest]:
        """List by a label selector, in all namespaces where `namespace` is empty; items carry their kind."""
        ...

    def serves(self, kind: str) -> bool:
        """True if the API server knows the kind."""
        ...


class Cluster(Reading, Protocol):
    """One cluster. Every call has a timeout of at most 3 s and raises a `ClusterError`.

    kind is a Kubernetes kind (`Deployment`, `VirtualService` …). Nothing is retried but a 429 with
    Retry-After within the timeout.
    """

    def create(self, manifest: Manifest, *, dry_run: bool = False) -> Manifest: ...

    def replace(self, manifest: Manifest, *, dry_run: bool = False) -> Manifest:
        """PUT; the manifest carries metadata.uid and metadata.resourceVersion."""
        ...

    def delete(self, kind: str, namespace: str, name: str, *, uid: str, resource_version: str) -> None:
        """DELETE with both preconditions, background propagation."""
        ...

    def logs(self, namespace: str, pod: str, *, lines: int, container: str = "") -> str:
        """Return the last lines; a pod with several containers needs the name of one."""
        ...

    def listing(self, kind: str, namespace: str) -> Listing:
        """List as `list` does, with the version from which to watch."""
        ...

    def watch(self, kind: str, namespace: str, since: str, seconds: int) -> Iterator[Change]:
        """Tell what happens after a version, for at most so many seconds; then the iterator ends.

        Returns once the cluster has accepted it. Raises Expired, here or on the way, and Unreachable where it
        breaks off or has not ended 5 s after its time.
        """
        ...
