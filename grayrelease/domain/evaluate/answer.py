"""What a proxy does with a request, and why: data for the route tester, no sentences."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from grayrelease.domain.evaluate.texts import Text

PASSTHROUGH = "PassthroughCluster"
"""The host of Istio's way out to names that the mesh doesn't know."""

Where = Literal[
    "uri",
    "header",
    "no-header",
    "query",
    "method",
    "authority",
    "scheme",
    "sni",
    "port",
    "sourceLabels",
    "sourceNamespace",
    "gateways",
]
"""What a condition looks at. The last four look at the caller: the rule isn't in its table at all."""
CALLER_SIDE: tuple[Where, ...] = ("port", "sourceLabels", "sourceNamespace", "gateways")

Cause = Literal["not-visible", "not-bound", "older-counts", "route-counts", "not-for-caller", "host-unknown"]


@dataclass(frozen=True)
class Ref:
    """Names an object."""

    kind: str
    namespace: str
    name: str


@dataclass(frozen=True)
class Rule:
    """One match of one rule: `route` is its name; `index` counts rules, `match` the rule's matches.

    `match` is None where a rule has none. `delegate` is the object that holds a delegated rule;
    then `index` counts that object's rules.
    """

    object: Ref
    route: str
    index: int
    match: int | None = None
    delegate: Ref | None = None


@dataclass(frozen=True)
class Failed:
    """The first condition that did not hold: what was asked, and what the request or caller has.

    `had` is empty where there is nothing; a header has an entry for each of its lines.
    """

    where: Where
    name: str
    asked: Text
    had: tuple[str, ...]


@dataclass(frozen=True)
class Looked:
    """A rule that was looked at; `failed` is None for the one taken, which is the last."""

    rule: Rule
    failed: Failed | None = None

    @property
    def taken(self) -> bool:
        return self.failed is None


@dataclass(frozen=True)
class Ignored:
    """An object that names the host and doesn't count; `other` is the one that counts in its place."""

    object: Ref
    cause: Cause
    other: Ref | None = None


@dataclass(frozen=True)
class Destination:
    """Where requests go. `chance` is its share, 0 to 1; status and reason are of requests it gets."""

    host: str
    subset: str
    port: int | None
    weight: int
    chance: float
    status: int
    reason: str = ""
    authority: str = ""
    request_headers: tuple[HeaderChange, ...] = ()
    response_headers: tuple[HeaderChange, ...] = ()


@dataclass(frozen=True)
class Mirror:
    """Where copies go; `percent` of the rule's requests. Without `reachable` none arrives."""

    host: str
    subset: str
    port: int | None
    percent: float
    reachable: bool = True


@dataclass(frozen=True)
class HeaderChange:
    """A header that the mesh writes, adds a value to, or takes away."""

    action: Literal["set", "add", "remove"]
    name: str
    value: str = ""


@dataclass(frozen=True)
class Retries:
    """Tries after the first; `codes` are status codes that are tried again too."""

    attempts: int
    on: str
    per_try: str = ""
    codes: tuple[int, ...] = ()


@dataclass(frozen=True)
class Fault:
    """What the rule breaks on purpose: percentages of its requests."""

    abort: float = 0
    abort_status: int = 0
    delay: float = 0
    delay_s: float = 0


@dataclass(frozen=True)
class Answer:
    """What happens to a request.

    `status` is what the client gets, None where destinations answer differently, 0 where a connection
    is closed without a word; `reason` is Envoy's response flag (NR, NC, UH, FI, DI, URX) or its detail
    for other answers of the proxy itself, nothing where it depends on the destination.
    `path` and `authority` are what the upstream sees where that is not what was sent. `host` is the
    name in the proxy's table under which the request was found, `*` the way out to unknown names.
    `later` has the rules behind the one taken, which nobody looked at.
    """

    status: int | None
    reason: str = ""
    action: Literal["forward", "redirect", "direct", "refuse"] = "forward"
    destinations: tuple[Destination, ...] = ()
    mirrors: tuple[Mirror, ...] = ()
    host: str = ""
    taken: Rule | None = None
    looked: tuple[Looked, ...] = ()
    later: tuple[Rule, ...] = ()
    ignored: tuple[Ignored, ...] = ()
    path: str = ""
    authority: str = ""
    location: str = ""
    body: str = ""
    timeout: str = ""
    retries: Retries | None = None
    fault: Fault = field(default_factory=Fault)
    request_headers: tuple[HeaderChange, ...] = ()
    response_headers: tuple[HeaderChange, ...] = ()
