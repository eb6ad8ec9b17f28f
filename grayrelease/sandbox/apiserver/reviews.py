"""Access reviews: whoever holds the token may do everything, nobody else anything."""

from __future__ import annotations

from grayrelease.sandbox.apiserver import decoding, errors
from grayrelease.sandbox.apiserver.builtin import Review
from grayrelease.sandbox.apiserver.objects import Object, now_text

USER = "sandbox"
ADMINISTRATORS = "system:masters"
EVERYTHING: Object = {
    "resourceRules": [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}],
    "nonResourceRules": [{"verbs": ["*"], "nonResourceURLs": ["*"]}],
    "incomplete": False,
}


def answer(review: Review, namespace: str, text: bytes) -> Object:
    """Answer a review; nothing is stored."""
    body, _ = decoding.parse_json(text)
    if not isinstance(body, dict):
        raise errors.bad_request("json: cannot unmarshal array into Go value of type object")
    found: Object = {
        "kind": review.kind,
        "apiVersion": f"{review.group}/{review.version}",
        "metadata": {"namespace": namespace} if namespace else {},
    }
    if review.kind == "SelfSubjectReview":
        groups = [ADMINISTRATORS, "system:authenticated"]
        status = {"userInfo": {"username": USER, "groups": groups}}
        return {**found, "metadata": {"creationTimestamp": now_text()}, "status": status}
    spec: Object = body.get("spec") or {}
    if review.kind == "SelfSubjectRulesReview":
        if not spec.get("namespace"):
            raise errors.bad_request("no namespace on request")
        return {**found, "spec": {}, "status": EVERYTHING}
    _check(review, spec)
    return {**found, "spec": spec, "status": {"allowed": _may(review, spec)}}


def _may(review: Review, spec: Object) -> bool:
    if review.kind.startswith("SelfSubject"):
        return True
    return spec.get("user") == USER or ADMINISTRATORS in (spec.get("groups") or ())


def _check(review: Review, spec: Object) -> None:
    given = [key for key in ("resourceAttributes", "nonResourceAttributes") if spec.get(key)]
    if len(given) != 1:
        why = "exactly one of nonResourceAttributes or resourceAttributes must be specified"
        cause = errors.invalid_value("spec.resourceAttributes", spec.get("resourceAttributes"), why)
        raise errors.invalid("", review.group, "", [cause])
