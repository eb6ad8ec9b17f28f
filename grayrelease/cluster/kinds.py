"""The kinds of object that we speak about, and where an API server keeps them."""

from __future__ import annotations

from dataclasses import dataclass

from grayrelease.cluster.interface import Refused
from grayrelease.domain.plan import Manifest


@dataclass(frozen=True)
class Kind:
    """Group (empty for the core), version, plural name as in a path, and whether it is namespaced.

    `name` is what manifests call it; of two kinds that they call the same, the second one's has its group
    behind it, as `kubectl` takes it.
    """

    name: str
    group: str
    version: str
    plural: str
    namespaced: bool = True

    @property
    def kind(self) -> str:
        """Return what manifests call it."""
        return self.name.partition(".")[0]

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def resource(self) -> str:
        """The name that the API server uses in its messages: `deployments.apps`."""
        return f"{self.plural}.{self.group}" if self.group else self.plural


ISTIO = "networking.istio.io"
GATEWAY_API = "gateway.networking.k8s.io"
API_GATEWAY = f"Gateway.{GATEWAY_API}"
"""The Gateway API's Gateway; `Gateway` is Istio's."""

# A fixed table, not discovery: no call before the first one, nothing cached in a file that may be
# stale or read by others, and no difference between two API servers that name a kind twice.
KINDS = {
    kind.name: kind
    for kind in (
        Kind("Namespace", "", "v1", "namespaces", namespaced=False),
        Kind("Pod", "", "v1", "pods"),
        Kind("Service", "", "v1", "services"),
        Kind("ServiceAccount", "", "v1", "serviceaccounts"),
        Kind("ConfigMap", "", "v1", "configmaps"),
        Kind("Secret", "", "v1", "secrets"),
        Kind("Event", "", "v1", "events"),
        Kind("Deployment", "apps", "v1", "deployments"),
        Kind("ReplicaSet", "apps", "v1", "replicasets"),
        Kind("StatefulSet", "apps", "v1", "statefulsets"),
        Kind("DaemonSet", "apps", "v1", "daemonsets"),
        Kind("HorizontalPodAutoscaler", "autoscaling", "v2", "horizontalpodautoscalers"),
        Kind("EndpointSlice", "discovery.k8s.io", "v1", "endpointslices"),
        Kind("Ingress", "networking.k8s.io", "v1", "ingresses"),
        Kind("VirtualService", ISTIO, "v1", "virtualservices"),
        Kind("DestinationRule", ISTIO, "v1", "destinationrules"),
        Kind("Gateway", ISTIO, "v1", "gateways"),
        Kind("ServiceEntry", ISTIO, "v1", "serviceentries"),
        Kind("Sidecar", ISTIO, "v1", "sidecars"),
        Kind(API_GATEWAY, GATEWAY_API, "v1", "gateways"),
        Kind("ReferenceGrant", GATEWAY_API, "v1beta1", "referencegrants"),
        Kind("HTTPRoute", GATEWAY_API, "v1", "httproutes"),
        Kind("GRPCRoute", GATEWAY_API, "v1", "grpcroutes"),
        Kind("TCPRoute", GATEWAY_API, "v1alpha2", "tcproutes"),
        Kind("TLSRoute", GATEWAY_API, "v1alpha2", "tlsroutes"),
        Kind("ServiceExport", "multicluster.x-k8s.io", "v1alpha1", "serviceexports"),
        Kind("Strategy", "servicemesh.kubesphere.io", "v1alpha2", "strategies"),
    )
}


def kind_of(name: str) -> Kind:
    """Find a kind by its name, or raise `Refused`."""
    if (kind := KINDS.get(name)) is None:
        raise Refused(f"{name or 'an object without a kind'} is not a kind that is used here")
    return kind


def kind_of_manifest(manifest: Manifest) -> Kind:
    """Find the kind of an object, or raise `Refused`. The group tells only those apart that share a name."""
    name, group = str(manifest.get("kind", "")), str(manifest.get("apiVersion", "")).partition("/")[0]
    return KINDS.get(f"{name}.{group}") or kind_of(name)
