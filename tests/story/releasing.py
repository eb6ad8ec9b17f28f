"""What operator does, by forms: the sample application, a release from its wizard to its finish."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import requests

from demo.dashboard import PASSWORD
from demo.stack import Stack
from tests.story.person import Person
from tests.story.rows import Rows

PROJECT = "/p/demo"
GENERATION = re.compile(r'name="generation" value="(\d+)"')
REVISION = re.compile(r'name="revision" value="(\w+)"')
READY_S = 40
POLL_S = 0.1


@dataclass(frozen=True)
class Wish:
    """A release to be made."""

    name: str
    version: str
    image: str
    share: int = 0
    """Percent."""
    env: tuple[str, str] = ("", "")
    """A variable, and its value, in which the candidate differs."""
    mode: str = "canary"
    policy: Mapping[str, Any] = field(default_factory=dict)
    """The fields of the traffic policy; without any, the share is given."""
    service: str = "reviews"


class Operator:
    """operator at the dashboard of a stack."""

    def __init__(self, stack: Stack, name: str = "operator") -> None:
        self.person = Person(stack.options.web_url, name, PASSWORD)
        self.stack, self.rows = stack, Rows(stack.settings)

    def close(self) -> None:
        self.rows.close()

    def connect(self) -> None:
        """Read the database over a new connection: the server was restarted."""
        self.rows.close()
        self.rows = Rows(self.stack.settings)

    def set_times(self, settle_s: float, drain_s: float) -> Self:
        """Choose the project's times, as an admin would."""
        self.rows.run(
            "update grayrelease_project set settle_s = %s, drain_s = %s where name = 'demo'",
            settle_s,
            drain_s,
        )
        return self

    def deploy_sample(self) -> None:
        """Deploy Bookinfo and wait until it is there and the dashboard has seen it."""
        self.ok(self.person.post(f"{PROJECT}/applications/sample/"))
        end = time.monotonic() + READY_S
        while not self._sample_is_ready():
            assert time.monotonic() < end, "Bookinfo is not ready"
            time.sleep(POLL_S)

    def _sample_is_ready(self) -> bool:
        workloads = self._workloads()
        return len(workloads) >= 4 and all(each["ready"] == each["replicas"] for each in workloads)

    def _workloads(self) -> list[dict[str, Any]]:
        """Return the Deployments that the dashboard has seen last."""
        found = self.rows.all("select data from grayrelease_inventory")
        workloads: list[dict[str, Any]] = found[0]["data"].get("workloads", []) if found else []
        return workloads

    def start(self, wish: Wish) -> str:
        """Go through the wizard. Returns the path of the release's page."""
        first = self.ok(self.person.post(f"{PROJECT}/releases/new/", mode=wish.mode, service=wish.service))
        draft = first.url.split(self.person.web_url)[1].rsplit("/", 2)[0]
        self.ok(self.person.post(f"{draft}/basic/", name=wish.name))
        self._wait_offered(f"{draft}/service/", wish.service)
        self._wait_gone(f"{wish.service}-{wish.version}")
        self.ok(self.person.post(f"{draft}/service/", service=wish.service))
        fields: dict[str, Any] = {"version": wish.version, "image": wish.image, "replicas": "1"}
        env: dict[str, Any] = {"env_name": wish.env[0], "env_value": wish.env[1]}
        self.ok(self.person.post(f"{draft}/version/", **fields, **env))
        policy: Mapping[str, Any] = wish.policy or {"share": wish.share}
        review = self.ok(self.person.post(f"{draft}/policy/", **policy))
        revision = REVISION.search(review.text)
        assert revision, review.text
        page = self.ok(self.person.post(f"{draft}/review/", revision=revision[1]))
        return page.url.split(self.person.web_url)[1]

    def _wait_offered(self, path: str, service: str, within: float = 10) -> None:
        """Wait until the wizard offers a service: the inventory is up to 2 s old."""
        end = time.monotonic() + within
        while f'value="{service}"' not in (page := self.ok(self.person.get(path)).text):
            assert time.monotonic() < end, page
            time.sleep(POLL_S)

    def _wait_gone(self, workload: str, within: float = 10) -> None:
        """Wait until the wizard doesn't know a workload of before any more."""
        end = time.monotonic() + within
        while any(each["name"] == workload for each in self._workloads()):
            assert time.monotonic() < end, f"{workload} is still there"
            time.sleep(POLL_S)

    def deed(self, page: str, deed: str, **fields: Any) -> requests.Response:
        """Open a deed's page and confirm it; the answer of the POST, not followed."""
        asked = self.ok(self.person.get(f"{page}{deed}/" + _query(fields)))
        return self.confirm(page, deed, self.generation(asked), **fields)

    def generation(self, page: requests.Response) -> str:
        found = GENERATION.search(page.text)
        return found[1] if found else ""

    def confirm(self, page: str, deed: str, generation: str, **fields: Any) -> requests.Response:
        """Post a deed whose page was read before."""
        answer = self.person.post(f"{page}{deed}/", follow=False, generation=generation, **fields)
        assert answer.status_code == 302, f"{deed}: {answer.status_code} {answer.text[:2000]}"
        return answer

    @staticmethod
    def ok(answer: requests.Response) -> requests.Response:
        assert answer.status_code == 200, f"{answer.url}: {answer.status_code} {answer.text[:2000]}"
        return answer


def _query(fields: dict[str, object]) -> str:
    return "?" + "&".join(f"{name}={value}" for name, value in fields.items()) if fields else ""
