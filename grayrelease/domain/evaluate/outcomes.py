"""What comes of the rule that was taken: forwarded and where to, led elsewhere, or answered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from grayrelease.domain.evaluate import policies, rewriting
from grayrelease.domain.evaluate.answer import PASSTHROUGH, Answer, Destination, Retries
from grayrelease.domain.evaluate.clusters import Clusters
from grayrelease.domain.evaluate.headers import authority, changes
from grayrelease.domain.evaluate.policies import Target
from grayrelease.domain.evaluate.registry import Service, items
from grayrelease.domain.evaluate.request import Arrived
from grayrelease.domain.evaluate.tables import Entry

CLOSED = 0
"""The status where there is none: the connection is closed without a word."""
CODES = (301, 302, 303, 307, 308)
"""Redirects that Envoy can write; another code makes a rule without an action."""


@dataclass(frozen=True)
class Outcomes:
    """Works out answers of one caller. `upstream` is the status with which versions answer."""

    clusters: Clusters
    upstream: int = 200

    def of(self, entry: Entry, request: Arrived) -> Answer:
        """Return what comes of the rule, as far as the rule alone says."""
        answer = self._route(entry, request)
        status = policies.preflight_status(entry.spec, request)
        if answer.fault.abort >= 100:
            reason = _held_back("FI") if answer.fault.delay >= 100 else "FI"
            return _stopped(answer, answer.fault.abort_status, reason)
        if status is not None:
            return _stopped(answer, status, "cors_response")
        return _late(answer) if answer.fault.delay >= 100 else answer

    def _route(self, entry: Entry, request: Arrived) -> Answer:
        rule = entry.spec
        fault = policies.fault(rule)
        if rule.get("redirect") is not None:
            code = int(rule["redirect"].get("redirectCode") or 301)
            if code not in CODES:
                return Answer(404, "NR", "refuse", fault=fault)
            return Answer(code, action="redirect", location=rewriting.location(entry, request), fault=fault)
        if rule.get("directResponse") is not None:
            said = rule["directResponse"]
            body = str((said.get("body") or {}).get("string") or "")
            return Answer(int(said.get("status") or 0), action="direct", body=body, fault=fault)
        return replace(self._forward(entry, request), fault=fault)

    def _forward(self, entry: Entry, request: Arrived) -> Answer:
        rule = entry.spec
        known = None if entry.stream else policies.retries(rule)
        destinations = tuple(self._destinations(entry, request, known))
        named = tuple(each for each in destinations if each.host)
        statuses = {each.status for each in destinations}
        reasons = {each.reason for each in destinations}
        seen = any(not each.reason or each.reason == "URX" for each in destinations)
        path = rewriting.rewritten(entry, request)
        host = self._authority(rule, destinations)
        copied = [(self._target(to, request), share) for to, share in policies.mirrored(rule)]
        return Answer(
            status=statuses.pop() if len(statuses) == 1 else None,
            reason=reasons.pop() if len(reasons) == 1 else "",
            destinations=named,
            mirrors=policies.mirrors(copied, self.clusters),
            path=path if seen and path != request.sent.path else "",
            authority=host if seen and host != request.sent.authority else "",
            timeout=policies.timeout(rule),
            retries=known,
            request_headers=changes(rule, "request"),
            response_headers=changes(rule, "response"),
        )

    def _authority(self, rule: Mapping[str, Any], destinations: tuple[Destination, ...]) -> str:
        """Return the authority that is written for all of the rule's requests."""
        own = str((rule.get("rewrite") or {}).get("authority") or "") or authority(rule)
        theirs = {each.authority for each in destinations}
        return own or (theirs.pop() if len(theirs) == 1 else "")

    def _destinations(self, entry: Entry, request: Arrived, known: Retries | None) -> Iterator[Destination]:
        parts = list(items(entry.spec, "route"))
        if len(parts) > 1:
            parts = [part for part in parts if part.get("weight")]
        single = len(items(entry.spec, "route")) == 1
        weights = [100 if single else int(part["weight"]) for part in parts]
        for part, weight in zip(parts, weights, strict=True):
            host, subset, port = self._target(part.get("destination") or {}, request)
            status, reason = self._status(entry, host, subset, port, known)
            yield Destination(
                host=host,
                subset=subset,
                port=port,
                weight=weight,
                chance=weight / sum(weights),
                status=status,
                reason=reason,
                authority=authority(part),
                request_headers=changes(part, "request"),
                response_headers=changes(part, "response"),
            )

    def _status(
        self, entry: Entry, host: str, subset: str, port: int | None, known: Retries | None
    ) -> tuple[int, str]:
        state = self.clusters.state(host, subset, port)
        if state and entry.stream:
            return CLOSED, state
        if state == "NC" and entry.bundle is not None and entry.bundle.gateway_api:
            return 500, state
        if state:
            return 503, state
        return self.upstream, "URX" if policies.tried_again(known, self.upstream) else ""

    def _target(self, destination: Mapping[str, Any], request: Arrived) -> Target:
        """Return host, subset and port; a name that stands for another is replaced by that."""
        host, subset = destination.get("host") or "", destination.get("subset") or ""
        service = self._service(host, request)
        if host == PASSTHROUGH:
            return host, subset, None
        said = (destination.get("port") or {}).get("number")
        port = int(said) if said else self._port(service, request)
        return (service.alias_of or host if service else host), subset, port

    def _service(self, host: str, request: Arrived) -> Service | None:
        """Return the service as the proxy knows it: a sidecar knows those that have the call's port."""
        service = self.clusters.world.seen(host, self.clusters.caller.namespace)
        sidecar = self.clusters.caller.kind == "sidecar"
        return None if service and sidecar and request.port not in service.ports else service

    def _port(self, service: Service | None, request: Arrived) -> int:
        """Return the port where none is said: the call's, or at a gateway the service's only one."""
        if self.clusters.caller.kind == "sidecar" or service is None or len(service.ports) != 1:
            return request.port
        return next(iter(service.ports))


def _stopped(answer: Answer, status: int, reason: str) -> Answer:
    """Return the answer of a proxy that forwards nothing, though the rule says where to."""
    destinations = tuple(replace(each, status=status, reason=reason) for each in answer.destinations)
    return replace(answer, status=status, reason=reason, destinations=destinations, path="", authority="")


def _late(answer: Answer) -> Answer:
    """Return an answer that is held back on purpose."""
    destinations = tuple(replace(each, reason=_held_back(each.reason)) for each in answer.destinations)
    reason = "" if answer.status is None else _held_back(answer.reason)
    return replace(answer, reason=reason, destinations=destinations)


def _held_back(reason: str) -> str:
    return f"DI,{reason}" if reason else "DI"
