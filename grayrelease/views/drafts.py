"""A draft as the wizard shows it: its steps, what was typed in each, and what is done already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import re2
from django.utils.datastructures import MultiValueDict

from grayrelease.domain.plan import Elsewhere, Step
from grayrelease.forms import (
    BasicForm,
    BlueGreenForm,
    CanaryForm,
    MirrorForm,
    MirrorServiceForm,
    ServiceForm,
    StepForm,
    Typed,
    VersionForm,
    edited,
)
from grayrelease.metrics.callers import between
from grayrelease.models import Draft, Inventory, Release
from grayrelease.views import composed
from grayrelease.views.choices import Choice, choices

STEPS = ("basic", "service", "version", "policy")
MODES = ("canary", "blue-green", "mirror")
DEFAULT_SHARE = 20
NOT_TYPED = ("csrfmiddlewaretoken", "go", "n")
NUMBERED = re2.compile(r"(.*?)([0-9]+)")


@dataclass
class Wizard:
    """A draft with what the driver last saw of its project."""

    draft: Draft
    inventory: Inventory | None

    @property
    def mode(self) -> str:
        mode = str(self.draft.data.get("mode", ""))
        return mode if mode in MODES else MODES[0]

    @property
    def to(self) -> Elsewhere | None:
        """Where copies go, if not to a new version."""
        to = self.draft.data.get("to") if self.mode == "mirror" else None
        return Elsewhere.model_validate(to) if to else None

    @property
    def steps(self) -> tuple[str, ...]:
        """The steps of this draft: no version is brought where copies go elsewhere."""
        return tuple(step for step in STEPS if step != "version" or not self.to)

    @property
    def typed_at(self) -> int:
        """Return how often somebody went on or back: what was typed on an older page isn't kept by itself."""
        return int(self.draft.data.get("n", 0))

    @cached_property
    def choices(self) -> list[Choice]:
        """Return all services, those of the draft's application first."""
        return choices(self.draft.project, self.inventory, self.draft.data.get("application", ""))

    @property
    def chosen(self) -> Choice | None:
        wanted = self.draft.data.get("service")
        return next((each for each in self.choices if each.name == wanted), None)

    @property
    def first(self) -> Step | None:
        """Return the plan's first step, once the policy was answered."""
        steps = self.draft.data.get("steps") or []
        return Step.model_validate(steps[0]) if steps else None

    def typed(self, step: str) -> Typed | None:
        """Return what was typed in a step, right or wrong; None where nobody has been there yet."""
        stored = self.draft.data.get("typed", {}).get(step)
        return None if stored is None else MultiValueDict(stored)

    def form(self, step: str, typed: Typed | None) -> StepForm:
        match step:
            case "basic":
                return BasicForm(typed)
            case "service":
                return self._service_form(typed)
            case "version":
                return self._version_form(typed)
        limits = self.chosen.limits if self.chosen else {}
        match self.mode:
            case "blue-green":
                return BlueGreenForm(typed, limits=limits)
            case "mirror":
                return MirrorForm(typed, limits=limits, to=self.to)
        return CanaryForm(
            typed, limits=limits, service=str(self.draft.data.get("service", "")), callers=self._callers
        )

    def _callers(self) -> tuple[str, ...] | None:
        """Return who stands between browsers and the service."""
        gateways = (self.inventory.data if self.inventory else {}).get("gateways", [])
        service = str(self.draft.data.get("service", ""))
        return between(self.draft.project.namespace, service, gateways)

    def _service_form(self, typed: Typed | None) -> ServiceForm:
        free = {each.name: each.application for each in self.choices if not each.refusals}
        if self.mode != "mirror":
            return ServiceForm(typed, free=free)
        seen = {each.name: [port["port"] for port in each.service.entry["ports"]] for each in self.choices}
        namespace = self.draft.project.namespace
        return MirrorServiceForm(typed, free=free, namespace=namespace, seen=seen)

    def _version_form(self, typed: Typed | None) -> VersionForm:
        data = self.inventory.data if self.inventory else {}
        chosen = self.chosen
        stable = chosen.stable if chosen else None
        prefix = str(stable["app"] or self.draft.data["service"]) if stable else ""
        versions = chosen.versions if chosen else []
        coming = [f"{prefix}-{version}" for version in versions]
        there = data.get("workloads", [])
        workloads = [str(each["name"]) for each in there] + coming
        left = [str(each["name"]) for each in there if each.get("left")]
        return VersionForm(typed, prefix=prefix, versions=versions, workloads=workloads, left=left)

    def suggested(self, step: str) -> Typed:
        """Return what a step proposes before anybody typed there."""
        data, chosen = self.draft.data, self.chosen
        if step == "service":
            return _one("service", chosen.name if chosen and not chosen.refusals else "")
        if step == "policy":
            return self._suggested_policy()
        if step == "basic":
            return _one("name", self._free_name(chosen) if data.get("service") else "")
        return self._suggested_version(chosen)

    def _free_name(self, chosen: Choice | None) -> str:
        """Return a name that no release of the service has: reviews-v2, else reviews-v2-2 …"""
        service = str(self.draft.data["service"])
        releases = Release.objects.filter(target__project=self.draft.project, target__service=service)
        named = f"{service}-{self._aim(chosen)}"
        taken = set(releases.filter(name__startswith=named).values_list("name", flat=True))
        numbered = (f"{named}-{number}" for number in range(2, len(taken) + 3))
        return next(each for each in (named, *numbered) if each not in taken)

    def _aim(self, chosen: Choice | None) -> str:
        return "copy" if self.mode == "mirror" else _next(chosen)

    def _suggested_policy(self) -> Typed:
        if self.draft.data.get("by") == "steps":
            return edited(MultiValueDict({"first": ["share"]}), "preset")
        later = {"s_who": ["everyone"] * 2, "s_share": ["50", "100"], "s_gate": ["person"] * 2}
        fields: dict[str, list[str]] = {
            **later,
            "s_minutes": ["15", "15"],
            "part": ["100"],
            "minutes": ["15"],
        }
        share = "100" if self.mode == "mirror" else str(DEFAULT_SHARE)
        return MultiValueDict({**fields, "share": [share]})

    @staticmethod
    def _suggested_version(chosen: Choice | None) -> Typed:
        stable = chosen.stable if chosen else None
        found: composed.Entry = stable or {"images": [""], "replicas": 1}
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

    def first_open(self, steps: Sequence[str] | None = None) -> str | None:
        """Return the first of the steps that isn't done."""
        return next((step for step in (self.steps if steps is None else steps) if not self.done(step)), None)

    def save(self, step: str, typed: Typed, *, moves: bool = True) -> StepForm:
        """Keep what was typed, right or wrong; take the answers over where they are right.

        `moves`: the person goes on or back, so that what an older page still sends is not kept any more.
        """
        lists = {name: typed.getlist(name) for name in typed if name not in NOT_TYPED}
        before = self.draft.data.get("service")
        form = self.form(step, MultiValueDict(lists))
        answers = form.answers() if form.is_valid() else {}
        texts = {**self.draft.data.get("typed", {}), step: lists}
        if step == "service" and answers and answers["service"] != before:
            texts.pop("version", None)  # image and pods were those of another service
        self.draft.data = {**self.draft.data, **answers, "typed": texts, "n": self.typed_at + moves}
        self._answer_policy(step)
        self.draft.frozen = ""
        self.draft.save(update_fields=["data", "frozen", "updated_at"])
        self.__dict__.pop("choices", None)
        return form

    def _answer_policy(self, step: str) -> None:
        """Answer the policy anew where another step changed what it says: where copies go."""
        typed = self.typed("policy")
        if step != "service" or typed is None:
            return
        form = self.form("policy", typed)
        self.draft.data |= form.answers() if form.is_valid() else {"steps": []}


