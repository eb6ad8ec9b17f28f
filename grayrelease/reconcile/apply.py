"""Send the writes of one decision at the same time, each with its attempt before and its outcome after."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from django.db import transaction

from grayrelease.cluster.interface import AlreadyExists, Cluster, ClusterError, Conflict
from grayrelease.domain.state import Create, Delete, Replace, Write
from grayrelease.models import Event
from grayrelease.reconcile import attempts
from grayrelease.reconcile.attempts import Scope
from grayrelease.reconcile.lease import Lease

CONFLICTS = (Conflict, AlreadyExists)


def apply(
    cluster: Cluster,
    namespace: str,
    scope: Scope,
    lease: Lease,
    writes: Sequence[Write],
    unknown: list[Event],
) -> None:
    """Carry out writes. Raises Lost before any is sent, and the first write's ClusterError after all were.

    unknown: attempts without an outcome; a delete with the same preconditions carries on with its own.
    """
    made = _begin(scope, lease, writes, unknown)
    with ThreadPoolExecutor(len(writes)) as threads:
        sent = [
            threads.submit(_send, cluster, namespace, write, attempt)
            for write, attempt in zip(writes, made, strict=True)
        ]
        errors = [each.result() for each in sent]
    for attempt, error in zip(made, errors, strict=True):
        _close(attempt, error)
    # A conflict says most: all is to be looked at anew.
    for error in sorted(filter(None, errors), key=lambda error: not isinstance(error, CONFLICTS)):
        raise error


def is_destructive(write: Write) -> bool:
    """True for what can't be taken back: a delete, and a workload without pods."""
    if isinstance(write, Replace):
        return write.key.kind == "Deployment" and write.manifest["spec"].get("replicas") == 0
    return isinstance(write, Delete)


def _begin(scope: Scope, lease: Lease, writes: Sequence[Write], unknown: list[Event]) -> list[Event]:
    made = [_attempt(scope, write, unknown) for write in writes]
    with transaction.atomic():
        lease.renew()
        for each in made:
            if each._state.adding:
                each.save()
    return made


def _attempt(scope: Scope, write: Write, unknown: list[Event]) -> Event:
    before = (each for each in unknown if attempts.repeats(each, write))
    return next(before, None) or attempts.attempt(scope, write)


def _send(cluster: Cluster, namespace: str, write: Write, attempt: Event) -> ClusterError | None:
    try:
        match write:
            case Create(manifest=manifest):
                cluster.create(attempts.stamped(manifest, attempt.op))
            case Replace(manifest=manifest):
                cluster.replace(attempts.stamped(manifest, attempt.op))
            case Delete(key=key, uid=uid, resource_version=version):
                cluster.delete(key.kind, namespace, key.name, uid=uid, resource_version=version)
    except ClusterError as error:
        return error
    return None


def _close(attempt: Event, error: ClusterError | None) -> None:
    if error is None:
        attempts.close(attempt, "done")
    elif isinstance(error, attempts.ANSWERED):
        attempts.close(attempt, "failed", str(error))
