"""Bring the database, the static files and the translations up to date: `python -m demo.prepare`.

The same as four calls of `manage.py`, but Django is loaded once, which is most of the work.
"""

from __future__ import annotations

import django
from django.core.management import call_command


def main() -> None:
    django.setup()
    call_command("migrate", interactive=False, verbosity=1)
    call_command("compile_translations")
    call_command("collectstatic", interactive=False, verbosity=0)
    call_command("demo_data")


if __name__ == "__main__":
    main()
