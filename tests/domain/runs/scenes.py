"""Where stories begin: routes of every kind that users have, and releases with strategies of every kind."""

from __future__ import annotations

from grayrelease.cluster.memory import Memory as Cluster
from grayrelease.domain.plan import ALL, NOBODY, Candidate, Elsewhere, Exposure, Manifest, Mirror, Plan, Step
from grayrelease.domain.state import Key
from tests.domain.manifests import deployment, plan, service
from tests.domain.pair import START, planned
from tests.domain.runs.course import Course
from tests.domain.test_pair import TESTERS, USERS, istio_object, to

FQDN = "reviews.demo.svc.cluster.local"
VS, DR = "VirtualService", "DestinationRule"
SPLIT = {
    "host": "reviews",
    "trafficPolicy": {"loadBalancer": {"simple": "LEAST_REQUEST"}},
    "subsets": [{"name": "stable", "labels": {"version": "v1"}}],
}
RULES = {
    "hosts": ["reviews"],
    "http": [
        {
            "match": [{"uri": {"prefix": "/top"}}],
            "rewrite": {"uri": "/"},
            "route": [to("reviews")],
            "retries": {"attempts": 2, "perTryTimeout": "1s"},
        },
        {"match": [{"uri": {"prefix": "/legacy"}}], "route": [to("legacy")]},
        {"route": [to("reviews")], "timeout": "3s"},
    ],
}
EDGE = {
    "hosts": ["reviews.example.com"],
    "gateways": ["demo/edge"],
    "http": [{"route": [to(FQDN)], "timeout": "3s"}],
}
ROOT = {
    "hosts": ["shop.example.com"],
    "gateways": ["demo/edge"],
    "http": [{"match": [{"uri": {"prefix": "/reviews"}}], "delegate": {"name": "part", "namespace": "demo"}}],
}
PART = {"http": [{"match": [{"uri": {"prefix": "/reviews/top"}}], "timeout": "1s", "route": [to("reviews")]}]}
GATEWAY = {
    "selector": {"istio": "ingressgateway"},
    "servers": [{"port": {"number": 80, "name": "http", "protocol": "HTTP"}, "hosts": ["*"]}],
}
WILDCARD = {"hosts": ["*.demo.svc.cluster.local"], "http": [{"route": [to(FQDN)], "timeout": "9s"}]}
MTLS = {"host": "*.demo.svc.cluster.local", "trafficPolicy": {"tls": {"mode": "ISTIO_MUTUAL"}}}

SCENES: dict[str, tuple[Manifest, ...]] = {
    "none": (),
    "own": (istio_object(VS, "reviews", {"hosts": ["reviews"], "http": [{"route": [to("reviews")]}]}),),
    "several rules": (istio_object(VS, "rules", RULES),),
    "gateway": (istio_object(VS, "edge", EDGE), istio_object("Gateway", "edge", GATEWAY)),
    "delegate": (
        istio_object(VS, "shop", ROOT),
        istio_object(VS, "part", PART),
        istio_object("Gateway", "edge", GATEWAY),
    ),
    "rule": (istio_object(DR, "reviews", SPLIT),),
    "wildcard": (istio_object(VS, "all", WILDCARD), istio_object(DR, "all", MTLS)),
    "all at once": USERS,
}


def share(permille: int, *, sticky: bool = False) -> Exposure:
    return Exposure(share=permille, sticky=sticky)


STRATEGIES: dict[str, tuple[Exposure, ...]] = {
    "blue-green": (NOBODY, share(ALL)),
    "canary": (share(200), share(600)),
    "by request": (Exposure(share=ALL, audience=TESTERS), share(ALL)),
    "mirror": (Exposure(mirror=Mirror(share=500)), share(300)),
    "sticky": (share(200, sticky=True), share(500, sticky=True)),
    "mixed": (
        Exposure(share=300, audience=TESTERS, mirror=Mirror(get_only=True)),
        share(100),
        share(900),
    ),
}
TIMED = "by time"
ELSEWHERE = "elsewhere"
ALL_STRATEGIES = (*STRATEGIES, TIMED, ELSEWHERE)


def strategy(name: str, version: str) -> Plan:
    """Return a plan that brings a version this way."""
    if name == ELSEWHERE:
        target = Elsewhere(host="reviews.test.svc.cluster.local", port=9080)
        nobody = Candidate(version="", workload="", replicas=0, manifest={})
        copies = Step(exposure=Exposure(mirror=Mirror(to=target)))
        return plan().model_copy(update={"name": version, "candidate": nobody, "steps": (copies,)})
    if name == TIMED:
        steps = tuple(Step(exposure=share(s), gate="time", seconds=3) for s in (50, 500, 700))
        return planned(version).model_copy(update={"steps": steps})
    made = planned(version, *STRATEGIES[name])
    brought = made.candidate.model_copy(update={"replicas": 2, "manifest": deployment(version, 2)})
    return made.model_copy(update={"candidate": brought})


def begin(scene: str, first: str, second: str) -> Course:
    """Return a target in which v1 has run for a while, with two releases that may be started."""
    cluster = Cluster(now=lambda: START)
    known = {**service(), "apiVersion": "v1", "kind": "Service"}
    del known["metadata"]["uid"]
    objects = cluster.seed(known, deployment("v1", 2), *SCENES[scene])
    plans = {7: strategy(first, "v2"), 8: strategy(second, "v3")}
    course = Course(plans, cluster, uid=objects[0]["metadata"]["uid"])
    users = {Key(each["kind"], each["metadata"]["name"]): each for each in objects[2:]}
    course.users = {key: each for key, each in users.items() if key.kind in (VS, DR)}
    course.let_pods_run()
    course.tick(60)
    course.tick(60)
    return course
