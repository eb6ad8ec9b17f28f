"""Who may do what in a project."""

from __future__ import annotations

from django.contrib.auth.models import User

from grayrelease.domain.allowed import DOERS
from grayrelease.models import Membership, Project, Role
from grayrelease.operations.errors import Forbidden, NotFound


def role(user: User, project: Project) -> Role:
    """Return the user's role. Raises NotFound for somebody who isn't a member."""
    found = Membership.objects.filter(project=project, user=user).values_list("role", flat=True).first()
    if found is None:
        raise NotFound
    return Role(found)


def check_doer(user: User, project: Project) -> Role:
    """Return the role of an operator, lead or admin. Raises NotFound for strangers, Forbidden for viewers."""
    found = role(user, project)
    if found not in DOERS:
        raise Forbidden
    return found


def find_project(user: User, name: str) -> Project:
    """Return a project that the user is a member of, or raise NotFound."""
    found = Project.objects.seen_by(user).filter(name=name).first()
    if found is None:
        raise NotFound
    return found
