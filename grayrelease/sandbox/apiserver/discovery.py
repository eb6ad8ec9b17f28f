"""What is served: the documents that clients read first, plain and aggregated."""

from __future__ import annotations

import platform

from grayrelease.sandbox.apiserver.builtin import Review
from grayrelease.sandbox.apiserver.catalogue import Catalogue
from grayrelease.sandbox.apiserver.objects import Object
from grayrelease.sandbox.apiserver.resources import SUBRESOURCE_VERBS, Resource

MAJOR, MINOR = "1", "36"
CONNECT_VERBS = ("create", "get")
PROXY_VERBS = ("create", "delete", "get", "patch", "update")


def version() -> Object:
    """GET /version."""
    return {
        "major": MAJOR,
        "minor": MINOR,
        "gitVersion": f"v{MAJOR}.{MINOR}.0-sandbox",
        "gitCommit": "",
        "gitTreeState": "clean",
        "buildDate": "1970-01-01T00:00:00Z",
        "goVersion": "",
        "compiler": "",
        "platform": f"{platform.system().lower()}/{platform.machine()}",
    }


def api_versions() -> Object:
    """GET /api."""
    return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}


def group_list(catalogue: Catalogue) -> Object:
    """GET /apis."""
    groups = [_group(name, versions) for name, versions in catalogue.groups().items() if name]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}


def group(catalogue: Catalogue, name: str) -> Object | None:
    """GET /apis/GROUP; None if there is no such group."""
    versions = catalogue.groups().get(name) if name else None
    return {"kind": "APIGroup", "apiVersion": "v1", **_group(name, versions)} if versions else None


def _group(name: str, versions: list[str]) -> Object:
    listed = [{"groupVersion": f"{name}/{version}", "version": version} for version in versions]
    return {"name": name, "versions": listed, "preferredVersion": listed[0]}


def resource_list(catalogue: Catalogue, group: str, version: str) -> Object:
    """GET /apis/GROUP/VERSION, or /api/v1."""
    entries: list[Object] = []
    for resource in _served(catalogue, group, version):
        entries.append(_resource(resource))
        entries += [_subresource(resource, name) for name in resource.subresources]
    entries += [_review(each) for each in _reviews(catalogue, group, version)]
    named = f"{group}/{version}" if group else version
    document: Object = {"kind": "APIResourceList", "groupVersion": named, "resources": entries}
    return {**document, "apiVersion": "v1"} if group else document


def _served(catalogue: Catalogue, group: str, version: str) -> list[Resource]:
    return [each for each in catalogue.resources() if each.group == group and version in each.versions]


def _reviews(catalogue: Catalogue, group: str, version: str) -> list[Review]:
    return [each for each in catalogue.reviews() if (each.group, each.version) == (group, version)]


def _resource(resource: Resource) -> Object:
    entry: Object = {
        "name": resource.plural,
        "singularName": resource.singular,
        "namespaced": resource.namespaced,
        "kind": resource.kind,
        "verbs": list(resource.verbs),
    }
    if resource.short_names:
        entry["shortNames"] = list(resource.short_names)
    if resource.categories:
        entry["categories"] = list(resource.categories)
    return entry


def _review(review: Review) -> Object:
    return {
        "name": review.plural,
        "singularName": review.kind.lower(),
        "namespaced": review.namespaced,
        "kind": review.kind,
        "verbs": ["create"],
    }


FOREIGN_KINDS = {
    "attach": ("", "v1", "PodAttachOptions"),
    "binding": ("", "v1", "Binding"),
    "eviction": ("policy", "v1", "Eviction"),
    "exec": ("", "v1", "PodExecOptions"),
    "portforward": ("", "v1", "PodPortForwardOptions"),
    "scale": ("autoscaling", "v1", "Scale"),
}
"""Group, version and kind of subresources that are not of their resource's own kind."""

VERBS = {
    "attach": CONNECT_VERBS,
    "binding": ("create",),
    "eviction": ("create",),
    "exec": CONNECT_VERBS,
    "finalize": ("update",),
    "log": ("get",),
    "portforward": CONNECT_VERBS,
    "proxy": PROXY_VERBS,
}


def _foreign(resource: Resource, name: str) -> tuple[str, str, str] | None:
    if name == "proxy":
        return "", "v1", f"{resource.kind}ProxyOptions"
    return FOREIGN_KINDS.get(name)


def subresource_verbs(name: str) -> tuple[str, ...]:
    return VERBS.get(name, SUBRESOURCE_VERBS)


def _subresource(resource: Resource, name: str) -> Object:
    entry: Object = {
        "name": f"{resource.plural}/{name}",
        "singularName": "",
        "namespaced": resource.namespaced,
    }
    foreign = _foreign(resource, name)
    if foreign is not None and foreign[0]:
        entry |= {"group": foreign[0], "version": foreign[1]}
    return {**entry, "kind": foreign[2] if foreign else resource.kind, "verbs": list(subresource_verbs(name))}


def aggregated(catalogue: Catalogue, core: bool) -> Object:
    """All groups in one document: of /api if `core`, else of /apis."""
    items = []
    for name, versions in catalogue.groups().items():
        if (name == "") == core:
            metadata: Object = (
                {"name": name, "creationTimestamp": None} if name else {"creationTimestamp": None}
            )
            entries = [_aggregated_version(catalogue, name, version) for version in versions]
            items.append({"metadata": metadata, "versions": entries})
    return {
        "kind": "APIGroupDiscoveryList",
        "apiVersion": "apidiscovery.k8s.io/v2",
        "metadata": {},
        "items": items,
    }


def _aggregated_version(catalogue: Catalogue, group: str, version: str) -> Object:
    entries = [_aggregated(each, version) for each in _served(catalogue, group, version)]
    entries += [_aggregated_review(each) for each in _reviews(catalogue, group, version)]
    return {"version": version, "resources": entries, "freshness": "Current"}


def _aggregated(resource: Resource, version: str) -> Object:
    group, shown = (resource.group, version) if resource.custom else ("", "")
    own = {"group": group, "version": shown, "kind": resource.kind}
    entry: Object = {
        "resource": resource.plural,
        "responseKind": own,
        "scope": "Namespaced" if resource.namespaced else "Cluster",
        "singularResource": resource.singular,
        "verbs": list(resource.verbs),
    }
    if resource.short_names:
        entry["shortNames"] = list(resource.short_names)
    if resource.categories:
        entry["categories"] = list(resource.categories)
    if resource.subresources:
        entry["subresources"] = [_aggregated_part(resource, name, own) for name in resource.subresources]
    return entry


def _aggregated_part(resource: Resource, name: str, own: Object) -> Object:
    foreign, kind = _foreign(resource, name), own
    if foreign is not None:
        group, version = foreign[:2] if foreign[0] else ("", "")
        kind = {"group": group, "version": version, "kind": foreign[2]}
    return {"subresource": name, "responseKind": kind, "verbs": list(subresource_verbs(name))}


def _aggregated_review(review: Review) -> Object:
    return {
        "resource": review.plural,
        "responseKind": {"group": "", "version": "", "kind": review.kind},
        "scope": "Namespaced" if review.namespaced else "Cluster",
        "singularResource": review.kind.lower(),
        "verbs": ["create"],
    }
