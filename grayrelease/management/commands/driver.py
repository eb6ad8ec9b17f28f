from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from grayrelease import demo_users
from grayrelease.driver import Driver
from grayrelease.management.stopping import until_stopped


class Command(BaseCommand):
    """Run the driver until SIGTERM or Ctrl-C."""

    help = "Carry out what waits, without a broker, and keep the inventories that the watcher does not."

    def handle(self, *args: Any, **options: Any) -> None:
        demo_users.refuse()
        Driver().run(until_stopped())
