from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from grayrelease import demo_users
from grayrelease.management.stopping import until_stopped
from grayrelease.watcher import Watcher


class Command(BaseCommand):
    """Run the watcher until SIGTERM or Ctrl-C."""

    help = "Watch the projects' clusters: ring for targets when something changes, and keep the inventories."

    def handle(self, *args: Any, **options: Any) -> None:
        demo_users.refuse()
        self.stdout.write("watching")
        Watcher().run(until_stopped())
