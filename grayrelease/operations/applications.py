"""What a person does with applications."""

from __future__ import annotations

from grayrelease.models import Application, Project
from grayrelease.operations.people import Person


def deploy_sample(user: Person, project: Project) -> Application:
    """Have the Bookinfo sample created; asked twice, it gives the same application.

    Raises Forbidden, NotFound.
    """
    raise NotImplementedError
