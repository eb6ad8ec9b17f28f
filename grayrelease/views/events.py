"""Events as a person reads them: who, what, and what became of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext

from grayrelease import meets, words
from grayrelease.domain.plan import Exposure
from grayrelease.models import Event
from grayrelease.templatetags.ui import percent

ICONS = {
    "created": "player-play",
    "share": "adjustments-horizontal",
    "exposure": "users",
    "continue": "player-play",
    "step": "clock",
    "pause": "player-pause",
    "resume": "player-play",
    "abandon": "unlink",
    "forget": "circle-x",
    "held": "hand-stop",
    "fall": "trending-down",
    "base": "hand-stop",
    "agree": "player-play",
    "vouch": "user-check",
    "reapply": "refresh",
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
            "exposure": self._exposure,
            "continue": self._continue,
            "step": self._step,
            "pause": lambda: gettext("%(who)s paused the release") % {"who": self.actor},
            "resume": lambda: gettext("%(who)s resumed the release") % {"who": self.actor},
            "abandon": self._abandon,
            "forget": self._forget,
            "held": lambda: gettext("Held at nobody"),
            "fall": self._fall,
            "base": lambda: gettext("Stopped before its start: the routes have changed since the review"),
            "vouch": self._vouch,
            "reapply": lambda: (
                gettext("%(who)s had the routes written again, over what others edited") % {"who": self.actor}
            ),
            "agree": lambda: (
                gettext("%(who)s let it go on with the routes as they are") % {"who": self.actor}
            ),
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
        before, after = (percent(self._exposed(key).share) for key in ("before", "after"))
        facts = {"who": self.actor, "before": before, "after": after}
        if self._exposed("after").audience:
            return (
                gettext("%(who)s moved the share of the chosen requests from %(before)s to %(after)s") % facts
            )
        return gettext("%(who)s moved the share from %(before)s to %(after)s") % facts

    def _vouch(self) -> str:
        named = set(self.data["after"]["vouched"]) - set(self.data["before"]["vouched"])
        callers = ", ".join(gettext("all callers") if each == "?" else each for each in sorted(named))
        return gettext("%(who)s vouched for the cookies of %(callers)s") % {
            "who": self.actor,
            "callers": callers,
        }

    def _exposure(self) -> str:
        facts = {"who": self.actor, "what": meets.short(self._exposed("after"))}
        return gettext("%(who)s changed who meets it: %(what)s") % facts

    def _continue(self) -> str:
        facts = {"who": self.actor, **self._reached()}
        return gettext("%(who)s continued to step %(step)s: %(what)s") % facts

    def _step(self) -> str:
        return gettext("Step %(step)s by itself: %(what)s") % self._reached()

    def _fall(self) -> str:
        return gettext("Fell by itself: %(what)s") % {"what": meets.short(self._exposed("after"))}

    def _reached(self) -> dict[str, Any]:
        step = self.data.get("after", {}).get("step", 0) + 1
        return {"step": step, "what": meets.short(self._exposed("after"))}

    def _abandon(self) -> str:
        if self.data.get("after", {}).get("keep_both"):
            return gettext("%(who)s abandoned the release; both versions run on") % {"who": self.actor}
        return gettext("%(who)s abandoned the release") % {"who": self.actor}

    def _forget(self) -> str:
        left = ", ".join(f"{each['kind']} {each['name']}" for each in self.data.get("left", []))
        facts = {"who": self.actor or gettext("An administrator"), "left": left or gettext("nothing")}
        return gettext("%(who)s forgot the release; left in the cluster: %(left)s") % facts

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

    def _exposed(self, key: str) -> Exposure:
        columns = self.data.get(key, {})
        text, share = columns.get("exposure"), columns.get("share") or 0
        return Exposure.model_validate_json(text) if text else Exposure(share=share)


def told(events: Iterable[Event]) -> list[Told]:
    """Return the events, newest first, without the attempts whose outcome is known."""
    listed = list(events)
    settled = {event.op for event in listed if event.op and event.outcome != "attempt"}
    return [Told(each) for each in listed if each.outcome != "attempt" or each.op not in settled]
