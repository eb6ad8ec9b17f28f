"""Accepting the names of CustomResourceDefinitions."""

from __future__ import annotations

from grayrelease.sandbox.apiserver.objects import Object, copied

CLEANUP_FINALIZER = "customresourcecleanup.apiextensions.k8s.io"


def establish(definition: Object) -> None:
    """Accept a definition's names at once, as the API server's own controllers do a moment later."""
    since = definition["metadata"]["creationTimestamp"]
    spec = definition["spec"]
    finalizers = definition["metadata"].setdefault("finalizers", [])
    if CLEANUP_FINALIZER not in finalizers:
        finalizers.append(CLEANUP_FINALIZER)
    reasons = (
        ("NamesAccepted", "NoConflicts", "no conflicts found"),
        ("Established", "InitialNamesAccepted", "the initial names have been accepted"),
    )
    definition["status"] = {
        "conditions": [
            {
                "type": kind,
                "status": "True",
                "lastTransitionTime": since,
                "reason": reason,
                "message": message,
            }
            for kind, reason, message in reasons
        ],
        "acceptedNames": copied(spec["names"]),
        "storedVersions": [version["name"] for version in spec.get("versions", ()) if version.get("storage")],
    }
