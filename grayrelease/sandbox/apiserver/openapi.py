"""OpenAPI: what kubectl looks up before it applies, explains or converts."""

from __future__ import annotations

import json
from typing import Any

from aiohttp import web

from grayrelease.sandbox.apiserver import errors, schema
from grayrelease.sandbox.apiserver.catalogue import Catalogue
from grayrelease.sandbox.apiserver.objects import Object
from grayrelease.sandbox.apiserver.resources import Resource

INFO = {"title": "Kubernetes", "version": "sandbox"}
PARAMETERS = ("dryRun", "fieldManager", "fieldValidation", "force")


def document(path: str, catalogue: Catalogue) -> web.Response:
    """Answer a path below /openapi."""
    if path == "/openapi/v3":
        return _text(_index(catalogue), "text/plain")
    if path == "/openapi/v2":
        return _text(_version_2(), "application/json")
    parts = path.removeprefix("/openapi/v3/").split("/")
    group, version = (
        ("", parts[1]) if parts[0] == "api" and len(parts) == 2 else ("/".join(parts[1:-1]), parts[-1])
    )
    if not catalogue.serves(group, version):
        raise errors.page_not_found()
    return _text(_group(catalogue, group, version), "application/json")


def _text(value: Any, content_type: str) -> web.Response:
    return web.Response(text=json.dumps(value, separators=(",", ":")), content_type=content_type)


def _prefix(group: str, version: str) -> str:
    return f"apis/{group}/{version}" if group else f"api/{version}"


def _index(catalogue: Catalogue) -> Object:
    names = [
        _prefix(group, version) for group, versions in catalogue.groups().items() for version in versions
    ]
    return {"paths": {name: {"serverRelativeURL": f"/openapi/v3/{name}"} for name in names}}


def _group(catalogue: Catalogue, group: str, version: str) -> Object:
    served = [each for each in catalogue.resources() if each.group == group and version in each.versions]
    paths: Object = {}
    schemas: Object = {}
    for resource in served:
        paths |= _paths(resource, version)
        if resource.custom:
            schemas[_name(resource, version)] = _custom_schema(resource, version)
    if any(not resource.custom for resource in served) or not served:
        schemas |= schema.document()["components"]["schemas"]
    return {"openapi": "3.0.0", "info": INFO, "paths": paths, "components": {"schemas": schemas}}


def _name(resource: Resource, version: str) -> str:
    """The name of a custom type's schema: its group backwards, `io.istio.networking.v1.VirtualService`."""
    return ".".join([*reversed(resource.group.split(".")), version, resource.kind])


def _gvk(resource: Resource, version: str) -> Object:
    return {"group": resource.group, "version": version, "kind": resource.kind}


def _custom_schema(resource: Resource, version: str) -> Object:
    declared = (resource.definition_version(version).get("schema") or {}).get("openAPIV3Schema") or {}
    return {**declared, "type": "object", "x-kubernetes-group-version-kind": [_gvk(resource, version)]}


def _paths(resource: Resource, version: str) -> Object:
    space = "/namespaces/{namespace}" if resource.namespaced else ""
    base = f"/{_prefix(resource.group, version)}{space}/{resource.plural}"
    parameters = [{"name": name, "in": "query", "schema": {"type": "string"}} for name in PARAMETERS]

    def operation(action: str) -> Object:
        return {
            "x-kubernetes-action": action,
            "x-kubernetes-group-version-kind": _gvk(resource, version),
            "parameters": parameters,
        }

    return {
        base: {"get": operation("list"), "post": operation("post")},
        f"{base}/{{name}}": {
            "get": operation("get"),
            "put": operation("put"),
            "patch": operation("patch"),
            "delete": operation("delete"),
        },
    }


def _version_2() -> Object:
    text = json.dumps(schema.document()["components"]["schemas"])
    definitions = json.loads(text.replace("#/components/schemas/", "#/definitions/"))
    return {"swagger": "2.0", "info": INFO, "paths": {}, "definitions": definitions}
