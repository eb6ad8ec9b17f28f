"""The plan: what a release is to do, as a document that never changes once it is frozen."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Manifest = dict[str, Any]
Permille = Annotated[int, Field(ge=0, le=1000)]

ALL: int = 1000
"""Everyone's traffic, in per mille."""


class Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


How = Literal["exact", "prefix", "regex", "present", "absent"]


class Condition(Frozen):
    """One thing that a request must have: `name` of the cookie, header or query parameter, else "".

    `values`: any one of them does; systems are windows, macos, linux, android, ios. Regexes are RE2 and
    compare the whole text. `ignore_case` is for a URL's exact and prefix alone, as in Istio.
    """

    on: Literal["cookie", "header", "url", "query", "method", "system"]
    name: str = ""
    how: How = "exact"
    values: tuple[str, ...] = ()
    ignore_case: bool = False


class Group(Frozen):
    """Conditions that must all hold."""

    conditions: tuple[Condition, ...]


class Audience(Frozen):
    """Groups of which one must hold."""

    groups: tuple[Group, ...]


class Elsewhere(Frozen):
    """A Service (its whole host name), or a host outside that a ServiceEntry makes known."""

    host: str
    port: Annotated[int, Field(ge=1, le=65535)]


class Mirror(Frozen):
    """Copies of requests, whose answers are thrown away; to the candidate where `to` is None."""

    share: Annotated[int, Field(ge=1, le=1000)] = ALL
    to: Elsewhere | None = None
    get_only: bool = False
    """Copies what only reads: GET and HEAD."""


class Exposure(Frozen):
    """Who meets the candidate, and how much: share in per mille of the audience's or everyone's requests."""

    share: Permille = 0
    audience: Audience | None = None
    mirror: Mirror | None = None
    sticky: bool = False
    """A user stays with the version that they were given, by a cookie."""

    @property
    def everyone(self) -> int:
        """Everyone's share: 0 for what only an audience meets."""
        return 0 if self.audience else self.share

    @property
    def meets(self) -> bool:
        """Tell if anybody, or any copy of a request, reaches what the release brings."""
        return self.share > 0 or self.mirror is not None


NOBODY = Exposure()


class Step(Frozen):
    """An exposure to reach, and what must hold before the next one.

    `person` waits for somebody's "Continue"; `time` for `seconds` since the exposure was verified.
    """

    exposure: Exposure
    gate: Literal["person", "time"] = "person"
    seconds: Annotated[int, Field(ge=0)] = 0


class Subject(Frozen):
    """The Kubernetes Service being released; uid as the API server gave it."""

    namespace: str
    service: str
    uid: str
    port: int


class Stable(Frozen):
    """The version that the release starts from, and the Deployment that runs it."""

    version: str
    workload: str


class Candidate(Frozen):
    """The version being brought: its whole Deployment, made once at review and never again.

    Empty where a release brings none, since it only copies requests elsewhere.
    """

    version: str
    workload: str
    replicas: Annotated[int, Field(ge=0)]
    manifest: Manifest


class Plan(Frozen):
    """What a release is to do. Its canonical JSON is stored as text; that text's SHA-256 is the revision."""

    format: Literal["grayrelease/plan/1"] = "grayrelease/plan/1"
    mode: Literal["blue-green", "canary", "mirror"]
    name: str
    application: str
    subject: Subject
    stable: Stable
    candidate: Candidate
    steps: tuple[Step, ...]
    base: str
    """SHA-256 of the routes that were there when the plan was frozen."""

    @property
    def brings(self) -> bool:
        """Tell if there is a candidate: a mirror elsewhere has none."""
        return bool(self.candidate.version)

    @property
    def sticky(self) -> bool:
        """Tell if some step keeps visitors by cookie."""
        return any(step.exposure.sticky for step in self.steps)
