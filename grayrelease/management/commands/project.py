from __future__ import annotations

import math
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from grayrelease import words
from grayrelease.domain import names
from grayrelease.management.removing import remove
from grayrelease.models import Inventory, Membership, Project, Role

CLUSTERS = ("default",)
"""All that KUBECONFIG leads to: a second name would be the same cluster."""
NOBODY = "none"


class Command(BaseCommand):
    """Make a project or change one, and say who may do what in it. Said twice, it is as said once."""

    help = "Make a project, or change it: its namespace, its times and its members."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", type=_name, help="as in the addresses of its pages")
        parser.add_argument("--namespace", type=_name, help="of the cluster; a new project needs one")
        parser.add_argument("--cluster", choices=CLUSTERS, help="the one that KUBECONFIG leads to")
        parser.add_argument(
            "--settle",
            type=_seconds,
            metavar="SECONDS",
            help="until a written route counts as known to every proxy (15)",
        )
        parser.add_argument(
            "--drain",
            type=_seconds,
            metavar="SECONDS",
            help="without a request before a version's pods may go (30)",
        )
        parser.add_argument(
            "--member",
            type=_member,
            action="append",
            default=[],
            metavar="USER=ROLE",
            help=f"{', '.join(Role.values)}; {NOBODY} takes somebody out; may be given many times",
        )

        parser.add_argument(
            "--remove",
            action="store_true",
            help="take the project away, with its releases and their events; refused while one is live",
        )
        parser.add_argument(
            "--forget",
            action="store_true",
            help="with --remove: forget live releases; prints what they leave in the cluster",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["remove"]:
            self.stdout.write(remove(options["name"], forget=options["forget"]))
            return
        said = {
            "namespace": options["namespace"],
            "cluster": options["cluster"],
            "settle_s": options["settle"],
            "drain_s": options["drain"],
        }
        with transaction.atomic():
            project = save(options["name"], {key: value for key, value in said.items() if value is not None})
            enrol(project, options["member"])
        self.stdout.write(told(project))


def save(name: str, said: Mapping[str, Any]) -> Project:
    """Make the project or change what is said of it. Raises CommandError."""
    project = Project.objects.select_for_update().filter(name=name).first()
    if project is None:
        if "namespace" not in said:
            raise CommandError(f"There is no project {name} yet; to make it, say --namespace.")
        project = Project(name=name)
    elif said.get("namespace", project.namespace) != project.namespace:
        _leave_namespace(project)
    for column, value in said.items():
        setattr(project, column, value)
    _alone(project)
    project.save()
    return project


def _leave_namespace(project: Project) -> None:
    """Raise CommandError where plans and events speak of the namespace that the project has."""
    if project.targets.exists() or project.applications.exists() or project.drafts.exists():
        raise CommandError(
            f"People have worked in {project.name}, which is namespace {project.namespace}: "
            "make another project for another namespace."
        )
    Inventory.objects.filter(project=project).delete()


def _alone(project: Project) -> None:
    same = Project.objects.filter(cluster=project.cluster, namespace=project.namespace)
    other = same.exclude(pk=project.pk).first()
    if other is not None:
        raise CommandError(f"Namespace {project.namespace} is project {other.name} already.")


def enrol(project: Project, members: Sequence[tuple[str, str]]) -> None:
    """Give each user a role, or take them out. Raises CommandError for one whom nobody knows."""
    for name, role in members:
        user = User.objects.filter(username=name).first()
        if user is None:
            raise CommandError(f"Nobody is called {name}. To make them known: manage.py person {name}")
        if role == NOBODY:
            Membership.objects.filter(project=project, user=user).delete()
        else:
            Membership.objects.update_or_create(project=project, user=user, defaults={"role": role})


def told(project: Project) -> str:
    """Say how the project is now."""
    listed = project.memberships.select_related("user").order_by("user__username")
    members = ", ".join(f"{each.user.username} ({each.role})" for each in listed)
    return (
        f"Project {project.name}: namespace {project.namespace} of cluster {project.cluster}, "
        f"settles in {project.settle_s:g} s, drains in {project.drain_s:g} s.\n"
        f"Members: {members or 'nobody yet; say --member USER=ROLE'}."
    )


def _name(typed: str) -> str:
    checked = names.name(typed)
    if checked.wrong is not None:
        raise ArgumentTypeError(f"{typed!r}: {words.sentence(checked.wrong.code, checked.wrong.facts)}")
    return checked.value


def _seconds(typed: str) -> float:
    try:
        seconds = float(typed)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds <= 3600:
        raise ArgumentTypeError(f"{typed!r} is no number of seconds from 0 to 3600")
    return seconds


def _member(typed: str) -> tuple[str, str]:
    user, _, role = typed.rpartition("=")
    if not user or role not in (*Role.values, NOBODY):
        raise ArgumentTypeError(
            f"{typed!r} is not USER=ROLE with a role of {', '.join(Role.values)}, {NOBODY}"
        )
    return user, role
