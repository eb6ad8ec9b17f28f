from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any

from django.core.management.base import BaseCommand

from grayrelease.domain import evaluate
from grayrelease.domain.evaluate.written import written

UPSTREAM_STATUS = "x-echo-status"
"""The header that tells the recordings' upstream server with which status to answer."""


class Command(BaseCommand):
    """Say what proxies would do: JSON lines of objects, caller and request in, answers out, in order."""

    help = (
        'Read {"objects", "caller", "request"} as JSON lines and print what the caller\'s proxy does with '
        "each request. Needs no database, broker or variable."
    )
    requires_system_checks: list[str] = []  # they would look at what is not needed here

    def handle(self, *args: Any, **options: Any) -> None:
        asked = Asked()
        for line in sys.stdin:
            if line.strip():
                self.stdout.write(json.dumps(asked.answer(line)))
                self.stdout.flush()


class Asked:
    """Keeps the last caller's tables: questions about one cluster come one after another."""

    def __init__(self) -> None:
        self._key = ""
        self._proxy: evaluate.Proxy | None = None

    def answer(self, line: str) -> dict[str, Any]:
        """Answer one line; one that can't be read gets an `error`."""
        try:
            question = json.loads(line)
            proxy = self._known(question)
            request = evaluate.request(question["request"])
            return written(proxy.answer(request, _upstream(question["request"])))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            return {"error": f"not understood: {error!r}"}

    def _known(self, question: Mapping[str, Any]) -> evaluate.Proxy:
        key = json.dumps([question["objects"], question["caller"]])
        if self._proxy is None or key != self._key:
            world = evaluate.read(question["objects"])
            self._key, self._proxy = key, evaluate.Proxy(world, evaluate.caller(question["caller"]))
        return self._proxy


def _upstream(request: Mapping[str, Any]) -> int:
    said = str((request.get("headers") or {}).get(UPSTREAM_STATUS) or "200")
    return int(said) if said.isdecimal() else 200
