"""VirtualServices as bundles of rules: names completed, delegates put in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from grayrelease.domain.evaluate import delegates, names
from grayrelease.domain.evaluate.answer import Ref
from grayrelease.domain.evaluate.registry import ISTIO, Manifest, World, created, items, ref, spec
from grayrelease.domain.evaluate.tables import Bundle, Written


def bundles(world: World) -> list[Bundle]:
    """Return all VirtualServices that have hosts, the oldest first."""
    manifests = world.of(ISTIO, "VirtualService")
    targets = {ref(each): each for each in manifests if not items(spec(each), "hosts")}
    found = [_bundle(each, targets) for each in manifests if items(spec(each), "hosts")]
    return sorted(found, key=lambda bundle: bundle.age)


def _bundle(manifest: Manifest, targets: Mapping[Ref, Manifest]) -> Bundle:
    said, where = spec(manifest), ref(manifest)
    return Bundle(
        ref=where,
        created=created(manifest),
        name=where.name,
        hosts=tuple(names.complete(host, where.namespace) for host in items(said, "hosts")),
        gateways=tuple(
            names.complete_gateway(name, where.namespace) for name in items(said, "gateways") or (names.MESH,)
        ),
        export_to=export_to(manifest),
        rules=tuple(_rules(manifest, targets)),
        streams=tuple(_streams(manifest)),
    )


def export_to(manifest: Manifest) -> frozenset[str]:
    """Return the namespaces that see an object, or `*`; nobody sees one exported to `~`."""
    home = ref(manifest).namespace
    said = {home if place == "." else place for place in items(spec(manifest), "exportTo")} or {"*"}
    if "*" in said:
        return frozenset({"*"})
    return frozenset() if "~" in said else frozenset(said)


def _streams(manifest: Manifest) -> Iterator[Written]:
    where = ref(manifest)
    for key in ("tls", "tcp"):
        for index, rule in enumerate(items(spec(manifest), key)):
            yield Written({**_completed(rule, where.namespace), "name": key}, where, index)


def _rules(manifest: Manifest, targets: Mapping[Ref, Manifest]) -> Iterator[Written]:
    where = ref(manifest)
    for index, rule in enumerate(items(spec(manifest), "http")):
        named = rule.get("delegate")
        if not named:
            yield Written(_completed(rule, where.namespace), where, index)
            continue
        target = Ref("VirtualService", named.get("namespace") or where.namespace, named.get("name") or "")
        delegate = targets.get(target)
        if delegate is not None and export_to(delegate) & {"*", where.namespace}:
            yield from _delegated(_completed(rule, where.namespace), where, delegate)


def _delegated(root: Mapping[str, Any], where: Ref, delegate: Manifest) -> Iterator[Written]:
    home = ref(delegate)
    for index, rule in enumerate(items(spec(delegate), "http")):
        joined = delegates.join(root, _completed(rule, home.namespace))
        if joined is not None:
            yield Written(joined, where, index, home)


def _completed(rule: Mapping[str, Any], namespace: str) -> Mapping[str, Any]:
    """Return a rule whose hosts and gateways are complete names."""
    done = dict(rule)
    if rule.get("match"):
        done["match"] = [_match(match, namespace) for match in rule["match"]]
    for key in ("route", "mirrors"):
        if rule.get(key):
            done[key] = [_toward(each, namespace) for each in rule[key]]
    if rule.get("mirror"):
        done["mirror"] = _destination(rule["mirror"], namespace)
    return done


def _match(match: Mapping[str, Any], namespace: str) -> Mapping[str, Any]:
    if not match.get("gateways"):
        return match
    return {**match, "gateways": [names.complete_gateway(each, namespace) for each in match["gateways"]]}


def _toward(part: Mapping[str, Any], namespace: str) -> Mapping[str, Any]:
    return {**part, "destination": _destination(part.get("destination") or {}, namespace)}


def _destination(destination: Mapping[str, Any], namespace: str) -> Mapping[str, Any]:
    return {**destination, "host": names.complete(destination.get("host") or "", namespace)}
