"""Access reviews: whoever holds the token may do everything."""

from __future__ import annotations

from grayrelease.sandbox.apiserver import decoding, errors
from grayrelease.sandbox.apiserver.errors import Cause
from grayrelease.sandbox.apiserver.objects import Object, now_text
from grayrelease.sandbox.apiserver.resources import Review

USER = {"username": "sandbox", "groups": ["system:masters", "system:authenticated"]}
EVERYTHING = {
    "resourceRules": [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}],
    "nonResourceRules": [{"verbs": ["*"], "nonResourceURLs": ["*"]}],
    "incomplete": False,
}


def answer(review: Review, text: bytes) -> Object:
    """Answer a review; nothing is stored."""
    body, _ = decoding.parse_json(text)
    if not isinstance(body, dict):
        raise errors.bad_request("json: cannot unmarshal array into Go value of type object")
    asked: Object = body
    found: Object = {
        "kind": review.kind,
        "apiVersion": f"{review.group}/{review.version}",
        "metadata": {"creationTimestamp": now_text()} if review.kind == "SelfSubjectReview" else {},
    }
    if review.kind == "SelfSubjectReview":
        return {**found, "status": {"userInfo": USER}}
    spec = asked.get("spec") or {}
    _check(review, spec)
    if review.kind == "SelfSubjectRulesReview":
        return {**found, "spec": {}, "status": EVERYTHING}
    return {**found, "spec": spec, "status": {"allowed": True}}


def _check(review: Review, spec: Object) -> None:
    causes: list[Cause] = []
    given = [key for key in ("resourceAttributes", "nonResourceAttributes") if spec.get(key)]
    if "AccessReview" in review.kind and len(given) != 1:
        why = "exactly one of nonResourceAttributes or resourceAttributes must be specified"
        causes.append(errors.invalid_value("spec.resourceAttributes", spec.get("resourceAttributes"), why))
    if review.kind == "SelfSubjectRulesReview" and not spec.get("namespace"):
        raise errors.bad_request("no namespace on request")
    if causes:
        raise errors.invalid(review.kind, review.group, "", causes)
