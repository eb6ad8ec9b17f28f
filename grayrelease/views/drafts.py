"""A draft as the wizard shows it: its steps, what was typed in each, and what is done already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import re2
from django.utils.datastructures import MultiValueDict

from grayrelease.forms import BasicForm, PolicyForm, ServiceForm, StepForm, Typed, VersionForm
from grayrelease.models import Draft, Inventory
from grayrelease.views import composed

STEPS = ("basic", "service", "version", "policy")
DEFAULT_SHARE = 20
NOT_TYPED = ("csrfmiddlewaretoken", "go")
NUMBERED = re2.compile(r"(.*?)([0-9]+)")


@dataclass(frozen=True)
class Choice:
    """A service that could be released, or why not: [{"reason", "remedy"}]."""

    service: composed.Service
    application: str
    refusals: list[dict[str, Any]]

    @property
    def name(self) -> str:
        return self.service.name

    @property
    def running(self) -> list[composed.Entry]:
        return [each for each in self.service.workloads if each["state"] != "stopped"]


@dataclass
class Wizard:
    """A draft with what the driver last saw of its project."""

    draft: Draft
    inventory: Inventory | None

    @cached_property
    def choices(self) -> list[Choice]:
        """Return all services, those of the draft's application first."""
        found = composed.services(self.inventory)
        all_of_them = [
            Choice(each, each.entry["application"], each.entry.get("refusals", [])) for each in found
        ]
        preferred = self.draft.data.get("application", "")
        return sorted(all_of_them, key=lambda each: (each.application != preferred, each.application))

    @property
    def chosen(self) -> Choice | None:
        wanted = self.draft.data.get("service")
        return next((each for each in self.choices if each.name == wanted), None)

    def typed(self, step: str) -> Typed | None:
        """Return what was typed in a step, right or wrong; None where nobody has been there yet."""
        stored = self.draft.data.get("typed", {}).get(step)
        return None if stored is None else MultiValueDict(stored)

    def form(self, step: str, typed: Typed | None) -> StepForm:
        match step:
            case "basic":
                return BasicForm(typed)
            case "service":
                free = {each.name: each.application for each in self.choices if not each.refusals}
                return ServiceForm(typed, free=free)
            case "version":
                return self._version_form(typed)
        return PolicyForm(typed)

    def _version_form(self, typed: Typed | None) -> VersionForm:
        data = self.inventory.data if self.inventory else {}
        workloads = [str(each["name"]) for each in data.get("workloads", [])]
        running = self.chosen.running if self.chosen else []
        prefix = str(running[0]["app"] or self.draft.data["service"]) if running else ""
        versions = [str(each["version"]) for each in running]
        return VersionForm(typed, prefix=prefix, versions=versions, workloads=workloads)

    def suggested(self, step: str) -> Typed:
        """Return what a step proposes before anybody typed there."""
        data, chosen = self.draft.data, self.chosen
        if step == "service":
            return _one("service", chosen.name if chosen and not chosen.refusals else "")
        if step == "policy":
            return _one("share", str(DEFAULT_SHARE))
        if step == "basic":
            return _one("name", f"{data['service']}-{_next(chosen)}" if data.get("service") else "")
        return self._suggested_version(chosen)

    @staticmethod
    def _suggested_version(chosen: Choice | None) -> Typed:
        running = chosen.running if chosen else []
        found: composed.Entry = running[0] if running else {"images": [""], "replicas": 1}
        filled = {
            "version": [_next(chosen)],
            "image": [str(found["images"][0])],
            "replicas": [str(found["replicas"])],
        }
        return MultiValueDict(filled)

    def done(self, step: str) -> bool:
        """Say whether a step was answered, and rightly as things are now."""
        typed = self.typed(step)
        return typed is not None and self.form(step, typed).is_valid()

    def first_open(self, steps: Sequence[str] = STEPS) -> str | None:
        """Return the first of the steps that isn't done."""
        return next((step for step in steps if not self.done(step)), None)

    def save(self, step: str, typed: Typed) -> StepForm:
        """Keep what was typed, right or wrong; take the answers over where they are right."""
        lists = {name: typed.getlist(name) for name in typed if name not in NOT_TYPED}
        before = self.draft.data.get("service")
        form = self.form(step, MultiValueDict(lists))
        answers = form.answers() if form.is_valid() else {}
        texts = {**self.draft.data.get("typed", {}), step: lists}
        if step == "service" and answers and answers["service"] != before:
            texts.pop("version", None)  # image and pods were those of another service
        self.draft.data = {**self.draft.data, **answers, "typed": texts}
        self.draft.frozen = ""
        self.draft.save(update_fields=["data", "frozen", "updated_at"])
        self.__dict__.pop("choices", None)
        return form


def _choice(service: composed.Service) -> Choice:
    return Choice(service, service.entry["application"], service.entry.get("refusals", []))


def _one(name: str, value: str) -> Typed:
    return MultiValueDict({name: [value]})


def _next(chosen: Choice | None) -> str:
    """Return the version after the running one: v1 → v2; v2 where that can't be told."""
    version = str(chosen.running[0]["version"]) if chosen and chosen.running else ""
    found = NUMBERED.fullmatch(version)
    return f"{found.group(1)}{int(found.group(2)) + 1}" if found else "v2"
