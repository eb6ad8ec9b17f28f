"""DELETE: options, preconditions, finalizers, grace."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from multidict import MultiMapping

from grayrelease.sandbox.apiserver import decoding, errors, query, views
from grayrelease.sandbox.apiserver.builtin import NAMESPACES, PODS
from grayrelease.sandbox.apiserver.objects import Object, now_text
from grayrelease.sandbox.apiserver.place import Place
from grayrelease.sandbox.apiserver.writes import OK, Answer, Writer

POLICIES = ["Foreground", "Background", "Orphan", "nil"]
FINALIZERS = {"Foreground": "foregroundDeletion", "Orphan": "orphan"}
POD_GRACE_S = 30


@dataclass(frozen=True)
class DeleteOptions:
    """How something is to be deleted; `policy` is "" where the client has no wish."""

    dry_run: bool = False
    policy: str = ""
    grace_s: int | None = None
    uid: str = ""
    resource_version: str = ""


def read_options(parameters: MultiMapping[str], text: bytes) -> DeleteOptions:
    """Read DeleteOptions from a body, or else from the query."""
    body: Any = decoding.parse_json(text)[0] if text else {}
    if not isinstance(body, dict):
        raise errors.bad_request("json: cannot unmarshal array into Go value of type v1.DeleteOptions")
    wanted = body.get("propagationPolicy") or parameters.get("propagationPolicy", "")
    orphan = body.get("orphanDependents", parameters.get("orphanDependents"))
    if wanted and orphan is not None:
        why = "orphanDependents and deletionPropagation cannot be both set"
        raise errors.invalid_options("DeleteOptions", errors.invalid_value("propagationPolicy", wanted, why))
    if wanted and wanted not in POLICIES[:3]:
        cause = errors.not_supported("propagationPolicy", wanted, POLICIES)
        raise errors.invalid_options("DeleteOptions", cause)
    if orphan is not None:
        wanted = "Orphan" if orphan in (True, *query.TRUE) else "Background"
    dry_run = body.get("dryRun") or [value for value in parameters.getall("dryRun", []) if value]
    if any(value != "All" for value in dry_run):
        raise errors.invalid_options("DeleteOptions", errors.not_supported("dryRun", dry_run, ["All"]))
    grace = body.get("gracePeriodSeconds", query.number(parameters, "gracePeriodSeconds"))
    conditions = body.get("preconditions") or {}
    return DeleteOptions(
        bool(dry_run), wanted, grace, conditions.get("uid", ""), conditions.get("resourceVersion", "")
    )


def delete(writer: Writer, place: Place, options: DeleteOptions) -> Answer:
    """Delete one object, or mark it where something holds it."""
    live = writer.found(place)
    _check_preconditions(place, live, options)
    item, gone = delete_item(writer, place, live, options)
    return Answer(OK, item if place.resource.answers_object or not gone else _success(place, live))


def delete_item(writer: Writer, place: Place, live: Object, options: DeleteOptions) -> tuple[Object, bool]:
    """Delete a stored object: its last or marked state, and whether it is gone."""
    marked = _marked(place, live, options)
    table = views.table_name(place.resource)
    held = _is_held(place, marked)
    if options.dry_run:
        return marked, not held
    if held:
        return (live if marked == live else writer.store.put(table, marked)), False
    last = marked if place.resource is PODS else live
    return {**writer.store.remove(table, last)}, True


def _check_preconditions(place: Place, live: Object, options: DeleteOptions) -> None:
    metadata = live["metadata"]
    wanted = (
        ("UID", options.uid, metadata["uid"], "deleted and then recreated"),
        ("ResourceVersion", options.resource_version, metadata["resourceVersion"], "modified"),
    )
    for what, asked, here, guess in wanted:
        if asked and asked != here:
            why = (
                f"the {what} in the precondition ({asked}) does not match the {what} in record ({here}). "
                f"The object might have been {guess}"
            )
            raise errors.conflict(place.kind, place.group, place.name, why)


def _marked(place: Place, live: Object, options: DeleteOptions) -> Object:
    """An object as deletion leaves it while something holds it."""
    metadata = dict(live["metadata"])
    finalizers = [each for each in metadata.get("finalizers", ()) if each not in FINALIZERS.values()]
    if options.policy in FINALIZERS:
        finalizers.append(FINALIZERS[options.policy])
    elif not options.policy:
        finalizers = list(metadata.get("finalizers", ()))
    metadata.pop("finalizers", None)
    if finalizers:
        metadata["finalizers"] = finalizers
    grace = _grace(place, live, options)
    first = "deletionTimestamp" not in metadata
    if first:
        metadata["deletionTimestamp"] = now_text(later_s=grace)
        if place.resource.generation:
            metadata["generation"] = metadata.get("generation", 0) + 1
    if place.resource is not NAMESPACES and (first or grace < metadata.get("deletionGracePeriodSeconds", 0)):
        metadata["deletionGracePeriodSeconds"] = grace
    marked = {**live, "metadata": metadata}
    if place.resource is NAMESPACES:
        marked["status"] = {**live.get("status", {}), "phase": "Terminating"}
    return marked


def _grace(place: Place, live: Object, options: DeleteOptions) -> int:
    """Seconds that a pod has to end; only a pod on a node, and not one that has ended, needs any."""
    if place.resource is not PODS or not live["spec"].get("nodeName"):
        return 0
    if live.get("status", {}).get("phase") in ("Succeeded", "Failed"):
        return 0
    if options.grace_s is not None:
        return options.grace_s
    wanted: int = live["spec"].get("terminationGracePeriodSeconds", POD_GRACE_S)
    return wanted


def _is_held(place: Place, marked: Object) -> bool:
    metadata = marked["metadata"]
    if metadata.get("finalizers"):
        return True
    if place.resource is NAMESPACES:
        return bool(marked["spec"].get("finalizers"))
    return bool(metadata.get("deletionGracePeriodSeconds"))


def _success(place: Place, live: Object) -> Object:
    details = errors.details(place.name, place.group, place.resource.plural)
    details["uid"] = live["metadata"]["uid"]
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}
