"""The traffic policy of each mode: what is typed becomes the plan's steps."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

from django import forms
from django.utils.datastructures import MultiValueDict

from grayrelease.domain import handing
from grayrelease.domain.plan import ALL, Audience, Elsewhere, Exposure, Mirror, Step
from grayrelease.domain.state import Reason
from grayrelease.forms import audience, stepping
from grayrelease.forms.audience import Lists, Row
from grayrelease.forms.stepping import StepRow
from grayrelease.forms.steps import StepForm, Typed, refused

PRESET = (20, 50, 100)
PRESET_FIRST, PRESET_MINUTES = 5, "15"
EDITS = ("and", "or", "drop", "step", "unstep", "preset")
"""Buttons that change rows and nothing else; what follows a colon is the number of a row or group."""


class PolicyForm(StepForm):
    """Conditions, later steps, and what is wrong with them, whatever the mode."""

    def __init__(self, data: Typed | None, *, limits: Mapping[str, Reason] | None = None) -> None:
        super().__init__(data)
        self.limits = limits or {}
        """Why this service can't have an "audience", "sticky" shares or a "mirror"."""
        lists = _lists(data)
        self.rows: list[Row] = audience.read(lists)
        self.later: list[StepRow] = stepping.read(lists)
        self.whole: list[Reason] = []
        """What is wrong with the audience as a whole."""
        self.meant: Audience | None = None

    @cached_property
    def groups(self) -> list[list[Row]]:
        return audience.by_group(self.rows)

    def chosen(self, name: str, *options: str) -> str:
        """Return which of the options was chosen; the first unless another was."""
        typed = str(self.data.get(name, ""))
        return typed if typed in options else options[0]

    def ticked(self, name: str) -> bool:
        return bool(self.data.get(name))

    def take_audience(self) -> None:
        """Check the conditions; what is wrong stands in their rows."""
        self.meant, self.rows, self.whole = audience.checked(self.rows)
        if limit := self.limits.get("audience"):
            self.whole.append(limit)
        for row in self.rows:
            for reason in row.wrong.values():
                self.add_error(None, refused(reason))
        for reason in self.whole:
            self.add_error(None, refused(reason))

    def take_later(self, before: tuple[str, int]) -> None:
        """Check the later steps; there must be one."""
        self.later = stepping.checked(self.later, before)
        for row in self.later:
            for reason in row.wrong.values():
                self.add_error(None, refused(reason))
        if all(row.blank for row in self.later):
            self.add_error("then", refused(Reason("no-steps")))

    def take_share(self, field: str, least: int) -> int:
        """Return a share in per mille. Raises ValidationError."""
        found = stepping.share(str(self.cleaned_data[field]), least)
        if found is None:
            raise refused(Reason("bad-first-share" if least == 0 else "bad-share"))
        return found

    @property
    def first_wrong(self) -> str:
        """Return the id of the first field that is wrong."""
        for field in self.errors:
            if field != "__all__":
                return f"f-{field}"
        if self.whole:
            return "f-conditions"
        conditions = [f"c-{row.index}-{field}" for row in self.rows for field in row.wrong]
        steps = [f"s-{row.index}-{field}" for row in self.later for field in row.wrong]
        return next(iter([*conditions, *steps]), "")

    def steps(self) -> tuple[Step, ...]:
        """Return the plan's steps; call it on a valid form."""
        raise NotImplementedError

    def answers(self) -> dict[str, Any]:
        return {"steps": [step.model_dump(mode="json") for step in self.steps()]}


class CanaryForm(PolicyForm):
    """First a share of all, or certain requests; then by hand or by steps."""

    share = forms.CharField(required=False)
    part = forms.CharField(required=False)
    sticky = forms.BooleanField(required=False)
    then = forms.CharField(required=False)

    def __init__(
        self,
        data: Typed | None,
        *,
        limits: Mapping[str, Reason] | None = None,
        service: str = "",
        callers: Callable[[], Sequence[str] | None] = tuple,
    ) -> None:
        super().__init__(data, limits=limits)
        self.service, self.callers = service, callers

    @cached_property
    def between(self) -> list[tuple[str, bool]]:
        """Return who stands between browsers and the service, and whether somebody vouched for them."""
        limit = self.limits.get("sticky")
        if not self.ticked("sticky") or (limit and limit.code != handing.BY_SERVICES):
            return []
        found = self._asked
        return [(each, each in self.vouched) for each in ((handing.UNSEEN,) if found is None else found)]

    @cached_property
    def _asked(self) -> Sequence[str] | None:
        return self.callers()

    @property
    def vouched(self) -> list[str]:
        """Return whom the person says to hand cookies on."""
        return self.data.getlist("vouched") if isinstance(self.data, MultiValueDict) else []

    @property
    def first(self) -> str:
        return self.chosen("first", "share", "audience")

    @property
    def by_steps(self) -> bool:
        return self.chosen("then", "hand", "steps") == "steps"

    def clean_share(self) -> int:
        return self.take_share("share", 0) if self.first == "share" else 0

    def clean_part(self) -> int:
        return self.take_share("part", 1) if self.first == "audience" else 0

    def clean_sticky(self) -> bool:
        wanted = bool(self.cleaned_data["sticky"])
        limit = self.limits.get("sticky")
        if wanted and limit and limit.code != handing.BY_SERVICES:
            raise refused(limit)
        if wanted and (reason := handing.refusal(self.service, limit, self._asked, self.vouched)):
            raise refused(reason)
        return wanted

    def clean(self) -> None:
        if self.first == "audience":
            self.take_audience()
        else:
            self.later = [_to_everyone(row) for row in self.later]
        if self.by_steps:
            size = self.cleaned_data.get("share" if self.first == "share" else "part", 0)
            self.take_later(("everyone" if self.first == "share" else "audience", size))

    def steps(self) -> tuple[Step, ...]:
        share, part = self.cleaned_data["share"], self.cleaned_data["part"]
        first = (
            self._exposure("everyone", share) if self.first == "share" else self._exposure("audience", part)
        )
        rows = [row for row in self.later if not row.blank] if self.by_steps else []
        return chain(first, [(self._exposure(row.who, row.permille or 0), row) for row in rows])

    def answers(self) -> dict[str, Any]:
        return {**super().answers(), "vouched": [name for name, said in self.between if said]}

    def _exposure(self, who: str, share: int) -> Exposure:
        meant = self.meant if who == "audience" else None
        return Exposure(share=share, audience=meant, sticky=self.cleaned_data["sticky"] and share > 0)


