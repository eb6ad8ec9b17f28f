"""HTTP: one door for all requests; finds the deed and answers in one write."""

from __future__ import annotations

import base64
import hmac
import json
from typing import Any

import aiohttp
from aiohttp import web

from grayrelease.sandbox.apiserver import (
    collections,
    decoding,
    deletion,
    discovery,
    errors,
    forms,
    logs,
    openapi,
    patching,
    pods,
    query,
    reads,
    reviews,
    scaling,
)
from grayrelease.sandbox.apiserver.catalogue import Catalogue
from grayrelease.sandbox.apiserver.faults import Breaking
from grayrelease.sandbox.apiserver.place import Place
from grayrelease.sandbox.apiserver.query import Target, WriteOptions
from grayrelease.sandbox.apiserver.watching import Watch
from grayrelease.sandbox.apiserver.writes import Answer, Writer

PROBES = ("/healthz", "/readyz", "/livez")
JSON_TYPES = ("application/json", "")
OPTIONS_KINDS = {"POST": "CreateOptions", "PUT": "UpdateOptions", "PATCH": "PatchOptions"}


def encoded(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"


def answer(value: Any, code: int = 200, warnings: list[str] | tuple[str, ...] = ()) -> web.Response:
    """A JSON answer with its warnings."""
    response = web.Response(status=code, body=encoded(value), content_type="application/json")
    for text in warnings:
        quoted = text.replace("\\", "\\\\").replace('"', '\\"')
        response.headers.add("Warning", f'299 - "{quoted}"')
    return response


def _shown_token(header: str) -> str:
    """The token of an Authorization header, bearer or password: kubectl sends no bearer over plain HTTP."""
    kind, _, value = header.partition(" ")
    if kind.lower() == "bearer":
        return value.strip()
    if kind.lower() != "basic":
        return ""
    try:
        return base64.b64decode(value, validate=True).decode().partition(":")[2]
    except ValueError:
        return ""


class Door:
    """Answers every request to a writer's store, of whoever has the token."""

    def __init__(
        self,
        writer: Writer,
        catalogue: Catalogue,
        session: aiohttp.ClientSession,
        token: str,
        breaking: Breaking,
    ) -> None:
        self._store = writer.store
        self._catalogue = catalogue
        self._writer = writer
        self._session = session
        self._token = token
        self._breaking = breaking

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        try:
            if self._breaking.faults and (instead := await self._breaking.before(request)) is not None:
                return instead
            return await self._answered(request)
        except errors.ApiError as problem:
            if isinstance(problem.body, str):
                return web.Response(status=problem.code, text=problem.body)
            return answer(problem.body, problem.code, problem.warnings)

    async def _answered(self, request: web.BaseRequest) -> web.StreamResponse:
        path = request.path
        if path in PROBES:
            return web.Response(text="ok")
        self._admit(request)
        if (document := self._document(request, path.rstrip("/"))) is not None:
            return document
        target = query.target(path)
        if target is None:
            raise errors.page_not_found()
        return await self._at(request, target)

    def _admit(self, request: web.BaseRequest) -> None:
        """Refuse whoever does not show the token (401)."""
        shown = _shown_token(request.headers.get("Authorization", ""))
        if not hmac.compare_digest(shown.encode(), self._token.encode()):
            raise errors.error(401, "Unauthorized", "Unauthorized")

    def _document(self, request: web.BaseRequest, path: str) -> web.Response | None:
        """Discovery and schemas; None for paths of objects."""
        accept = request.headers.get("Accept", "")
        if path == "/version":
            return answer(discovery.version())
        if path in ("/api", "/apis"):
            return self._root(path, accept)
        if path.startswith("/openapi/"):
            return openapi.document(path, self._catalogue)
        parts = path.strip("/").split("/")
        if parts[0] == "apis" and len(parts) == 2:
            if (group := discovery.group(self._catalogue, parts[1])) is None:
                raise errors.page_not_found()
            return answer(group)
        if (parts[0], len(parts)) in (("api", 2), ("apis", 3)):
            return self._resources("" if parts[0] == "api" else parts[1], parts[-1])
        return None

    def _root(self, path: str, accept: str) -> web.Response:
        forms.wanted(accept, discovery=True)
        if forms.wants_aggregated_discovery(accept):
            found = discovery.aggregated(self._catalogue, core=path == "/api")
            return web.Response(body=encoded(found), headers={"content-type": forms.DISCOVERY})
        return answer(discovery.api_versions() if path == "/api" else discovery.group_list(self._catalogue))

    def _resources(self, group: str, version: str) -> web.Response:
        self._check_served(group, version)
        return answer(discovery.resource_list(self._catalogue, group, version))

    def _check_served(self, group: str, version: str) -> None:
        groups = self._catalogue.groups()
        if group not in groups:
            raise errors.page_not_found()
        if version not in groups[group]:
            raise errors.unknown_resource()

    async def _at(self, request: web.BaseRequest, target: Target) -> web.StreamResponse:
        review = self._catalogue.review(target.group, target.version, target.plural)
        if review is not None:
            if request.method != "POST":
                raise errors.method_not_allowed()
            return answer(reviews.answer(review, target.namespace, await self._json(request)), 201)
        resource = self._catalogue.find(target.group, target.version, target.plural)
        if resource is None:
            self._check_served(target.group, target.version)
            raise errors.unknown_resource()
        if target.namespace and not resource.namespaced:
            raise errors.unknown_resource()
        place = Place(resource, target.version, target.namespace, target.name, target.subresource)
        if place.subresource:
            return await self._subresource(request, place)
        if place.name and not target.watch:
            return await self._object(request, place)
        return await self._collection(request, place, target)

    async def _object(self, request: web.BaseRequest, place: Place) -> web.StreamResponse:
        match request.method:
            case "GET":
                form = self._form(request)
                return answer(forms.one(await reads.get(self._store, place, request.query), place, form))
            case "PUT":
                return self._done(
                    request,
                    place,
                    patching.replace(self._writer, place, await self._json(request), self._options(request)),
                )
            case "PATCH":
                text, options = await request.read(), self._options(request)
                done = patching.patch(self._writer, place, request.content_type, text, options)
                return self._done(request, place, done)
            case "DELETE":
                wishes = deletion.read_options(request.query, await request.read())
                return self._done(request, place, deletion.delete(self._writer, place, wishes))
        raise errors.method_not_allowed()

    async def _collection(self, request: web.BaseRequest, place: Place, target: Target) -> web.StreamResponse:
        if request.method == "GET":
            if target.watch or request.query.get("watch") in query.TRUE:
                return await self._watch(request, place)
            form = self._form(request)
            was = self._breaking.listed_version(request) if self._breaking.faults else 0
            return answer(forms.many(await reads.listed(self._store, place, request.query, was), place, form))
        whole = place.resource.namespaced and not place.namespace
        if request.method == "POST" and not whole:
            done = patching.create(self._writer, place, await self._json(request), self._options(request))
            return self._done(request, place, done)
        if request.method == "DELETE" and "deletecollection" in place.resource.verbs and not whole:
            options = deletion.read_options(request.query, await request.read())
            return answer(await collections.delete(self._writer, place, request.query, options))
        raise errors.method_not_allowed()

    async def _subresource(self, request: web.BaseRequest, place: Place) -> web.StreamResponse:
        name = place.subresource
        if name not in place.resource.subresources and not pods.is_token_request(place):
            raise errors.unknown_resource()
        if name == "status" and request.method in discovery_methods("status"):
            return await self._object(request, place)
        if name == "scale" and request.method in discovery_methods("scale"):
            return await self._scale(request, place)
        if name == "log" and request.method == "GET":
            return await logs.stream(request, self._store, place, self._session)
        if (done := await pods.special(request, self._writer, place)) is not None:
            return self._done(request, place, done)
        raise errors.method_not_allowed()

    async def _scale(self, request: web.BaseRequest, place: Place) -> web.Response:
        if request.method == "GET":
            return answer(scaling.get(self._writer, place))
        text, options = await request.read(), self._options(request)
        if request.method == "PUT":
            done = scaling.replace(self._writer, place, text, options)
        else:
            done = scaling.patch(self._writer, place, request.content_type, text, options)
        return answer(done.item, done.code, done.warnings)

    async def _json(self, request: web.BaseRequest) -> bytes:
        """The body of a write whose content must be JSON; no Content-Type means JSON."""
        if request.headers.get("Content-Type") and request.content_type not in (
            "application/json",
            "application/yaml",
        ):
            accepted = (
                "application/json, application/yaml, application/vnd.kubernetes.protobuf, application/cbor"
            )
            raise errors.unsupported_media_type(accepted)
        text = await request.read()
        return encoded(decoding.parse_yaml(text)) if request.content_type == "application/yaml" else text

    def _options(self, request: web.BaseRequest) -> WriteOptions:
        return query.write_options(
            request.query, request.headers.get("User-Agent", ""), OPTIONS_KINDS[request.method]
        )

    def _form(self, request: web.BaseRequest) -> forms.Form:
        return forms.wanted(request.headers.get("Accept", ""), request.query.get("includeObject", ""))

    def _done(self, request: web.BaseRequest, place: Place, done: Answer) -> web.Response:
        """The answer to a write, in the form asked for."""
        shown = done.item
        if done.item.get("kind") == place.kind:
            shown = forms.one(done.item, place, self._form(request))
        return answer(shown, done.code, done.warnings)

    async def _watch(self, request: web.BaseRequest, place: Place) -> web.StreamResponse:
        form = self._form(request)
        watch = Watch(self._store, place, request.query)
        response = web.StreamResponse(headers={"content-type": "application/json"})
        response.enable_chunked_encoding()
        try:
            await response.prepare(request)
            first = True
            with self._breaking.watching(request):
                async for kind, item in watch.events():
                    await response.write(encoded(forms.event(kind, item, place, form, first)))
                    first = False
            await response.write_eof()
        except (ConnectionError, aiohttp.ClientConnectionError):
            pass
        finally:
            watch.close()
        return response


def discovery_methods(name: str) -> set[str]:
    """The HTTP methods of a subresource's verbs."""
    methods = {"get": "GET", "patch": "PATCH", "update": "PUT", "create": "POST", "delete": "DELETE"}
    return {methods[verb] for verb in discovery.subresource_verbs(name)}
