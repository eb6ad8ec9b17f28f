"""A proxy that is asked: which rule takes a request, and what comes of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import cached_property

from grayrelease.domain.evaluate import gateways, httproutes, sidecars, virtualservices
from grayrelease.domain.evaluate.answer import Answer
from grayrelease.domain.evaluate.clusters import Clusters
from grayrelease.domain.evaluate.ignoring import ignored
from grayrelease.domain.evaluate.outcomes import Outcomes
from grayrelease.domain.evaluate.registry import Manifest, World, read
from grayrelease.domain.evaluate.request import Arrived, Caller, Refused, Request, arrive
from grayrelease.domain.evaluate.tables import Bundle, Table, VirtualHost, by_domain, find, later, look

NO_ROUTE = "NR"


class Proxy:
    """One caller's view of a world. Its tables are made once for each port."""

    def __init__(self, world: World, caller: Caller) -> None:
        self.world = world
        self.caller = caller
        self.clusters = Clusters(world, caller)
        self._tables: dict[tuple[int, str], Table] = {}

    @cached_property
    def bundles(self) -> list[Bundle]:
        """All that routes, whoever sees it."""
        return [*virtualservices.bundles(self.world), *httproutes.bundles(self.world)]

    @cached_property
    def servers(self) -> list[gateways.Server]:
        """The gateway's servers; none at a sidecar."""
        if self.caller.kind == "sidecar":
            return []
        own = httproutes.servers(self.world, self.caller.namespace, self.caller.labels)
        return [*gateways.servers(self.world, self.caller), *own]

    def answer(self, request: Request, upstream: int = 200) -> Answer:
        """Return what the proxy does with a request, and why. `upstream`: how versions answer."""
        arrived = arrive(request, self.caller)
        if isinstance(arrived, Refused):
            return Answer(arrived.status, arrived.reason, "refuse")
        host = self._find(arrived)
        if host is None:
            return self._told(Answer(404, NO_ROUTE, "refuse"), None, arrived)
        return self._told(self._answer(host, arrived, upstream), host, arrived)

    def _find(self, arrived: Arrived) -> VirtualHost | None:
        if not "".join(arrived.headers["x-forwarded-proto"]):
            return None
        return find(self.table(arrived), arrived.host)

    def _answer(self, host: VirtualHost, arrived: Arrived, upstream: int) -> Answer:
        if host.https_only and arrived.headers["x-forwarded-proto"] != ("https",):
            where = f"https://{arrived.authority}{arrived.target}"
            return Answer(301, "direct_response", "redirect", location=where)
        entry, looked = look(host.entries, arrived)
        if entry is None:
            return Answer(404, NO_ROUTE, "refuse", looked=looked)
        answer = Outcomes(self.clusters, upstream).of(entry, arrived)
        return replace(answer, taken=entry.rule, looked=looked, later=later(host.entries, entry))

    def _told(self, answer: Answer, host: VirtualHost | None, arrived: Arrived) -> Answer:
        found = ignored(self.bundles, self.caller, self.servers, host, arrived)
        return replace(answer, host=host.name if host else "", ignored=found)

    def table(self, arrived: Arrived) -> Table:
        """Return the names that the proxy knows where the request arrives."""
        secure = arrived.sent.secure
        key = (arrived.port, arrived.host if secure else "")
        if key not in self._tables:
            self._tables[key] = by_domain(self._table(arrived.port, arrived.host, secure))
        return self._tables[key]

    def _table(self, port: int, host: str, secure: bool) -> list[VirtualHost]:
        if self.caller.kind == "sidecar":
            return sidecars.table(self.world, self.bundles, self.caller, port)
        return gateways.table(self.servers, self.bundles, self.caller, port, host, secure=secure)


def evaluate(objects: Iterable[Manifest], caller: Caller, request: Request, upstream: int = 200) -> Answer:
    """Return what a proxy would do with a request in a cluster of these objects, and why.

    Pods among the objects are all there are; without any, each subset is taken to have one.
    """
    return Proxy(read(objects), caller).answer(request, upstream)