class BlueGreenForm(PolicyForm):
    """Everyone at once, when a person says so or after a time; before that a preview for some."""

    minutes = forms.CharField(required=False)

    @property
    def gate(self) -> str:
        return self.chosen("gate", "person", "time")

    def clean_minutes(self) -> str:
        typed = str(self.cleaned_data["minutes"])
        if self.gate == "time" and stepping.seconds(typed) is None:
            raise refused(Reason("bad-minutes", {"example": "15"}))
        return typed

    def clean(self) -> None:
        if self.ticked("preview"):
            self.take_audience()

    def steps(self) -> tuple[Step, ...]:
        first = Exposure(share=ALL, audience=self.meant) if self.meant else Exposure()
        switch = StepRow(share="100", gate=self.gate, minutes=self.cleaned_data["minutes"])
        return chain(first, [(Exposure(share=ALL), switch)])


class MirrorForm(PolicyForm):
    """Copies to the candidate, and afterwards a canary by steps if wanted; or copies elsewhere."""

    share = forms.CharField(required=False)
    then = forms.CharField(required=False)

    def __init__(
        self, data: Typed | None, *, limits: Mapping[str, Reason] | None = None, to: Elsewhere | None = None
    ) -> None:
        super().__init__(data, limits=limits)
        self.to = to

    @property
    def by_steps(self) -> bool:
        return self.to is None and self.chosen("then", "end", "steps") == "steps"

    def clean_share(self) -> int:
        if limit := self.limits.get("mirror"):
            raise refused(limit)
        return self.take_share("share", 1)

    def clean(self) -> None:
        self.later = [_to_everyone(row) for row in self.later]
        if self.by_steps:
            self.take_later(("everyone", 0))

    def steps(self) -> tuple[Step, ...]:
        mirror = Mirror(share=self.cleaned_data["share"], to=self.to, get_only=self.ticked("get_only"))
        rows = [row for row in self.later if not row.blank] if self.by_steps else []
        return chain(Exposure(mirror=mirror), [(Exposure(share=row.permille or 0), row) for row in rows])


def _to_everyone(row: StepRow) -> StepRow:
    return StepRow(row.index, "everyone", row.share, row.gate, row.minutes)


def chain(first: Exposure, later: Sequence[tuple[Exposure, StepRow]]) -> tuple[Step, ...]:
    """Return the steps: what begins one is the gate of the step before it. A person ends the last."""
    exposures = [first, *(exposure for exposure, _ in later)]
    begins = [row for _, row in later]
    gates = [{"gate": row.gate, "seconds": row.seconds} for row in begins] + [{}]
    return tuple(
        Step.model_validate({"exposure": exposure, **gate})
        for exposure, gate in zip(exposures, gates, strict=True)
    )


def edited(typed: Typed, go: str) -> Typed:
    """Return the fields with rows added, taken away, or filled in, as a button asks; see `EDITS`."""
    lists, (deed, _, number) = _lists(typed), go.partition(":")
    at = int(number) if number.isascii() and number.isdecimal() and len(number) < 6 else 0
    if deed in ("and", "or", "drop"):
        lists |= audience.write(audience.edited(audience.read(lists), deed, at))
    elif deed in ("step", "unstep"):
        lists |= stepping.write(stepping.edited(stepping.read(lists), deed, at))
    elif deed == "preset":
        lists |= _preset(lists)
    return MultiValueDict(lists)


def _preset(lists: Lists) -> Lists:
    rows = [StepRow(share=str(share), gate="time", minutes=PRESET_MINUTES) for share in PRESET]
    first = {} if lists.get("first") == ["audience"] else {"share": [str(PRESET_FIRST)]}
    mirrored = {} if "first" in lists else {"share": lists.get("share", [])}
    return {**first, **mirrored, "then": ["steps"], **stepping.write(rows)}


def _lists(typed: Typed | None) -> Lists:
    return {name: typed.getlist(name) for name in typed} if isinstance(typed, MultiValueDict) else {}
