"""A Service, its Deployments and a plan, as tests of the domain use them."""

from __future__ import annotations

from grayrelease.domain.plan import Candidate, Exposure, Manifest, Plan, Stable, Step, Subject
from grayrelease.domain.state import Key

US = "0b6f5f3e-6a5e-4c39-9f7a-4d3f5b9a1c11"
ROUTES = Key("VirtualService", "reviews")
SUBSETS = Key("DestinationRule", "reviews")
V1 = Key("Deployment", "reviews-v1")
V2 = Key("Deployment", "reviews-v2")


def deployment(version: str, replicas: int = 1) -> Manifest:
    labels = {"app": "reviews", "version": version}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": f"reviews-{version}", "namespace": "demo", "labels": labels},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels, "annotations": {"sidecar.istio.io/inject": "true"}},
                "spec": {"containers": [{"name": "reviews", "image": f"istio/reviews:{version}"}]},
            },
        },
    }


def service(uid: str = "uid-reviews") -> Manifest:
    return {
        "metadata": {"name": "reviews", "namespace": "demo", "uid": uid},
        "spec": {
            "type": "ClusterIP",
            "clusterIP": "10.0.0.7",
            "selector": {"app": "reviews"},
            "ports": [{"name": "http-web", "port": 9080, "targetPort": 9080, "protocol": "TCP"}],
        },
    }


def plan(share: int = 200, replicas: int = 1) -> Plan:
    return Plan(
        mode="canary",
        name="reviews-v2",
        application="bookinfo",
        subject=Subject(namespace="demo", service="reviews", uid="uid-reviews", port=9080),
        stable=Stable(version="v1", workload="reviews-v1"),
        candidate=Candidate(
            version="v2", workload="reviews-v2", replicas=replicas, manifest=deployment("v2", replicas)
        ),
        steps=(Step(exposure=Exposure(share=share)),),
        base="0" * 64,
    )
