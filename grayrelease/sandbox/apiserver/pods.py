"""Subresources that are deeds of their own: finalize a namespace, evict or bind a pod, ask for a token."""

from __future__ import annotations

import secrets

from aiohttp import web

from grayrelease.sandbox.apiserver import decoding, deletion, errors, patching
from grayrelease.sandbox.apiserver.builtin import NAMESPACES, PODS
from grayrelease.sandbox.apiserver.deletion import DeleteOptions
from grayrelease.sandbox.apiserver.objects import Object, copied, now_text
from grayrelease.sandbox.apiserver.place import Place
from grayrelease.sandbox.apiserver.writes import CREATED, OK, Answer, Writer

TOKEN_S = 3600
NOT_HERE = "{} is not available in the sandbox"


def is_token_request(place: Place) -> bool:
    return place.kind == "ServiceAccount" and place.subresource == "token"


async def special(request: web.BaseRequest, writer: Writer, place: Place) -> Answer | None:
    """Do what a subresource stands for; None if it does not know the method."""
    method, name = request.method, place.subresource
    if place.resource is NAMESPACES and (method, name) == ("PUT", "finalize"):
        return _finalize(writer, place, await request.read())
    if is_token_request(place) and method == "POST":
        return _token(writer.found(place), await request.read())
    if place.resource is PODS and (method, name) == ("POST", "eviction"):
        return _evict(writer, place)
    if place.resource is PODS and (method, name) == ("POST", "binding"):
        return _bind(writer, place, await request.read())
    if name in ("attach", "exec", "portforward", "proxy", "ephemeralcontainers", "resize"):
        writer.found(place)
        raise errors.error(501, NOT_HERE.format(name), "NotImplemented")
    return None


def _finalize(writer: Writer, place: Place, text: bytes) -> Answer:
    """Take the finalizers of a namespace's spec from the body; the last one gone, the namespace goes."""
    live = writer.found(place)
    body, _ = decoding.parse_json(text)
    patching.check_version(place, live, body.get("metadata", {}).get("resourceVersion"))
    finalizers = (body.get("spec") or {}).get("finalizers") or []
    spec = {key: part for key, part in live["spec"].items() if key != "finalizers"}
    new = {**live, "spec": {**spec, "finalizers": finalizers} if finalizers else spec}
    metadata = live["metadata"]
    if finalizers or "deletionTimestamp" not in metadata or metadata.get("finalizers"):
        return Answer(OK, writer.store.put(place.resource.name, new))
    writer.store.remove(place.resource.name, live)
    return Answer(OK, new)


def _evict(writer: Writer, place: Place) -> Answer:
    deletion.delete(writer, place, DeleteOptions())
    return Answer(
        CREATED, {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}
    )


def _bind(writer: Writer, place: Place, text: bytes) -> Answer:
    """Put a pod on a node, as a scheduler does."""
    pod = writer.found(place)
    body, _ = decoding.parse_json(text)
    node = (body.get("target") or {}).get("name")
    if not node:
        raise errors.bad_request("target.name: Required value")
    if pod["spec"].get("nodeName"):
        raise place.conflict(f'pod {place.name} is already assigned to node "{pod["spec"]["nodeName"]}"')
    writer.store.put(place.resource.name, {**copied(pod), "spec": {**pod["spec"], "nodeName": node}})
    return Answer(
        CREATED, {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}
    )


def _token(account: Object, text: bytes) -> Answer:
    """A token for a service account, which nothing accepts: only the server's own token opens it."""
    body, _ = decoding.parse_json(text)
    spec = body.get("spec") or {}
    seconds = spec.get("expirationSeconds", TOKEN_S)
    expires = now_text(later_s=seconds)
    kept = ("name", "namespace", "uid", "creationTimestamp")
    item = {
        "kind": "TokenRequest",
        "apiVersion": "authentication.k8s.io/v1",
        "metadata": {key: account["metadata"][key] for key in kept},
        "spec": {
            "audiences": spec.get("audiences", []),
            "expirationSeconds": seconds,
            "boundObjectRef": None,
        },
        "status": {"token": secrets.token_urlsafe(32), "expirationTimestamp": expires},
    }
    return Answer(CREATED, item)
