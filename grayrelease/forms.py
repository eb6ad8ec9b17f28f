"""What people type, checked by the rules of the domain; the answers are `Reason` codes that `words` says."""

from __future__ import annotations

from typing import Any

from django import forms


class DeedForm(forms.Form):
    """A deed, and the target's generation at which its page was drawn."""


    @property
    def generation(self) -> int:
        """Return the generation that the page showed; -1, which is never right, where it is missing."""
        typed = str(self.data.get("generation", ""))
        return int(typed) if typed.isdecimal() else -1


class ShareForm(DeedForm):
    share = forms.IntegerField(min_value=0, max_value=100)


class TakeOverForm(DeedForm):
    version = forms.ChoiceField()

    def __init__(self, data: Any, *, versions: tuple[str, ...]) -> None:
        super().__init__(data)
        choices = forms.ChoiceField(choices=[(each, each) for each in versions])
        self.fields["version"] = choices


class FinishForm(DeedForm):
    delete_loser = forms.BooleanField(required=False)
