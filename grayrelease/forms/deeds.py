"""The forms of deeds on a release."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError


class DeedForm(forms.Form):
    """A deed, and the target's generation at which its page was drawn."""

    @property
    def generation(self) -> int:
        """Return the generation that the page showed; -1, which is never right, where it is missing."""
        typed = str(self.data.get("generation", ""))
        return int(typed) if typed.isdecimal() else -1


class ShareForm(DeedForm):
    share = forms.IntegerField(min_value=0, max_value=100)


class ExposureForm(DeedForm):
    """Whom it concerns from now on: everyone, the plan's audience, or copies alone; how much of them."""

    who = forms.ChoiceField(choices=[(each, each) for each in ("everyone", "audience", "copies")])
    share = forms.IntegerField(min_value=1, max_value=100)


class TakeOverForm(DeedForm):
    version = forms.CharField()

    def __init__(self, data: Any, *, versions: tuple[str, ...]) -> None:
        super().__init__(data)
        self.versions = versions

    def clean_version(self) -> str:
        version = str(self.cleaned_data["version"])
        if version not in self.versions:
            raise ValidationError("no such version")
        return version


class FinishForm(DeedForm):
    """What becomes of a loser that isn't ours; "": scaled to 0, or left where a tool keeps it."""

    loser = forms.ChoiceField(choices=[(each, each) for each in ("", "scale", "delete")], required=False)


class AgreeForm(DeedForm):
    @property
    def base(self) -> str:
        """Return the hash of the routes that the page showed; "", which is never right, where missing."""
        return str(self.data.get("base", ""))


class VouchForm(DeedForm):
    """Which callers hand cookies on; `named`: those that may be chosen."""

    def __init__(self, data: Any, *, named: Sequence[str]) -> None:
        super().__init__(data)
        self.fields["vouched"] = forms.MultipleChoiceField(choices=[(each, each) for each in named])


class AbandonForm(DeedForm):
    keep_both = forms.BooleanField(required=False)
