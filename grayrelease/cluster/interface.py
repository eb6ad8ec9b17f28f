"""How we speak to a cluster: a handful of verbs, the same for the real one and the double."""

from __future__ import annotations

from typing import Protocol

from grayrelease.domain.plan import Manifest

MANAGER = "grayrelease"
"""The field manager under which the API server records our writes."""


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


class Cluster(Protocol):
    """One cluster. Every call has a timeout of at most 3 s and raises a `ClusterError`.

    kind is a Kubernetes kind (`Deployment`, `VirtualService` …). Nothing is retried but a 429 with
    Retry-After within the timeout.
    """

    def get(self, kind: str, namespace: str, name: str) -> Manifest: ...

    def list(self, kind: str, namespace: str, labels: str = "") -> list[Manifest]:
        """List by a label selector, in all namespaces where `namespace` is empty; items carry their kind."""
        ...

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

    def serves(self, kind: str) -> bool:
        """True if the API server knows the kind."""
        ...
