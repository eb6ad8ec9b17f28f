"""Whose requests are copied, and where the copies go: to a new version, another service, or outside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import re2
from django import forms

from grayrelease.domain import names
from grayrelease.domain.plan import Elsewhere
from grayrelease.domain.state import Reason
from grayrelease.forms.steps import ServiceForm, Typed, refused

CLUSTER = "svc.cluster.local"
_LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_HOST = re2.compile(rf"{_LABEL}(\.{_LABEL})+")


class MirrorServiceForm(ServiceForm):
    """`seen`: the ports of each Service in the project's namespace; others' can't be looked at here."""

    to_service = forms.CharField(required=False)
    to_namespace = forms.CharField(required=False)
    to_host = forms.CharField(required=False)
    to_port = forms.CharField(required=False)

    def __init__(
        self, data: Typed | None, *, free: dict[str, str], namespace: str, seen: Mapping[str, Sequence[int]]
    ) -> None:
        super().__init__(data, free=free)
        self.namespace, self.seen = namespace, seen

    @property
    def to(self) -> str:
        typed = str(self.data.get("to", ""))
        return typed if typed in ("service", "outside") else "candidate"

    @property
    def home(self) -> str:
        """Return the namespace that was typed, else the project's."""
        return str(self.cleaned_data.get("to_namespace") or self.namespace)

    def clean_to_namespace(self) -> str:
        typed = str(self.cleaned_data["to_namespace"]).strip()
        return self.take("to_namespace", names.name(typed)) if typed and self.to == "service" else typed

    def clean_to_service(self) -> str:
        typed = str(self.cleaned_data["to_service"]).strip()
        return self.take("to_service", names.name(typed)) if self.to == "service" else typed

    def clean_to_host(self) -> str:
        typed = str(self.cleaned_data["to_host"]).strip().lower()
        if self.to == "outside" and (not _HOST.fullmatch(typed) or typed.endswith(f".{CLUSTER}")):
            raise refused(Reason("bad-host", {"example": "audit.example.com"}))
        return typed

    def clean_to_port(self) -> int:
        typed = str(self.cleaned_data["to_port"]).strip()
        known = self.seen.get(str(self.cleaned_data.get("to_service", "")), ())
        if self.to == "candidate":
            return 0
        if not typed and self.to == "service" and self.home == self.namespace and len(known) == 1:
            return known[0]
        good = typed.isascii() and typed.isdecimal() and len(typed) < 6 and 1 <= int(typed) <= 65535
        if not good:
            raise refused(Reason("bad-port", {"example": "80"}))
        return int(typed)

    def clean(self) -> None:
        service, port = self.cleaned_data.get("to_service"), self.cleaned_data.get("to_port")
        if self.to != "service" or not service or self.home != self.namespace:
            return
        if service == self.cleaned_data.get("service"):
            self.add_error("to_service", refused(Reason("copy-to-itself")))
        elif service not in self.seen:
            self.add_error("to_service", refused(Reason("no-service", {"service": service})))
        elif port and port not in self.seen[service]:
            ports = ", ".join(map(str, self.seen[service]))
            self.add_error("to_port", refused(Reason("no-such-port", {"service": service, "ports": ports})))

    def answers(self) -> dict[str, Any]:
        to = self._elsewhere()
        return {**super().answers(), "to": to.model_dump() if to else None}

    def _elsewhere(self) -> Elsewhere | None:
        if self.to == "candidate":
            return None
        inside = f"{self.cleaned_data['to_service']}.{self.home}.{CLUSTER}"
        host = inside if self.to == "service" else self.cleaned_data["to_host"]
        return Elsewhere(host=host, port=self.cleaned_data["to_port"])
