"""What the contract's tests share."""

from __future__ import annotations

from grayrelease.domain.plan import Manifest


def of(manifest: Manifest) -> dict[str, str]:
    """The preconditions that name exactly this state of an object."""
    metadata = manifest["metadata"]
    return {"uid": metadata["uid"], "resource_version": metadata["resourceVersion"]}
