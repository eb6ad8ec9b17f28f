"""The built-in types, as far as they are served."""

from __future__ import annotations

from dataclasses import dataclass

from grayrelease.sandbox.apiserver.resources import ALL_VERBS, Resource

NAMESPACES = Resource(
    "",
    ("v1",),
    "namespaces",
    "namespace",
    "Namespace",
    namespaced=False,
    short_names=("ns",),
    subresources=("finalize", "status"),
    verbs=tuple(verb for verb in ALL_VERBS if verb != "deletecollection"),
    answers_object=True,
    selectable=("status.phase",),
)
PODS = Resource(
    "",
    ("v1",),
    "pods",
    "pod",
    "Pod",
    short_names=("po",),
    categories=("all",),
    subresources=(
        "attach",
        "binding",
        "ephemeralcontainers",
        "eviction",
        "exec",
        "log",
        "portforward",
        "proxy",
        "resize",
        "status",
    ),
    generation=True,
    answers_object=True,
    selectable=(
        "spec.nodeName",
        "spec.restartPolicy",
        "spec.schedulerName",
        "spec.serviceAccountName",
        "status.phase",
        "status.podIP",
        "status.nominatedNodeName",
    ),
)
SERVICES = Resource(
    "",
    ("v1",),
    "services",
    "service",
    "Service",
    short_names=("svc",),
    categories=("all",),
    subresources=("proxy", "status"),
    answers_object=True,
    created_by_put=True,
    selectable=("spec.clusterIP", "spec.type"),
)
EVENT_FIELDS = (
    "involvedObject.kind",
    "involvedObject.namespace",
    "involvedObject.name",
    "involvedObject.uid",
    "involvedObject.apiVersion",
    "involvedObject.resourceVersion",
    "involvedObject.fieldPath",
    "reason",
    "reportingComponent",
    "source",
    "type",
)
CORE_EVENTS = Resource(
    "",
    ("v1",),
    "events",
    "event",
    "Event",
    short_names=("ev",),
    created_by_put=True,
    selectable=EVENT_FIELDS,
)
EVENTS = Resource(
    "events.k8s.io",
    ("v1",),
    "events",
    "event",
    "Event",
    short_names=("ev",),
    created_by_put=True,
    selectable=EVENT_FIELDS,
)
DEFINITIONS = Resource(
    "apiextensions.k8s.io",
    ("v1",),
    "customresourcedefinitions",
    "customresourcedefinition",
    "CustomResourceDefinition",
    namespaced=False,
    short_names=("crd", "crds"),
    categories=("api-extensions",),
    subresources=("status",),
    generation=True,
)
SCALABLE = ("scale", "status")

BUILTIN: tuple[Resource, ...] = (
    Resource("", ("v1",), "configmaps", "configmap", "ConfigMap", short_names=("cm",)),
    Resource("", ("v1",), "endpoints", "endpoints", "Endpoints", short_names=("ep",)),
    CORE_EVENTS,
    NAMESPACES,
    Resource(
        "",
        ("v1",),
        "nodes",
        "node",
        "Node",
        namespaced=False,
        short_names=("no",),
        subresources=("status",),
        selectable=("spec.unschedulable",),
    ),
    PODS,
    Resource("", ("v1",), "secrets", "secret", "Secret", selectable=("type",)),
    Resource(
        "",
        ("v1",),
        "serviceaccounts",
        "serviceaccount",
        "ServiceAccount",
        short_names=("sa",),
        answers_object=True,
    ),
    SERVICES,
    Resource(
        "apps",
        ("v1",),
        "deployments",
        "deployment",
        "Deployment",
        short_names=("deploy",),
        categories=("all",),
        subresources=SCALABLE,
        generation=True,
    ),
    Resource(
        "apps",
        ("v1",),
        "replicasets",
        "replicaset",
        "ReplicaSet",
        short_names=("rs",),
        categories=("all",),
        subresources=SCALABLE,
        generation=True,
        selectable=("status.replicas",),
    ),
    EVENTS,
    Resource(
        "autoscaling",
        ("v2",),
        "horizontalpodautoscalers",
        "horizontalpodautoscaler",
        "HorizontalPodAutoscaler",
        short_names=("hpa",),
        categories=("all",),
        subresources=("status",),
    ),
    DEFINITIONS,
    Resource("coordination.k8s.io", ("v1",), "leases", "lease", "Lease", created_by_put=True),
    Resource(
        "discovery.k8s.io", ("v1",), "endpointslices", "endpointslice", "EndpointSlice", generation=True
    ),
    Resource(
        "networking.k8s.io",
        ("v1",),
        "ingresses",
        "ingress",
        "Ingress",
        short_names=("ing",),
        subresources=("status",),
        generation=True,
    ),
)


@dataclass(frozen=True)
class Review:
    """A question that is answered and not stored."""

    group: str
    plural: str
    kind: str
    version: str = "v1"
    namespaced: bool = False


REVIEWS: tuple[Review, ...] = (
    Review("authentication.k8s.io", "selfsubjectreviews", "SelfSubjectReview"),
    Review("authorization.k8s.io", "localsubjectaccessreviews", "LocalSubjectAccessReview", namespaced=True),
    Review("authorization.k8s.io", "selfsubjectaccessreviews", "SelfSubjectAccessReview"),
    Review("authorization.k8s.io", "selfsubjectrulesreviews", "SelfSubjectRulesReview"),
    Review("authorization.k8s.io", "subjectaccessreviews", "SubjectAccessReview"),
)
