"""What a forgotten release leaves in the cluster, for a terminal."""

from __future__ import annotations

from grayrelease.models import Release
from grayrelease.reconcile.remaining import Left

YOURS = "yours, with ours in it"


def told(release: Release, left: Left) -> str:
    """Say that a release is forgotten, and how to clean up by hand."""
    lines = [f"Release {release.name} of {release.target.service} is forgotten."]
    if left.error:
        lines.append(f"The cluster can't be asked ({left.error}). This was written there:")
    elif left.objects:
        lines.append("Left in the cluster; to clean up by hand, in this order:")
    for each in left.objects:
        lines.append(f"{each.kind} {each.name}: {'made here' if each.what == 'all' else YOURS}")
        lines += [f"  {command}" for command in each.commands]
    return "\n".join(
        lines if left.objects else [*lines, "Nothing of ours is known to be left in the cluster."]
    )
