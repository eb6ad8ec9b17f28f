"""Random VirtualServices and HTTPRoutes."""

from __future__ import annotations

import random
from typing import Any

from tests.agreement.cluster_parts import API, ISTIO, VERSIONS, named

JSON = dict[str, Any]
PATHS = ("/", "/api", "/api/", "/api/v1", "/Api", "/old", "/x", "/a/b", "")
PATTERNS = ("/api/.*", "/api/v[0-9]+", ".*", "/(a|x)(/.*)?", "(?i)/api.*", "/[^/]*")
COOKIE = r"(?:.*;[ \t]*)?user=jason(?:[ \t]*;.*)?"
VALUES: tuple[JSON, ...] = (
    {"exact": "jason"},
    {"prefix": "ja"},
    {"regex": "ja.*n"},
    {"regex": "jason|eve"},
    {"regex": "(?i)JASON"},
    {"exact": ""},
    {},
)
SERVICE = "reviews.demo.svc.cluster.local"
FURTHER = ["ratings", "ratings-old", "nobody", "web.shop.svc.cluster.local", "api.example.com"]
MESH_HOSTS = ("reviews", SERVICE, "Reviews", "*.demo.svc.cluster.local", "reviews.demo", "ratings", "web")
EDGE_HOSTS = ("bookinfo.example.com", "*.example.com", "*", "x.b.example.com", "BOOKINFO.example.com")
BINDINGS = (*([["gray"]] * 6), *([["demo/gray"]] * 2), ["mesh", "gray"], ["mesh", "gray"], ["white"], ["no"])


def maybe(source: random.Random, chance: float) -> bool:
    """Yes, as often as told."""
    return source.random() < chance


def virtual_services(source: random.Random, edge: bool) -> list[JSON]:
    """A few, with delegates at times."""
    found = [_virtual_service(source, number, edge) for number in range(source.choice([0, 1, 1, 1, 2, 3]))]
    if maybe(source, 0.25):
        found.append(named(source, "VirtualService", ISTIO, "delegate", "demo", {"http": _rules(source, 2)}))
        found[0]["spec"].setdefault("http", []).insert(0, _delegating(source))
    return found


def _virtual_service(source: random.Random, number: int, edge: bool) -> JSON:
    pool = EDGE_HOSTS if edge else MESH_HOSTS
    hosts = source.sample(pool, source.choice([1, 1, 1, 2]))
    spec: JSON = {"hosts": [host for host in hosts if edge or host != "*"], "http": _rules(source, 4)}
    if edge:
        spec["gateways"] = source.choice(BINDINGS)
        if "mesh" in spec["gateways"]:
            spec["hosts"] = [host for host in [*hosts, "reviews"] if host != "*"]
    if maybe(source, 0.12):
        spec["exportTo"] = source.choice([["."], ["*"], ["shop"], ["demo"], ["istio-system", "demo"]])
    namespace = source.choice([*(["demo"] * 8), "shop", "istio-system"])
    return named(source, "VirtualService", ISTIO, f"vs-{number}", namespace, spec)


def _delegating(source: random.Random) -> JSON:
    rule: JSON = {"delegate": {"name": source.choice(["delegate", "delegate", "delegate", "missing"])}}
    if maybe(source, 0.6):
        rule["match"] = [_match(source) for _ in range(source.choice([1, 2]))]
    if maybe(source, 0.3):
        rule["headers"] = _headers(source)
    return rule | ({"delegate": {**rule["delegate"], "namespace": "demo"}} if maybe(source, 0.6) else {})


def _rules(source: random.Random, most: int) -> list[JSON]:
    rules = [_rule(source, number) for number in range(source.randint(1, most))]
    return rules if maybe(source, 0.4) else [*rules, {"route": _targets(source)}]


def _rule(source: random.Random, number: int) -> JSON:
    rule: JSON = {"name": f"r{number}"} if maybe(source, 0.3) else {}
    if maybe(source, 0.75):
        rule["match"] = [_match(source) for _ in range(source.choice([1, 1, 2, 3]))]
    draw = source.random()
    if draw < 0.06:
        return rule | {"redirect": _redirect(source)}
    if draw < 0.12:
        return rule | {"directResponse": {"status": source.choice([200, 418, 503])}}
    rule["route"] = _targets(source)
    return rule | _extras(source)


