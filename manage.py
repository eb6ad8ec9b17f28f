#!/usr/bin/env python
from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

BARE = ("evaluate_routes", "route_test")
"""Commands that need neither a secret nor a database: they must run where nothing is set up."""
NOT_BARE = "--project"
"""What makes them need a database after all."""
OWN = Path(__file__).resolve().parent / ".venv"


def settings_for(arguments: list[str]) -> str:
    bare = arguments[1:2] != [] and arguments[1] in BARE
    bare = bare and not any(each.startswith(NOT_BARE) for each in arguments)
    return "grayrelease.bare_settings" if bare else "grayrelease.settings"


def main() -> None:
    python = OWN / "bin" / "python"
    if importlib.util.find_spec("django") is None and Path(sys.prefix) != OWN and python.exists():
        os.execv(python, [str(python), *sys.argv])  # called with a Python that isn't the project's
    from django.core.management import execute_from_command_line

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", settings_for(sys.argv))
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
