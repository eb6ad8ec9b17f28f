"""GET: one object, lists, pages, older versions."""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
from dataclasses import dataclass

from multidict import MultiMapping

from grayrelease.sandbox.apiserver import errors, query, selectors, views
from grayrelease.sandbox.apiserver.objects import Key, Object
from grayrelease.sandbox.apiserver.place import Place
from grayrelease.sandbox.apiserver.selectors import Test
from grayrelease.sandbox.apiserver.store import Store, TooOld

FUTURE_WAIT_S = 3.0
FUTURE_POLL_S = 0.05
COMMON_FIELDS = ("metadata.name", "metadata.namespace")
LIST_GONE = "The resourceVersion for the provided list is too old."


@dataclass(frozen=True)
class Page:
    """A list or a part of one: stored objects, and what its metadata say."""

    items: list[Object]
    version: int
    token: str = ""
    remaining: int | None = None


def item_test(place: Place, parameters: MultiMapping[str]) -> Test | None:
    """The test that a request's selectors and path make; None if all objects pass."""
    test: Test | None = None
    if labels := parameters.get("labelSelector", ""):
        test = selectors.labels_test(labels)
    if fields := parameters.get("fieldSelector", ""):
        test = selectors.both(test, _field_test(place, fields))
    if place.namespace:
        space = place.namespace
        test = selectors.both(test, lambda item: item["metadata"].get("namespace") == space)
    if place.name:
        test = selectors.both(test, lambda item: item["metadata"]["name"] == place.name)
    return test


def _field_test(place: Place, text: str) -> Test:
    terms = selectors.parse_fields(text)
    shown = [
        f"{views.selector_path(term.path, place.resource)}{'!=' if term.negated else '='}{term.value}"
        for term in terms
    ]
    words = ""
    if place.resource.selectable or place.resource.custom:
        words = "field label not supported: {path}"
    return selectors.fields_test(",".join(shown), (*COMMON_FIELDS, *place.resource.selectable), words)


async def wait_for(store: Store, version: int) -> None:
    """Wait until the store has reached a version; 504 if it does not in time."""
    waited = 0.0
    while version > store.version:
        if waited >= FUTURE_WAIT_S:
            raise _too_large(version, store.version)
        await asyncio.sleep(FUTURE_POLL_S)
        waited += FUTURE_POLL_S


def _too_large(version: int, current: int) -> errors.ApiError:
    cause = {"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}
    message = f"Timeout: Too large resource version: {version}, current: {current}"
    return errors.error(504, message, "Timeout", {"causes": [cause], "retryAfterSeconds": 1})


async def get(store: Store, place: Place, parameters: MultiMapping[str]) -> Object:
    """Read one stored object; 404 if there is none."""
    if version := query.resource_version(parameters):
        await wait_for(store, version)
    item = store.get(views.table_name(place.resource), place.key)
    if item is None:
        raise place.not_found()
    return item


async def listed(store: Store, place: Place, parameters: MultiMapping[str], was: int = 0) -> Page:
    """Read a list as a request asks for it: selected, at a version, a page of it.

    A server whose lists are stale shows what `was` at a version to whoever names no version.
    """
    token = parameters.get("continue", "")
    match = parameters.get("resourceVersionMatch", "")
    limit = query.number(parameters, "limit") or 0
    version = query.resource_version(parameters)
    test = item_test(place, parameters)
    _check_versions(parameters, match, version, token)
    after: Key | None = None
    if token:
        version, after = _read_token(token)
        match = "Exact"
    elif version:
        await wait_for(store, version)
    elif was:
        version, match = was, "Exact"
    table = views.table_name(place.resource)
    exact = match == "Exact" or (bool(limit) and bool(version) and not match)
    held = _at(store, table, version or 0) if exact else store.table(table)
    keys = sorted(key for key in held if after is None or key > after)
    found = [(key, held[key]) for key in keys if test is None or test(held[key])]
    return _page(found, limit, (version or 0) if exact else store.version, bool(_selective(parameters)))


def _selective(parameters: MultiMapping[str]) -> str:
    return parameters.get("labelSelector", "") or parameters.get("fieldSelector", "")


def _check_versions(parameters: MultiMapping[str], match: str, version: int | None, token: str) -> None:
    path = "resourceVersionMatch"
    cause = None
    if match and version is None:
        cause = errors.forbidden(path, "resourceVersionMatch is forbidden unless resourceVersion is provided")
    elif match and token:
        cause = errors.forbidden(path, "resourceVersionMatch is forbidden when continue is provided")
    elif match not in ("", "Exact", "NotOlderThan"):
        cause = errors.not_supported(path, match, ["Exact", "NotOlderThan", ""])
    elif match == "Exact" and version == 0:
        cause = errors.forbidden(path, 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"')
    if "sendInitialEvents" in parameters:
        cause = errors.forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list")
    if cause is not None:
        raise errors.invalid_options("ListOptions", cause)
    if token and version:
        raise errors.bad_request("specifying resource version is not allowed when using continue")


def _at(store: Store, table: str, version: int) -> dict[Key, Object]:
    try:
        return store.at(table, version)
    except TooOld as problem:
        raise errors.error(410, LIST_GONE, "Expired") from problem


def _page(found: list[tuple[Key, Object]], limit: int, version: int, selective: bool) -> Page:
    items = [item for _, item in found]
    if not limit or len(found) <= limit:
        return Page(items, version)
    token = _write_token(version, found[limit - 1][0])
    return Page(items[:limit], version, token, None if selective else len(found) - limit)


def _write_token(version: int, key: Key) -> str:
    text = json.dumps({"v": "meta.k8s.io/v1", "rv": version, "start": key}, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _read_token(token: str) -> tuple[int, Key]:
    try:
        text = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        read = json.loads(text)
        namespace, name = read["start"]
        return int(read["rv"]), (namespace, name)
    except (binascii.Error, ValueError, KeyError, TypeError) as problem:
        raise errors.bad_request(f"invalid continue token: {problem}") from problem


def as_list(page: Page, place: Place) -> Object:
    """A page as a list object."""
    metadata: Object = {"resourceVersion": str(page.version)}
    if page.token or place.resource.custom:
        metadata["continue"] = page.token
    if page.remaining is not None:
        metadata["remainingItemCount"] = page.remaining
    items = [views.from_storage(item, place.resource, place.version) for item in page.items]
    if not place.resource.custom:
        items = [
            {key: part for key, part in item.items() if key not in ("kind", "apiVersion")} for item in items
        ]
    return {
        "kind": place.resource.list_kind_name,
        "apiVersion": place.api_version,
        "metadata": metadata,
        "items": items,
    }
