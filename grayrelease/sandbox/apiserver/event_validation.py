"""What the server refuses in Events; events.k8s.io asks more than the core group."""

from __future__ import annotations

from collections.abc import Iterator

from grayrelease.sandbox.apiserver import errors, names
from grayrelease.sandbox.apiserver.errors import Cause
from grayrelease.sandbox.apiserver.objects import Object, look_up

TYPES = ("Normal", "Warning")
FIXED = {
    "involvedObject": "regarding",
    "reason": "reason",
    "action": "action",
    "type": "type",
    "message": "note",
    "reportingComponent": "reportingController",
    "reportingInstance": "reportingInstance",
}
"""Members that do not change once an Event has been recorded, and what events.k8s.io calls them."""


def event(item: Object, new_style: bool) -> Iterator[Cause]:
    """What is wrong with an Event, in its stored form."""
    space = item["metadata"].get("namespace", "")
    about = look_up(item, ".involvedObject.namespace")
    if about and about != space:
        path = "regarding.namespace" if new_style else "involvedObject.namespace"
        yield errors.invalid_value(path, about, "does not match event.namespace")
    if new_style:
        yield from _new_style(item)


def _new_style(item: Object) -> Iterator[Cause]:
    if not item.get("eventTime"):
        yield errors.required("eventTime")
    controller = item.get("reportingComponent", "")
    if not controller:
        yield errors.required("reportingController")
    for problem in names.qualified_problems(controller):
        yield errors.invalid_value("reportingController", controller, problem)
    for member in ("reportingInstance", "action", "reason"):
        if not item.get(member):
            yield errors.required(member)
    if item.get("type") not in TYPES:
        yield errors.invalid_value("type", "", f"has invalid value: {item.get('type', '')}")


def event_update(new: Object, old: Object, new_style: bool) -> Iterator[Cause]:
    """What may not change in an Event, where events.k8s.io is asked."""
    if not new_style:
        return
    for member, shown in FIXED.items():
        if new.get(member) != old.get(member):
            yield from [errors.invalid_value(shown, new.get(member), "field is immutable")] * 2
