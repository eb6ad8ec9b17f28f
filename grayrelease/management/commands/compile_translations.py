"""Turn the translations into what Django reads; needs no gettext tools."""

from __future__ import annotations

from pathlib import Path

import polib
from django.conf import settings
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = "Compile each .po file of the locale folders to the .mo file beside it."

    def handle(self, *args: object, **options: object) -> None:
        for folder in settings.LOCALE_PATHS:
            for source in sorted(Path(folder).rglob("*.po")):
                polib.pofile(str(source)).save_as_mofile(str(source.with_suffix(".mo")))
