from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from grayrelease.demo_users import NAMES, PASSWORD
from grayrelease.models import Installation, Membership, Project

PROJECT = "demo"
SETTLE_S, DRAIN_S = 1, 2


class Command(BaseCommand):
    """Make the demo's users and project; what is there already stays as it is."""

    help = "Make the demo's users and project. Only with DEMO=1."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("Everybody knows the password of the demo's users: only with DEMO=1.")
        with transaction.atomic():
            Installation.current()
            project, _ = Project.objects.get_or_create(
                name=PROJECT, defaults={"namespace": PROJECT, "settle_s": SETTLE_S, "drain_s": DRAIN_S}
            )
            for role in NAMES:
                Membership.objects.get_or_create(project=project, user=_user(role), defaults={"role": role})


def _user(name: str) -> User:
    user, new = User.objects.get_or_create(username=name)
    if new:
        user.set_password(PASSWORD)
        user.save(update_fields=["password"])
    return user
