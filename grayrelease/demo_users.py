"""The demo's users: their password is shown on the sign-in page, so nothing else may run with them."""

from __future__ import annotations

import logging

from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError

from grayrelease.models import Role

log = logging.getLogger(__name__)

NAMES = (Role.OPERATOR, Role.LEAD, Role.VIEWER, Role.ADMIN)
"""Each is called like the role that it has."""
PASSWORD = "demo"
WEAK_SECRETS = ("django-insecure", "demo", "secret", "changeme", "change-me")


def refuse() -> None:
    """Raise ImproperlyConfigured outside the demo where its users or a well-known secret are there.

    Each process that serves or works calls it once at its start. A database that is away is not asked.
    """
    if settings.DEMO:
        return
    if settings.SECRET_KEY.lower().startswith(WEAK_SECRETS) or len(set(settings.SECRET_KEY)) < 8:
        raise ImproperlyConfigured("SECRET_KEY is a well-known or too simple one: set a random text.")
    try:
        present = demo_users()
    except DatabaseError as error:
        log.warning("the demo's users were not looked for: %s", error)
        return
    if present:
        names = ", ".join(present)
        raise ImproperlyConfigured(
            f"The demo's users {names} have the password that everybody knows. Delete them or change it: "
            "manage.py changepassword NAME"
        )


def demo_users() -> list[str]:
    """Return the demo's users who still have the demo's password."""
    users = User.objects.filter(username__in=NAMES, is_active=True)
    return [user.username for user in users if user.check_password(PASSWORD)]
