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


class Exposure(Frozen):
    """Who meets the candidate, and how much: share in per mille of everyone's requests."""

    share: Permille = 0


class Step(Frozen):
    """An exposure to reach, and what must hold before the next one; `person` waits for somebody."""

    exposure: Exposure
    gate: Literal["person"] = "person"


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
    """The version being brought: its whole Deployment, made once at review and never again."""

    version: str
    workload: str
    replicas: Annotated[int, Field(ge=1)]
    manifest: Manifest


class Plan(Frozen):
    """What a release is to do. Its canonical JSON is stored as text; that text's SHA-256 is the revision."""

    format: Literal["grayrelease/plan/1"] = "grayrelease/plan/1"
    mode: Literal["canary"]
    name: str
    application: str
    subject: Subject
    stable: Stable
    candidate: Candidate
    steps: tuple[Step, ...]
    base: str
    """SHA-256 of the routes that were there when the plan was frozen."""
