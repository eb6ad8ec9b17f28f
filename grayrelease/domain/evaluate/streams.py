"""Ports that don't speak HTTP: TLS rules by the server name, TCP rules by port and caller."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from grayrelease.domain.evaluate import names
from grayrelease.domain.evaluate.answer import Rule
from grayrelease.domain.evaluate.conditions import Condition, caller_failure
from grayrelease.domain.evaluate.registry import Service, items
from grayrelease.domain.evaluate.request import Caller
from grayrelease.domain.evaluate.tables import Bundle, Entry, Written, default
from grayrelease.domain.evaluate.texts import Text


def entries(service: Service, bundles: Iterable[Bundle], caller: Caller, port: int) -> list[Entry]:
    """Return the rules for a service's port, of all bundles that name it, and at the end all its pods.

    TLS rules hold for ports that speak TLS, TCP rules for both. Rules for some addresses only
    (destinationSubnets) are left out: a name has no address here.
    """
    found: list[Entry] = []
    for bundle in bundles:
        if any(names.within(service.host, host) for host in bundle.hosts):
            found += _entries(bundle, caller, port, secure=service.ports[port] == "tls")
    return [*found, replace(default(service, port), stream=True)]


def _entries(bundle: Bundle, caller: Caller, port: int, *, secure: bool) -> Iterator[Entry]:
    for written in bundle.streams:
        kind = written.spec["name"]
        if kind == "tls" and not secure:
            continue
        matches: Sequence[Mapping[str, Any] | None] = written.spec.get("match") or (None,)
        for number, match in enumerate(matches):
            if not items(match, "destinationSubnets"):
                position = None if match is None else number
                yield from _of_match(bundle, written, match, position, caller, port)


def _of_match(
    bundle: Bundle,
    written: Written,
    match: Mapping[str, Any] | None,
    position: int | None,
    caller: Caller,
    port: int,
) -> Iterator[Entry]:
    rule = Rule(written.owner, written.spec["name"], written.index, position)
    absent = caller_failure(match, caller, names.MESH, port)
    for name in items(match, "sniHosts") or (None,):
        asked = () if name is None else (Condition("sni", "", _server_name(name)),)
        yield Entry(rule, written.spec, bundle, asked, absent=absent, stream=True)


def _server_name(name: str) -> Text:
    if name == "*":
        return Text("present")
    return Text("suffix", name[1:].lower()) if names.is_wild(name) else Text("exact", name.lower())
