"""From a wizard's draft to a frozen plan, and from a plan to a release."""

from __future__ import annotations

from grayrelease.domain.plan import Plan
from grayrelease.models import Draft, Release
from grayrelease.operations.people import Person


def freeze(user: Person, draft: Draft) -> Plan:
    """Make the plan from the draft and the live cluster, and store its canonical text in `draft.frozen`.

    Asks the cluster, 2 s at most. draft.data: {"mode": "canary", "name", "application", "service",
    "version", "replicas": int, "containers": [{"name", "image", "env": [{"name", "value"}]}],
    "share": per mille}. Raises Refused with every reason, Forbidden, NotFound, ClusterError.
    """
    raise NotImplementedError


def create_release(user: Person, draft: Draft) -> Release:
    """Start the frozen plan. Posted twice, it gives the same release.

    Raises Refused (a live release exists, the Service is another one, the name is taken, nothing frozen),
    Forbidden, NotFound, Busy.
    """
    raise NotImplementedError
