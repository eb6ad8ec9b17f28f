"""Taking a project away: refused while a release of it is live, unless these are to be forgotten."""

from __future__ import annotations

from django.core.management.base import CommandError
from django.db import transaction
from django.db.models import Max

from grayrelease.management.remains import told
from grayrelease.models import Installation, Project, Release
from grayrelease.operations.forgetting import forget_unasked, what_is_left


def remove(name: str, *, forget: bool) -> str:
    """Delete a project's rows; return what to print. Raises CommandError."""
    project = Project.objects.filter(name=name).first()
    if project is None:
        raise CommandError(f"There is no project {name}.")
    live = list(Release.objects.live().filter(target__project=project).order_by("id"))
    if live and not forget:
        raise CommandError(_pointer(name, live))
    said = [_forgotten(release) for release in live]
    with transaction.atomic():
        installation = Installation.objects.select_for_update().get(pk=Installation.current().pk)
        highest = project.targets.aggregate(highest=Max("generation"))["highest"] or 0
        installation.floor = max(installation.floor, highest)
        installation.save(update_fields=["floor"])
        project.delete()
    return "\n".join([*said, f"Project {name} is removed."])


def _forgotten(release: Release) -> str:
    left = what_is_left(release)
    forget_unasked(release, left)
    return told(release, left)


def _pointer(name: str, live: list[Release]) -> str:
    named = ", ".join(f"{each.name} of {each.target.service}" for each in live)
    return (
        f"Releases of {name} are live: {named}. Finish or abandon them on their pages first. Or say "
        "--forget: they end here alone, the cluster stays as it is, and what is left there is printed."
    )
