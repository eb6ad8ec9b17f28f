"""The wizard as a person's browser goes through it, without a page being looked at."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.test import Client

from grayrelease.domain import preflight, revision
from grayrelease.domain.plan import Plan
from grayrelease.models import Draft, Release
from grayrelease.reconcile import inventory
from tests.world import World

Fields = Mapping[str, str | list[str]]
VERSION: Fields = {"version": "v2", "image": "istio/examples-bookinfo-reviews-v2:1.16.2", "replicas": "2"}
LATER: Fields = {
    "then": "steps",
    "s_who": ["everyone", "everyone"],
    "s_share": ["50", "100"],
    "s_gate": ["time", "person"],
    "s_minutes": ["15", ""],
}
JASON: Fields = {
    "c_group": ["0", "0", "1"],
    "c_on": ["cookie", "system", "url"],
    "c_name": ["user", "", ""],
    "c_how": ["exact", "exact", "prefix"],
    "c_values": ["jason", "", "/reviews/beta"],
    "c_system": ["1:windows", "1:ios"],
    "c_case": ["2"],
}


def look(world: World) -> None:
    """Let all pods have sidecars, and the driver look at them."""
    for pod in world.cluster.list("Pod", "demo"):
        pod["metadata"].setdefault("annotations", {})[preflight.SIDECAR] = "{}"
        world.cluster.replace(pod)
    inventory.refresh(world.project.pk)


class Wizard:
    """A draft, answered step by step."""

    def __init__(self, author: Client, mode: str, service: str = "reviews", **more: str) -> None:
        answer = author.post("/p/demo/releases/new/", {"mode": mode, "service": service, **more})
        self.author, self.address = author, answer["Location"].rsplit("/", 2)[0]
        self.service = service

    @property
    def draft(self) -> Draft:
        return Draft.objects.get(pk=UUID(self.address.rsplit("/", 1)[1]))

    def post(self, step: str, fields: Fields, go: str = "next", **headers: str) -> Any:
        return self.author.post(f"{self.address}/{step}/", {**fields, "go": go}, headers=headers)

    def text(self, step: str) -> str:
        return str(self.author.get(f"{self.address}/{step}/").content.decode())

    def answer(self, step: str, fields: Fields) -> None:
        answer = self.post(step, fields)
        assert answer.status_code == 302, answer.content.decode()

    def until_policy(self, service: Fields | None = None, *, brings: bool = True) -> None:
        self.answer("basic", {"name": f"{self.service}-v2"})
        self.answer("service", {"service": self.service, **(service or {})})
        if brings:
            self.answer("version", VERSION)

    def plan(self, policy: Fields) -> Plan:
        """Answer the policy and freeze the plan."""
        self.answer("policy", policy)
        review = self.author.get(f"{self.address}/review/")
        assert review.status_code == 200, review.content.decode()
        return revision.parse(self.draft.frozen)

    def create(self) -> Release:
        found = re.search(r'name="revision" value="(\w+)"', self.text("review"))
        assert found
        self.author.post(f"{self.address}/review/", {"revision": found.group(1)})
        return Release.objects.latest("pk")


def steps_of(plan: Plan) -> list[dict[str, Any]]:
    return [step.model_dump(mode="json", exclude_defaults=True) for step in plan.steps]


def plain(text: str) -> str:
    """Return what a reader sees of a page."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", text)).replace("&#x27;", "'")