def parts_of(wizard: Wizard) -> dict[str, Any]:
    """Return the words that sentences about the draft need: versions, and where copies go."""
    chosen, to = wizard.chosen, wizard.to
    return {
        "v": str(wizard.draft.data.get("version", "")),
        "stable": chosen.stable_version if chosen else "",
        "staying": _staying(wizard, chosen.stable_version) if chosen else "",
        "elsewhere": f"{to.host}:{to.port}" if to else "",
    }


def _staying(wizard: Wizard, stable: str) -> str:
    """Return what those meet who don't meet the new version: stable, and what other releases bring them."""
    live = Release.objects.live().filter(target__project=wizard.draft.project).exclude(candidate="")
    others = live.filter(target__service=wizard.draft.data.get("service", "")).order_by("id")
    return " / ".join([stable, *(each.candidate for each in others if each.exposed.share)])


def _one(name: str, value: str) -> Typed:
    return MultiValueDict({name: [value]})


def _next(chosen: Choice | None) -> str:
    """Return a version after those there: v1 → v2; v2 where that can't be told."""
    if chosen is None or not chosen.stable_version:
        return "v2"
    found = NUMBERED.fullmatch(chosen.stable_version)
    if not found:
        return "v2"
    number = int(found.group(2)) + 1
    while f"{found.group(1)}{number}" in chosen.versions:
        number += 1
    return f"{found.group(1)}{number}"
