from __future__ import annotations

import getpass
import sys
from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError


class Command(BaseCommand):
    """Make a user, who may nothing until they are a project's member. Asks for the password twice."""

    help = "Make a user who can sign in. What they may do, manage.py project says."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name")
        parser.add_argument(
            "--password-stdin", action="store_true", help="read the password from the first line of the input"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        name = options["name"]
        if User.objects.filter(username=name).exists():
            raise CommandError(f"{name} is there already. Another password: manage.py changepassword {name}")
        user = User(username=name)
        try:
            user.clean_fields(exclude=["password"])
            password = _read() if options["password_stdin"] else _ask()
            validate_password(password, user)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        User.objects.create_user(name, password=password)
        self.stdout.write(
            f"{name} can sign in. A role in a project: manage.py project … --member {name}=ROLE"
        )


def _read() -> str:
    return sys.stdin.readline().rstrip("\r\n")


def _ask() -> str:
    if not sys.stdin.isatty():
        raise CommandError("Nobody is there to be asked: say --password-stdin.")
    password = getpass.getpass("Password: ")
    if getpass.getpass("Again: ") != password:
        raise CommandError("The two are not the same; nothing was made.")
    return password
