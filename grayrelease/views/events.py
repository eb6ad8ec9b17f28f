"""Events as a person reads them: who, what, and what became of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext

from grayrelease import words
from grayrelease.models import Event
from grayrelease.templatetags.ui import percent

ICONS = {
    "created": "player-play",
    "share": "adjustments-horizontal",
    "take-over": "arrow-merge",
    "roll-back": "arrow-back-up",
    "finish": "flag-check",
    "write": "route",
    "phase": "circle-dot",
}


class Told:
    """One event, ready for a template."""

    def __init__(self, event: Event) -> None:
        self.at = event.at
        self.event = event
        self.data: dict[str, Any] = event.data or {}
        self.actor = event.actor.get_username() if event.actor else ""
        self.icon = "circle-x" if event.outcome == "failed" else ICONS.get(event.kind, "info-circle")
        self.tone = "bad" if event.outcome == "failed" else ""

    @property
    def what(self) -> str:
        """Say what happened in one line."""
        said = {
            "created": self._created,
            "share": self._share,
            "take-over": self._take_over,
            "roll-back": self._roll_back,
            "finish": self._finish,
            "write": self._write,
            "phase": self._phase,
        }
        return said[self.event.kind]() if self.event.kind in said else self.event.kind

    @property
    def more(self) -> str:
        """Say why a write failed, or what a phase means for visitors."""
        if self.event.outcome == "failed":
            return str(self.data.get("error", ""))
        reason = self.data.get("reason")
        return words.sentence(*reason) if reason else ""

    def _created(self) -> str:
        return gettext("%(who)s created the release") % {"who": self.actor}

    def _share(self) -> str:
        before, after = self._shares()
        facts = {"who": self.actor, "before": percent(before), "after": percent(after)}
        return gettext("%(who)s moved the share from %(before)s to %(after)s") % facts

    def _take_over(self) -> str:
        winner = self.data.get("after", {}).get("winner", "")
        return gettext("%(who)s let %(version)s take over") % {"who": self.actor, "version": winner}

    def _roll_back(self) -> str:
        winner = self.data.get("after", {}).get("winner", "")
        return gettext("%(who)s rolled back to %(version)s") % {"who": self.actor, "version": winner}

    def _finish(self) -> str:
        return gettext("%(who)s finished the release") % {"who": self.actor}

    def _write(self) -> str:
        facts = {"object": self.event.subject.replace("/", " ", 1)}
        if self.event.outcome == "failed":
            return gettext("%(object)s could not be written") % facts
        if self.event.outcome == "attempt":
            return gettext("%(object)s is being written") % facts
        match self.data.get("verb"):
            case "create":
                return gettext("%(object)s created") % facts
            case "delete":
                return gettext("%(object)s deleted") % facts
        return gettext("%(object)s changed") % facts

    def _phase(self) -> str:
        after = self.data.get("after", "")
        return str(words.PHASES.get(after, after))

    def _shares(self) -> tuple[int, int]:
        read = (self.data.get(key, {}).get("share") or 0 for key in ("before", "after"))
        before, after = read
        return before, after


def told(events: Iterable[Event]) -> list[Told]:
    """Return the events, newest first, without the attempts whose outcome is known."""
    listed = list(events)
    settled = {event.op for event in listed if event.op and event.outcome != "attempt"}
    return [Told(each) for each in listed if each.outcome != "attempt" or each.op not in settled]
