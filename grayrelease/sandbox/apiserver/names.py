"""What names, labels and annotations may look like, in Kubernetes' words."""

from __future__ import annotations

import re
from collections.abc import Iterator

from grayrelease.sandbox.apiserver import errors
from grayrelease.sandbox.apiserver.errors import Cause
from grayrelease.sandbox.apiserver.objects import Object, metadata_of

LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
QUALIFIED = re.compile(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")
LABEL_LENGTH = 63
SUBDOMAIN_LENGTH = 253
ANNOTATIONS_BYTES = 256 * 1024

LABEL_WORDS = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start "
    "and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)
SUBDOMAIN_WORDS = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must "
    "start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
QUALIFIED_WORDS = (
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
    "alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
    "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
)
QUALIFIED_KEY_WORDS = (
    QUALIFIED_WORDS.replace("name part must", "a valid label key must")
    + " with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
)
LABEL_VALUE_WORDS = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must "
    "start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used "
    "for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
)
STANDARD_FINALIZERS = frozenset(
    {"orphan", "foregroundDeletion", "kubernetes", "customresourcecleanup.apiextensions.k8s.io"}
)
LABEL_KINDS = frozenset({"Namespace", "Service"})


def label_problems(value: str) -> Iterator[str]:
    """What keeps a text from being a DNS label."""
    if "." in value and LABEL.fullmatch(value.replace(".", "")):
        yield "must not contain dots"
        return
    if len(value) > LABEL_LENGTH:
        yield f"must be no more than {LABEL_LENGTH} bytes"
    if not LABEL.fullmatch(value):
        yield LABEL_WORDS


def subdomain_problems(value: str) -> Iterator[str]:
    """What keeps a text from being a DNS subdomain."""
    if len(value) > SUBDOMAIN_LENGTH:
        yield f"must be no more than {SUBDOMAIN_LENGTH} characters"
    if not SUBDOMAIN.fullmatch(value):
        yield SUBDOMAIN_WORDS


def qualified_problems(value: str) -> Iterator[str]:
    """What keeps a text from being the key of a label or annotation."""
    if value.count("/") > 1:
        yield QUALIFIED_KEY_WORDS
        return
    prefix, slash, name = value.rpartition("/")
    if slash and not prefix:
        yield "prefix part must be non-empty"
    elif slash:
        yield from (f"prefix part {problem}" for problem in subdomain_problems(prefix))
    if not name:
        yield "name part must be non-empty"
    elif len(name) > LABEL_LENGTH:
        yield f"name part must be no more than {LABEL_LENGTH} bytes"
    if not QUALIFIED.fullmatch(name):
        yield QUALIFIED_WORDS


def label_value_problems(value: str) -> Iterator[str]:
    """What keeps a text from being the value of a label."""
    if len(value) > LABEL_LENGTH:
        yield f"must be no more than {LABEL_LENGTH} bytes"
    if value and not QUALIFIED.fullmatch(value):
        yield LABEL_VALUE_WORDS


def metadata_problems(item: Object, kind: str) -> Iterator[Cause]:
    """What is wrong with an object's name, labels, annotations and finalizers."""
    metadata = metadata_of(item)
    name = metadata.get("name", "")
    if not name:
        yield errors.required("metadata.name", "name or generateName is required")
    else:
        check = label_problems if kind in LABEL_KINDS else subdomain_problems
        yield from (errors.invalid_value("metadata.name", name, problem) for problem in check(name))
    yield from labels_problems(metadata.get("labels") or {}, "metadata.labels")
    yield from _annotations(metadata.get("annotations") or {})
    yield from _owners(metadata.get("ownerReferences") or [])
    for index, finalizer in enumerate(metadata.get("finalizers") or ()):
        path = f"metadata.finalizers[{index}]"
        yield from (
            errors.invalid_value(path, finalizer, problem) for problem in qualified_problems(finalizer)
        )
        if "/" not in finalizer and finalizer not in STANDARD_FINALIZERS:
            why = "name is neither a standard finalizer name nor is it fully qualified"
            yield errors.invalid_value(path, finalizer, why)


def _owners(references: list[Object]) -> Iterator[Cause]:
    """What is wrong with owner references: something missing, or two that say they control."""
    for reference in references:
        for key in ("apiVersion", "kind", "name", "uid"):
            if not reference.get(key):
                yield errors.invalid_value(f"metadata.ownerReferences.{key}", "", "must not be empty")
    controlling = [f"{each.get('kind')}/{each.get('name')}" for each in references if each.get("controller")]
    if len(controlling) > 1:
        found = f'Found "true" in references for {controlling[0]} and {controlling[1]}'
        why = f"Only one reference can have Controller set to true. {found}"
        yield errors.invalid_value("metadata.ownerReferences", references, why)


def labels_problems(labels: Object, path: str) -> Iterator[Cause]:
    """What is wrong with a map of labels."""
    for key, value in labels.items():
        yield from (errors.invalid_value(path, key, problem) for problem in qualified_problems(key))
        yield from (
            errors.invalid_value(path, value, problem) for problem in label_value_problems(value or "")
        )


def _annotations(annotations: Object) -> Iterator[Cause]:
    for key in annotations:
        for problem in qualified_problems(key.lower()):
            yield errors.invalid_value("metadata.annotations", key, problem)
    if sum(len(key) + len(value or "") for key, value in annotations.items()) > ANNOTATIONS_BYTES:
        message = f"Too long: may not be more than {ANNOTATIONS_BYTES} bytes"
        yield Cause("FieldValueTooLong", message, "metadata.annotations")
