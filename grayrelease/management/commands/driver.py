from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand

from grayrelease import demo_users
from grayrelease.driver import Driver


class Command(BaseCommand):
    """Run the driver until SIGTERM or Ctrl-C."""

    help = "Carry out what waits, without a broker, and keep the inventories fresh."

    def handle(self, *args: Any, **options: Any) -> None:
        demo_users.refuse()
        stopped = threading.Event()

        def stop(number: int, frame: FrameType | None) -> None:
            stopped.set()

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, stop)
        Driver().run(stopped)
