"""The route tester's form: a pasted command or the parts of a request, who asks, and which routes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from django import forms
from django.core.exceptions import ValidationError

from grayrelease.domain.conditions import METHODS
from grayrelease.domain.evaluate import Request
from grayrelease.domain.evaluate.curl import NotUnderstood, parse
from grayrelease.words import sentence

LONGEST = 20_000
"""A browser's `copy as curl` with its cookies has a few thousand characters."""
GATEWAY = "gateway"
NOW = "now"


class TesterForm(forms.Form):
    """`by`: `paste` or `form`. After `is_valid`, `request` is the request that is meant."""

    pasted = forms.CharField(required=False, max_length=LONGEST)
    method = forms.CharField(required=False)
    host = forms.CharField(required=False, max_length=300)
    path = forms.CharField(required=False, max_length=4000)
    headers = forms.CharField(required=False, max_length=LONGEST)
    cookies = forms.CharField(required=False, max_length=LONGEST)
    caller = forms.CharField(required=False)
    routes = forms.CharField(required=False)

    def __init__(self, data: object, *, callers: Sequence[str], routes: Sequence[str]) -> None:
        super().__init__(data)  # type: ignore[arg-type]
        self.callers, self.choices = callers, routes
        self.request: Request | None = None

    @property
    def by(self) -> str:
        return "form" if self.data.get("by") == "form" else "paste"

    def clean_method(self) -> str:
        method = str(self.cleaned_data["method"] or "GET").strip().upper()
        if method not in METHODS:
            raise ValidationError(sentence("bad-method", {"example": "GET"}))
        return method

    def clean_caller(self) -> str:
        caller = str(self.cleaned_data["caller"])
        return caller if caller in self.callers else GATEWAY

    def clean_routes(self) -> str:
        routes = str(self.cleaned_data["routes"])
        return routes if routes in self.choices else NOW

    def clean(self) -> None:
        if self.errors:
            return
        field = "pasted" if self.by == "paste" else "host"
        try:
            self.request = parse(self.cleaned_data["pasted"]) if self.by == "paste" else self._parts()
        except NotUnderstood as error:
            self.add_error(field, sentence(error.reason.code, error.reason.facts))

    def _parts(self) -> Request:
        """Put the request together from its fields. Raises NotUnderstood."""
        said = self.cleaned_data
        if not said["host"].strip():
            raise NotUnderstood("required")
        path = said["path"].strip() or "/"
        whole = said["host"].strip() + (path if path.startswith("/") else f"/{path}")
        headers: dict[str, tuple[str, ...]] = {}
        for line in said["headers"].splitlines():
            name, colon, value = line.partition(":")
            if colon and name.strip():
                key = name.strip().lower()
                headers[key] = (*headers.get(key, ()), value.strip())
        if cookies := "; ".join(line.strip() for line in said["cookies"].splitlines() if line.strip()):
            headers["cookie"] = (*headers.get("cookie", ()), cookies)
        request = parse(whole)
        return replace(request, method=said["method"], headers=headers)
