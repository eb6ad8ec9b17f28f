"""The form of an answer: whole objects, tables, or metadata only, as the Accept header asks."""

from __future__ import annotations

from dataclasses import dataclass

from grayrelease.sandbox.apiserver import errors, reads, tables, views
from grayrelease.sandbox.apiserver.objects import Object
from grayrelease.sandbox.apiserver.place import Place
from grayrelease.sandbox.apiserver.reads import Page

META = "meta.k8s.io/v1"
JSON = "application/json"
PLAIN = ("application/json", "application/yaml", "application/*", "*/*", "")
DISCOVERY = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
FORMS = ("Table", "PartialObjectMetadata", "PartialObjectMetadataList")
ACCEPTED = "application/json, application/yaml, application/vnd.kubernetes.protobuf"


@dataclass(frozen=True)
class Form:
    """What the client wants: `kind` is "" for whole objects; `include` is a table's includeObject."""

    kind: str = ""
    include: str = "Metadata"


WHOLE = Form()


def _entries(accept: str) -> list[tuple[str, dict[str, str]]]:
    """Read an Accept header: media types and parameters, in the order given."""
    entries = []
    for entry in accept.split(","):
        media_type, *parameters = [part.strip() for part in entry.split(";")]
        entries.append((media_type, dict(part.split("=", 1) for part in parameters if "=" in part)))
    return entries


def wanted(accept: str, include: str = "", discovery: bool = False) -> Form:
    """Choose the form of an answer; 406 if none that is asked for can be given.

    Discovery may be asked for in its own form, which is as good as the plain one here.
    """
    for media_type, parameters in _entries(accept):
        form = parameters.get("as", "")
        if media_type not in PLAIN:
            continue
        if (
            form in FORMS
            and parameters.get("g") == "meta.k8s.io"
            and parameters.get("v") in ("v1", "v1beta1")
        ):
            return Form(form.removesuffix("List"), include or "Metadata")
        if not form or (discovery and form == "APIGroupDiscoveryList"):
            return WHOLE
    message = f"only the following media types are accepted: {ACCEPTED}"
    known = any(media_type in PLAIN for media_type, _ in _entries(accept))
    raise errors.error(406, message, "NotAcceptable", None if known else {})


def wants_aggregated_discovery(accept: str) -> bool:
    """Whether aggregated discovery is asked for before the plain form."""
    for media_type, parameters in _entries(accept):
        if media_type in PLAIN:
            return parameters.get("as") == "APIGroupDiscoveryList" and parameters.get("v") == "v2"
    return False


def partial(item: Object) -> Object:
    """An object's metadata only."""
    return {"kind": "PartialObjectMetadata", "apiVersion": META, "metadata": item["metadata"]}


def one(item: Object, place: Place, form: Form) -> Object:
    """A stored object in the form asked for."""
    shown = views.from_storage(item, place.resource, place.version)
    if form.kind == "Table":
        return _table([item], place, form, {"resourceVersion": item["metadata"].get("resourceVersion", "")})
    return partial(shown) if form.kind else shown


def many(page: Page, place: Place, form: Form) -> Object:
    """A list in the form asked for."""
    if not form.kind:
        return reads.as_list(page, place)
    metadata: Object = {"resourceVersion": str(page.version)}
    if page.token:
        metadata["continue"] = page.token
    if page.remaining is not None:
        metadata["remainingItemCount"] = page.remaining
    if form.kind == "Table":
        return _table(page.items, place, form, metadata)
    items = [partial(views.from_storage(item, place.resource, place.version)) for item in page.items]
    return {"kind": "PartialObjectMetadataList", "apiVersion": META, "metadata": metadata, "items": items}


def _table(items: list[Object], place: Place, form: Form, metadata: Object) -> Object:
    return {
        "kind": "Table",
        "apiVersion": META,
        "metadata": metadata,
        "columnDefinitions": [column.definition() for column in tables.columns(place)],
        "rows": [
            _row(views.from_storage(item, place.resource, place.version), place, form) for item in items
        ],
    }


def _row(shown: Object, place: Place, form: Form) -> Object:
    included: Object | None = partial(shown)
    if form.include == "None":
        included = None
    elif form.include == "Object":
        included = shown
    return {"cells": tables.cells(shown, place), "object": included}


def event(kind: str, item: Object, place: Place, form: Form, first: bool) -> Object:
    """A watch event in the form asked for; only the first table of a watch names its columns."""
    if kind == "ERROR":
        return {"type": kind, "object": item}
    if kind == "BOOKMARK":
        marker = {"kind": place.kind, "apiVersion": place.api_version, **item}
        return {"type": kind, "object": partial(marker) if form.kind == "PartialObjectMetadata" else marker}
    shown = one(item, place, form)
    if form.kind == "Table" and not first:
        shown["columnDefinitions"] = None
    return {"type": kind, "object": shown}
