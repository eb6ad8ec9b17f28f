"""Where requests for the Service come from, past the proxies that are to split them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from grayrelease.domain import named
from grayrelease.domain.marks import labels, name, notes
from grayrelease.domain.plan import Manifest
from grayrelease.domain.preflight.scene import Scene, title
from grayrelease.domain.preflight.services import Facts

SOURCE_CLUSTER = "multicluster.kubernetes.io/source-cluster"
GOVERNED = "servicemesh.kubesphere.io/enabled"
ROOT = "istio-system"
SHOWN = 3


def no_mesh(scene: Scene) -> Iterator[Facts]:
    if not {"VirtualService", "DestinationRule"} <= scene.served:
        yield {"service": scene.name}


def governed(scene: Scene) -> Iterator[Facts]:
    """KubeSphere's own controllers write the routes of such a Service, and write over ours."""
    if "Strategy" in scene.served and notes(scene.service or {}).get(GOVERNED) == "true":
        yield {"service": scene.name, "note": GOVERNED}


def entrances(scene: Scene) -> Iterator[Facts]:
    """An Ingress' and the Gateway API's routes don't obey ours, or beat them."""
    service = scene.called
    for route in scene.other_routes:
        if host := named.host_in_http_route(route, service):
            yield {"object": title(route, scene.namespace), "host": host}
    for ingress in scene.ingresses:
        if host := named.host_in_ingress(ingress, service):
            yield {"object": title(ingress, scene.namespace), "host": host}


def in_other_clusters(scene: Scene) -> Iterator[Facts]:
    """Endpoints that come from another cluster, or are lent to one: their versions can't be counted."""
    for found in scene.own_slices():
        if cluster := labels(found).get(SOURCE_CLUSTER):
            yield {"service": scene.name, "object": f"{title(found, scene.namespace)} ({cluster})"}
    for export in scene.exports:
        if name(export) == scene.name:
            yield {"service": scene.name, "object": title(export, scene.namespace)}


def other_endpoints(scene: Scene) -> Iterator[Facts]:
    """Addresses that no pod of this namespace has: no version, so no subset would reach them."""
    for found in scene.own_slices():
        for endpoint in found.get("endpoints") or []:
            if SOURCE_CLUSTER not in labels(found) and not _of_pod(endpoint, scene.namespace):
                addresses = endpoint.get("addresses") or [""]
                yield {"service": scene.name, "address": str(addresses[0])}
                return


def _of_pod(endpoint: dict[str, Any], namespace: str) -> bool:
    target = endpoint.get("targetRef") or {}
    return target.get("kind") == "Pod" and target.get("namespace", namespace) == namespace


def entries(scene: Scene) -> Iterator[Facts]:
    """A ServiceEntry under the Service's own name adds endpoints to it."""
    full = f"{scene.name}.{scene.namespace}.svc.{named.CLUSTER_DOMAIN}"
    for entry in scene.service_entries:
        if full in [str(host).lower().rstrip(".") for host in _spec(entry).get("hosts") or []]:
            yield {"object": title(entry, scene.namespace), "host": full}


def open_to_clusters(scene: Scene) -> Iterator[Facts]:
    """A Gateway that passes other clusters' callers through: their own cluster's routes split, not these."""
    service = scene.called
    for gateway in scene.gateways:
        for server in _spec(gateway).get("servers") or []:
            passes = (server.get("tls") or {}).get("mode") == "AUTO_PASSTHROUGH"
            if passes and any(_opens(str(host), service) for host in server.get("hosts") or []):
                yield {"object": title(gateway, scene.namespace), "service": scene.name}
                return


def _opens(host: str, service: named.Name) -> bool:
    space, slash, rest = host.rpartition("/")
    return (not slash or space in ("*", service.namespace)) and service.is_called(rest, service.namespace)


def hidden_by_sidecars(scene: Scene) -> Iterator[Facts]:
    """Callers whose Sidecar resource leaves the Service out send past every route, if they send."""
    blind = [found for found in scene.sidecars if not _sees(found, scene)]
    here = [found for found in blind if _namespace(found) in (scene.namespace, ROOT)]
    others = [found for found in blind if found not in here]
    for objects in ([each] for each in here):
        yield {"object": _titles(objects, scene), "service": scene.name}
    if others:
        yield {"object": _titles(others, scene), "service": scene.name}


def _titles(objects: Sequence[Manifest], scene: Scene) -> str:
    titles = sorted(title(each, scene.namespace) for each in objects)
    return ", ".join(titles[:SHOWN]) + (" …" if len(titles) > SHOWN else "")


def _sees(sidecar: Manifest, scene: Scene) -> bool:
    egress = _spec(sidecar).get("egress")
    if not egress:
        return True
    hosts = [str(host) for listener in egress for host in listener.get("hosts") or []]
    return any(_imports(host, _namespace(sidecar), scene) for host in hosts)


def _imports(host: str, at: str, scene: Scene) -> bool:
    space, _, rest = host.rpartition("/")
    spaces = {"*": scene.namespace, ".": at, "": at}
    service = scene.called
    return spaces.get(space, space) == scene.namespace and service.is_called(rest, scene.namespace)


def unseen_elsewhere(scene: Scene) -> Iterator[Facts]:
    if scene.unseen_elsewhere:
        yield {"kinds": ", ".join(scene.unseen_elsewhere), "role": "grayrelease-routes"}


def unseen_here(scene: Scene) -> Iterator[Facts]:
    if scene.unseen_here:
        yield {"kinds": ", ".join(scene.unseen_here), "role": "grayrelease-project"}


def _spec(manifest: Manifest) -> dict[str, Any]:
    return manifest.get("spec") or {}


def _namespace(manifest: Manifest) -> str:
    return str(manifest["metadata"].get("namespace", ""))
