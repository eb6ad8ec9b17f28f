"""Who stands between browsers and a service: whoever isn't a gateway may drop a sticky release's cookie.

Istio's metrics say who calls, and not whether a caller hands cookies on: the answer's to the browser, and the
browser's with the next request. So each caller is named, and a person must vouch for it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from grayrelease.domain.state import Reason

UNSEEN = "?"
"""Vouched for, though nobody could say who calls."""
BY_SERVICES = "no-browser"


@dataclass(frozen=True)
class Source:
    """A workload that sent requests; `app` as its label says. A name that isn't known is "unknown"."""

    workload: str
    namespace: str
    app: str = ""


def between(
    sources: Iterable[Source], gateways: Iterable[Mapping[str, str]], namespace: str
) -> tuple[str, ...]:
    """Return the callers that aren't gateways, as namespace/workload where they are elsewhere.

    `gateways` are the selectors of Gateways. One whose Gateway may not be read counts as a caller.
    """
    selected = {value for selector in gateways for value in selector.values()}
    found = {_title(each, namespace) for each in sources if not _is_gateway(each, selected)}
    return tuple(sorted(found))


def _is_gateway(source: Source, selected: Collection[str]) -> bool:
    names = {source.app, source.workload} - {""}
    return bool((names | {name.removeprefix("istio-") for name in names}) & set(selected))


def _title(source: Source, namespace: str) -> str:
    return source.workload if source.namespace == namespace else f"{source.namespace}/{source.workload}"


def refusal(
    service: str, limit: Reason | None, callers: Sequence[str] | None, vouched: Collection[str]
) -> Reason | None:
    """Return why a service can't have sticky shares, or whose word is missing.

    `limit` is what preflight says; `callers` are those between, None where nobody knows.
    """
    if limit and limit.code != BY_SERVICES:
        return limit
    if callers is None:
        return limit or (None if UNSEEN in vouched else Reason("callers-unseen", {"service": service}))
    if not callers:
        return limit
    left = unvouched(callers, vouched)
    return Reason("callers-between", {"callers": ", ".join(left), "service": service}) if left else None


def unvouched(callers: Sequence[str] | None, vouched: Collection[str]) -> list[str]:
    """Return those for whom nobody vouched; UNSEEN where nobody knows who calls (None)."""
    return [each for each in ((UNSEEN,) if callers is None else callers) if each not in vouched]


def appeared(service: str, callers: Sequence[str] | None, vouched: Collection[str]) -> Reason | None:
    """Return why a sticky release that runs may draw nobody more: who came since then may drop cookies."""
    left = unvouched(callers, vouched)
    if left == [UNSEEN]:
        return Reason("callers-unknown", {"service": service})
    return Reason("callers-new", {"callers": ", ".join(left), "service": service}) if left else None


Verdict = Literal["kept", "not-given", "given-again", "moved"]


def verdict(given: Sequence[str]) -> Verdict:
    """Say what became of a sticky release's cookie, from the value that each answer to one browser gave.

    "" where an answer gave none. Who comes with the present step's cookie is not drawn, and gets none: so an
    answer that gives it again was to a request that had lost it. `moved`: the step changed meanwhile.
    """
    first, *later = given
    again = [value for value in later if value]
    if not first and not again:
        return "not-given"
    if first and not again:
        return "kept"
    steps = {value.rpartition(".")[2] for value in given if value}
    return "moved" if len(steps) > 1 else "given-again"