def _extras(source: random.Random) -> JSON:
    rule: JSON = {}
    if maybe(source, 0.15):
        rule["rewrite"] = source.choice(
            [
                {"uri": "/new"},
                {"uri": "/"},
                {"authority": "other"},
                {"uri": "/n", "authority": "o.example.com"},
                {"uriRegexRewrite": {"match": "/(a|x)/(.*)", "rewrite": r"/\2/\1"}},
            ]
        )
    if maybe(source, 0.15):
        rule["mirror"] = _destination(source)
        if maybe(source, 0.7):
            rule["mirrorPercentage"] = {"value": source.choice([0, 0.5, 25, 100])}
    elif maybe(source, 0.08):
        share = {"value": source.choice([0, 1, 50])}
        rule["mirrors"] = [{"destination": _destination(source), "percentage": share} for _ in range(2)]
    if maybe(source, 0.1):
        percentage = {"percentage": {"value": source.choice([0, 100])}} if maybe(source, 0.8) else {}
        kinds: list[JSON] = [{"httpStatus": 404}, {"httpStatus": 503}, {"grpcStatus": "NOT_FOUND"}]
        rule["fault"] = {"abort": {**source.choice(kinds), **percentage}}
    if maybe(source, 0.15):
        rule["headers"] = _headers(source)
    if maybe(source, 0.1):
        rule["timeout"] = source.choice(["3s", "1m30s", "500ms"])
    if maybe(source, 0.1):
        rule["retries"] = source.choice([{"attempts": 0}, {"attempts": 1, "retryOn": "connect-failure"}])
    return rule


def _headers(source: random.Random) -> JSON:
    written: JSON = {}
    for side in ("request", "response"):
        if maybe(source, 0.6):
            written[side] = source.choice(
                [{"set": {"x-env": "gray"}}, {"add": {"x-tag": "1"}}, {"remove": ["x-user"]}]
            )
    if maybe(source, 0.1):
        written["request"] = {"set": {"Host": "set.example.com"}}
    return written


def _redirect(source: random.Random) -> JSON:
    parts: JSON = {"uri": "/there", "authority": "n.example.com", "scheme": "https", "port": 8443}
    chosen = source.sample(sorted(parts), source.randint(1, 3))
    code = {"redirectCode": source.choice([301, 302, 307, 308])} if maybe(source, 0.5) else {}
    return {name: parts[name] for name in chosen} | code


def _targets(source: random.Random) -> list[JSON]:
    count = source.choice([1, 1, 2, 2, 3])
    targets: list[JSON] = [{"destination": _destination(source)} for _ in range(count)]
    if count > 1:
        weights = source.choice([(80, 20, 10), (1, 3, 0), (0, 100, 7), (30, 20, 50), (33, 33, 34)])
        for target, weight in zip(targets, weights, strict=False):
            target["weight"] = weight
    elif maybe(source, 0.3):
        targets[0]["weight"] = source.choice([0, 50, 100])
    if maybe(source, 0.1):
        targets[0]["headers"] = _headers(source)
    return targets


def _destination(source: random.Random) -> JSON:
    host = source.choice(["reviews"] * 6 + [SERVICE] * 3 + FURTHER)
    written: JSON = {"host": host}
    if maybe(source, 0.75):
        written["subset"] = source.choice([*VERSIONS, *VERSIONS, "v9"])
    if maybe(source, 0.4):
        written["port"] = {"number": source.choice([9080, 9080, 9080, 80, 8080])}
    return written


def _match(source: random.Random) -> JSON:
    match: JSON = {}
    if maybe(source, 0.5):
        match["uri"] = _uri(source)
        if maybe(source, 0.2):
            match["ignoreUriCase"] = True
    for field in ("headers", "withoutHeaders"):
        if maybe(source, 0.3):
            names = source.sample(["x-user", "X-Beta", "cookie", "user-agent"], source.choice([1, 1, 2]))
            match[field] = {name: _value(source, name) for name in names}
    if maybe(source, 0.15):
        match["queryParams"] = {source.choice(["v", "debug"]): source.choice(VALUES)}
    if maybe(source, 0.15):
        match["method"] = source.choice([{"exact": "GET"}, {"exact": "POST"}, {"regex": "GET|HEAD"}])
    if maybe(source, 0.08):
        match["authority"] = source.choice(
            [{"exact": "reviews:9080"}, {"prefix": "reviews"}, {"prefix": "book"}]
        )
    return match | _caller_match(source)


