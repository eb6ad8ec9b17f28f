from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from grayrelease import words
from grayrelease.management.remains import told
from grayrelease.models import Release
from grayrelease.operations.errors import Busy, Refused
from grayrelease.operations.forgetting import forget_unasked, what_is_left


class Command(BaseCommand):
    """Forget a release: it ends here alone, the cluster stays as it is; prints what is left there."""

    help = "Forget a release: it ends here alone, the cluster is left as it is; prints what is left there."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("deed", choices=["forget"])
        parser.add_argument("id", type=int, help="the number in the address of the release's page")

    def handle(self, *args: Any, **options: Any) -> None:
        found = Release.objects.select_related("target__project").filter(pk=options["id"]).first()
        if found is None:
            raise CommandError(f"There is no release {options['id']}.")
        left = what_is_left(found)
        try:
            forget_unasked(found, left)
        except Refused as refused:
            reason = refused.reasons[0]
            raise CommandError(words.sentence(reason.code, reason.facts)) from refused
        except Busy as busy:
            raise CommandError("Somebody else is at this release just now: say it again.") from busy
        self.stdout.write(told(found, left))
