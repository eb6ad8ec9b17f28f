"""One HTTP rule of a VirtualService."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from grayrelease.domain.evaluate.registry import items
from grayrelease.domain.evaluate.validation import actions, values
from grayrelease.domain.evaluate.validation.values import Found
from grayrelease.domain.state import Reason

Said = Mapping[str, Any]

TEXTS = ("scheme", "method", "authority")


def rule(path: str, said: Said, *, delegated: bool) -> Found:
    """`delegated`: the rule stands in a VirtualService without hosts."""
    yield from _conflicts(path, said, delegated)
    for number, match in enumerate(items(said, "match")):
        yield from _match(f"{path}.match[{number}]", match)
    yield from actions.headers(f"{path}.headers", said.get("headers"))
    yield from actions.cors(f"{path}.corsPolicy", said.get("corsPolicy"))
    yield from actions.fault(f"{path}.fault", said.get("fault"))
    yield from _mirrors(path, said)
    yield from actions.redirect(f"{path}.redirect", said.get("redirect"), items(said, "match"))
    yield from actions.direct(f"{path}.directResponse", said.get("directResponse"))
    yield from actions.retries(f"{path}.retries", said.get("retries"))
    yield from actions.rewrite(f"{path}.rewrite", said.get("rewrite"))
    yield from _authority(path, said)
    yield from destinations(f"{path}.route", items(said, "route"))
    if said.get("timeout") is not None:
        yield from values.duration(f"{path}.timeout", said["timeout"])


def _conflicts(path: str, said: Said, delegated: bool) -> Found:
    if said.get("delegate") is not None and not delegated:
        yield from _together(path, said, "delegate", ("redirect", "route"))
        return
    if said.get("delegate") is not None:
        yield Reason("istio-nested", {"path": path})
    if said.get("redirect") is not None:
        yield from _together(path, said, "redirect", ("route", "fault", "rewrite", "directResponse"))
    elif said.get("directResponse") is not None:
        yield from _together(path, said, "directResponse", ("route", "fault", "rewrite"))
    elif not items(said, "route"):
        yield Reason("istio-no-action", {"path": path})
    if items(said, "mirrors"):
        yield from _together(path, said, "mirrors", ("mirror",))


def _together(path: str, said: Said, one: str, others: tuple[str, ...]) -> Found:
    for other in others:
        if said.get(other) is not None and said[other] != []:
            yield Reason("istio-together", {"path": path, "one": one, "other": other})


def _match(path: str, said: Said) -> Found:
    for name, asked in (said.get("headers") or {}).items():
        yield from values.header_asked(f"{path}.headers", name)
        yield from values.text(f"{path}.headers.{name}", asked)
    for name, asked in (said.get("withoutHeaders") or {}).items():
        yield from values.header_asked(f"{path}.withoutHeaders", name)
        if (asked or {}).get("regex") != "*":  # means presence here
            yield from values.text(f"{path}.withoutHeaders.{name}", asked)
    yield from values.text(f"{path}.uri", said.get("uri"), empty_prefix=True)
    for key in TEXTS:
        yield from values.text(f"{path}.{key}", said.get(key))
    for name, asked in (said.get("queryParams") or {}).items():
        yield from values.text(f"{path}.queryParams.{name}", asked)
    yield from where(path, said)


def where(path: str, said: Said) -> Found:
    """The conditions on the caller, which matches of all kinds of rules have."""
    if said.get("port"):
        yield from values.port(f"{path}.port", said["port"])
    yield from values.labels(f"{path}.sourceLabels", said.get("sourceLabels"))
    yield from values.gateways(f"{path}.gateways", items(said, "gateways"))
    if said.get("sourceNamespace"):
        yield from values.label(f"{path}.sourceNamespace", said["sourceNamespace"])


def _mirrors(path: str, said: Said) -> Found:
    if said.get("mirrorPercent") is not None:
        yield from values.within(f"{path}.mirrorPercent", float(said["mirrorPercent"]), 0, 100)
    yield from _share(f"{path}.mirrorPercentage", said.get("mirrorPercentage"))
    if said.get("mirror") is not None:
        yield from destination(f"{path}.mirror", said["mirror"])
    for number, each in enumerate(items(said, "mirrors")):
        at = f"{path}.mirrors[{number}]"
        if each.get("destination") is None:
            yield Reason("istio-missing", {"path": f"{at}.destination"})
            continue
        yield from destination(f"{at}.destination", each["destination"])
        yield from _share(f"{at}.percentage", each.get("percentage"))


def _share(path: str, said: Said | None) -> Found:
    if said is not None:
        yield from values.within(path, float(said.get("value") or 0), 0, 100)


def _authority(path: str, said: Said) -> Found:
    """The authority may be written in one place only."""
    request = (said.get("headers") or {}).get("request") or {}
    names = [*(request.get("set") or {}), *(request.get("add") or {})]
    count = sum(name.lower() in values.AUTHORITY for name in names)
    if count + bool((said.get("rewrite") or {}).get("authority")) > 1:
        yield Reason("istio-twice", {"path": path, "value": "authority"})


def destinations(path: str, parts: Any) -> Found:
    """The parts of a route, HTTP or not, with their weights."""
    for number, part in enumerate(parts):
        at = f"{path}[{number}]"
        if part.get("destination") is None:
            yield Reason("istio-missing", {"path": f"{at}.destination"})
        else:
            yield from destination(f"{at}.destination", part["destination"])
        yield from actions.headers(f"{at}.headers", part.get("headers"))
        yield from values.within(f"{at}.weight", int(part.get("weight") or 0), 0, 2**31 - 1)
    if len(parts) > 1 and not sum(int(part.get("weight") or 0) for part in parts):
        yield Reason("istio-no-weight", {"path": path})


def destination(path: str, said: Said) -> Found:
    """A host with its subset and port."""
    if said.get("host") == "*":
        yield Reason("istio-host", {"path": f"{path}.host", "value": "*"})
    else:
        yield from values.host(f"{path}.host", said.get("host") or "")
    if said.get("subset"):
        yield from values.label(f"{path}.subset", said["subset"])
    if said.get("port") is not None:
        yield from values.port(f"{path}.port", (said["port"] or {}).get("number"))