def _uri(source: random.Random) -> JSON:
    kind = source.choice(["exact", "prefix", "prefix", "regex"])
    return {"regex": source.choice(PATTERNS)} if kind == "regex" else {kind: source.choice(PATHS[:-1])}


def _value(source: random.Random, name: str) -> JSON:
    return {"regex": COOKIE} if name == "cookie" else source.choice(VALUES)


def _caller_match(source: random.Random) -> JSON:
    match: JSON = {"name": "m"} if maybe(source, 0.05) else {}
    if maybe(source, 0.08):
        match["port"] = source.choice([9080, 80, 8080])
    if maybe(source, 0.08):
        match["sourceLabels"] = {"app": source.choice(["web", "productpage"])}
    if maybe(source, 0.06):
        match["sourceNamespace"] = source.choice(["demo", "shop"])
    if maybe(source, 0.06):
        match["gateways"] = source.choice([["mesh"], ["gray"], ["demo/gray", "mesh"]])
    return match


def http_routes(source: random.Random, edge: bool) -> list[JSON]:
    """One or two, for the mesh or a gateway."""
    return [_http_route(source, number, edge) for number in range(source.choice([1, 1, 2]))]


def _http_route(source: random.Random, number: int, edge: bool) -> JSON:
    if edge:
        spec: JSON = {"parentRefs": [{"kind": "Gateway", "name": "gray", "namespace": "demo"}]}
        if maybe(source, 0.7):
            spec["hostnames"] = source.sample(["bookinfo.example.com", "*.example.com", "other.org"], 1)
    else:
        parent: JSON = {"group": "", "kind": "Service", "name": "reviews"}
        spec = {"parentRefs": [parent | ({"port": 9080} if maybe(source, 0.5) else {})]}
    spec["rules"] = [_http_rule(source) for _ in range(source.randint(1, 3))]
    namespace = source.choice([*(["demo"] * 6), "shop"]) if edge else "demo"
    return named(source, "HTTPRoute", API, f"route-{number}", namespace, spec)


def _http_rule(source: random.Random) -> JSON:
    rule: JSON = {"matches": [_http_match(source) for _ in range(source.choice([1, 1, 2]))]}
    if maybe(source, 0.1):
        replaced = {"type": "ReplacePrefixMatch", "replacePrefixMatch": source.choice(["/", "/new"])}
        rule["filters"] = [{"type": "URLRewrite", "urlRewrite": {"path": replaced}}]
        rule["matches"] = [{"path": {"type": "PathPrefix", "value": "/api"}}]
    elif maybe(source, 0.1):
        backend = {"name": "reviews-v3", "port": 9080, "kind": "Service"}
        rule["filters"] = [{"type": "RequestMirror", "requestMirror": {"backendRef": backend, "percent": 30}}]
    elif maybe(source, 0.08):
        target = {"hostname": "n.example.com", "statusCode": 302}
        rule["filters"] = [{"type": "RequestRedirect", "requestRedirect": target}]
    names = source.sample(["reviews-v1", "reviews-v2", "reviews", "nobody"], source.choice([0, 1, 1, 2]))
    rule["backendRefs"] = [
        {"name": name, "port": 9080, "kind": "Service", "weight": source.choice([1, 1, 0, 9])}
        for name in names
    ]
    if maybe(source, 0.08):
        far = {"name": "web", "namespace": "shop", "port": 80, "kind": "Service", "weight": 2}
        rule["backendRefs"].append(far)
    return rule


def _http_match(source: random.Random) -> JSON:
    kind = source.choice(["Exact", "PathPrefix", "PathPrefix", "RegularExpression"])
    value = source.choice(PATTERNS[:2] if kind == "RegularExpression" else ("/", "/api", "/a/b"))
    match: JSON = {"path": {"type": kind, "value": value}}
    if maybe(source, 0.3):
        match["headers"] = [{"name": "x-user", "value": "jason", "type": "Exact"}]
    if maybe(source, 0.15):
        match["queryParams"] = [{"name": "v", "value": "2", "type": "Exact"}]
    if maybe(source, 0.2):
        match["method"] = source.choice(["GET", "POST"])
    return match
