"""The wizard's steps but for the traffic policy: name, service, new version."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.datastructures import MultiValueDict

from grayrelease import words
from grayrelease.domain import names
from grayrelease.domain.names import Checked
from grayrelease.domain.state import Reason

Typed = MultiValueDict[str, str]


def refused(reason: Reason) -> ValidationError:
    return ValidationError(words.sentence(reason.code, reason.facts), code=reason.code)


class StepForm(forms.Form):
    """A step of the wizard. `notes` holds what was made of a field, where that deserves a word."""

    def __init__(self, data: Typed | None) -> None:
        super().__init__(data)
        self.notes: dict[str, Reason] = {}

    def take(self, field: str, checked: Checked) -> str:
        """Return the value of a checked field. Raises ValidationError where it is wrong."""
        if checked.note:
            self.notes[field] = checked.note
        if checked.wrong:
            raise refused(checked.wrong)
        return checked.value

    @property
    def first_wrong(self) -> str:
        """Return the id of the first field that is wrong."""
        return next((f"f-{field}" for field in self.fields if field in self.errors), "main")

    def answers(self) -> dict[str, Any]:
        """Return what the step adds to the draft; call it on a valid form."""
        return dict(self.cleaned_data)


class BasicForm(StepForm):
    name = forms.CharField(required=False)

    def clean_name(self) -> str:
        return self.take("name", names.name(str(self.cleaned_data["name"])))


class ServiceForm(StepForm):
    """Which service; `free` are those that nothing is in the way of, with their application."""

    service = forms.CharField(required=False)

    def __init__(self, data: Typed | None, *, free: dict[str, str]) -> None:
        super().__init__(data)
        self.free = free

    def clean_service(self) -> str:
        service = str(self.cleaned_data["service"])
        if service not in self.free:
            raise refused(Reason("required"))
        return service

    def answers(self) -> dict[str, Any]:
        service = self.cleaned_data["service"]
        return {"service": service, "application": self.free[service]}


@dataclass(frozen=True)
class Variable:
    """A row of the environment as it was typed; `gone` takes the variable away."""

    name: str
    value: str
    gone: bool
    error: str = ""


class VersionForm(StepForm):
    """The candidate: version, image, pods, and what differs in its environment."""

    version = forms.CharField(required=False)
    image = forms.CharField(required=False)
    replicas = forms.CharField(required=False)

    def __init__(
        self,
        data: Typed | None,
        *,
        prefix: str,
        versions: Collection[str],
        workloads: Collection[str],
        left: Collection[str],
    ) -> None:
        super().__init__(data)
        self.workload, self.versions, self.workloads, self.left = prefix, versions, workloads, left

    def clean_version(self) -> str:
        typed = str(self.cleaned_data["version"])
        checked = names.new_version(
            typed,
            prefix=self.workload,
            versions=self.versions,
            workloads=self.workloads,
            left=self.left,
        )
        return self.take("version", checked)

    def clean_image(self) -> str:
        return self.take("image", names.image(str(self.cleaned_data["image"])))

    def clean_replicas(self) -> int:
        return int(self.take("replicas", names.replicas(str(self.cleaned_data["replicas"]))))

    def clean(self) -> None:
        for index, row in enumerate(self.variables()):
            if row.error:
                self.add_error(None, ValidationError(row.error, code=f"env-{index}"))

    def variables(self) -> list[Variable]:
        """Return the rows of the environment that were typed, each with what is wrong about it."""
        values, gone = self._lines("env_value"), set(self._lines("env_gone"))
        rows: list[Variable] = []
        for index, typed in enumerate(self._lines("env_name")):
            value = values[index] if index < len(values) else ""
            if typed.strip() or value:
                wrong = names.env_name(typed, [row.name for row in rows]).wrong
                error = words.sentence(wrong.code, wrong.facts) if wrong else ""
                rows.append(Variable(typed.strip(), value, str(index) in gone, error))
        return rows

    def _lines(self, name: str) -> list[str]:
        return self.data.getlist(name) if isinstance(self.data, MultiValueDict) else []

    def answers(self) -> dict[str, Any]:
        env = {row.name: None if row.gone else row.value for row in self.variables()}
        return {**self.cleaned_data, "env": env}
