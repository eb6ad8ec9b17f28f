"""What a person does with applications."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models.functions import Now

from grayrelease import tasks
from grayrelease.domain import bookinfo
from grayrelease.models import Application, Event, Project
from grayrelease.operations import people


def deploy_sample(user: User, project: Project) -> Application:
    """Have the Bookinfo sample created; asked twice, it gives the same application.

    Raises Forbidden, NotFound.
    """
    people.check_doer(user, project)
    with transaction.atomic(durable=True):
        application, new = Application.objects.get_or_create(
            project=project,
            name=bookinfo.NAME,
            defaults={
                "version": bookinfo.VERSION,
                "manifests": bookinfo.manifests(project.namespace),
                "created_by": user,
            },
        )
        if new:
            Event.objects.create(
                project=project, application=application, at=Now(), actor=user, kind="application"
            )
    if new:
        tasks.ring(tasks.create_application, application.pk)
    return application
