"""Codes of what is refused: by Istio, at conditions and audiences, by routes that are there, in tests."""

from __future__ import annotations

from collections.abc import Mapping

ISTIO: Mapping[str, tuple[str, ...]] = {
    "istio-host": ("path", "value"),
    "istio-host-everything": ("path",),
    "istio-hosts-overlap": ("value", "other"),
    "istio-delegate": ("path",),
    "istio-nested": ("path",),
    "istio-no-rules": (),
    "istio-no-action": ("path",),
    "istio-together": ("path", "one", "other"),
    "istio-missing": ("path",),
    "istio-twice": ("path", "value"),
    "istio-name": ("path", "value"),
    "istio-label": ("path", "value"),
    "istio-choice": ("path", "value"),
    "istio-range": ("path", "value", "least", "most"),
    "istio-duration": ("path", "value"),
    "istio-regex": ("path", "value", "error"),
    "istio-regex-long": ("path", "limit"),
    "istio-header-name": ("path", "value"),
    "istio-header-fixed": ("path", "value"),
    "istio-header-value": ("path", "value"),
    "istio-no-weight": ("path",),
    "istio-no-attempts": ("path",),
}
"""Why Istio refuses a VirtualService or DestinationRule; `path` is the field."""

PASTED: Mapping[str, tuple[str, ...]] = {
    "paste-neither": (),
    "paste-quotes": (),
    "paste-no-value": ("option",),
    "paste-option": ("option",),
    "paste-no-url": (),
}
"""What is wrong with a URL or curl command."""

CONDITIONS: Mapping[str, tuple[str, ...]] = {
    "audience-empty": (),
    "group-empty": (),
    "too-many": ("limit",),
    "too-many-cookies": ("limit",),
    "condition-twice": (),
    "value-twice": (),
    "matches-everyone": (),
    "together-everyone": (),
    "how-impossible": (),
    "our-cookie": (),
    "bad-cookie-name": ("example",),
    "bad-cookie-value": (),
    "cookie-as-header": (),
    "no-such-header": ("name",),
    "bad-header-name": ("example",),
    "bad-header-value": (),
    "not-encoded": (),
    "path-slash": ("example",),
    "path-query": (),
    "path-dots": (),
    "bad-method": ("example",),
    "regex-look-around": (),
    "regex-back-reference": (),
    "regex-wrong": ("error",),
    "regex-too-big": (),
    "regex-past-cookie": (),
    "bad-first-share": (),
    "bad-share": (),
    "bad-minutes": ("example",),
    "no-steps": (),
    "step-order": (),
    "step-larger": ("before",),
    "step-after-all": (),
    "bad-steps": (),
    "bad-host": ("example",),
    "bad-port": ("example",),
    "copy-to-itself": (),
    "no-such-port": ("service", "ports"),
    "no-service-entry": ("host",),
}
"""What is wrong with a condition on requests, with an audience, with steps, or with where copies go."""

ROUTES: Mapping[str, tuple[str, ...]] = {
    "cannot-intersect": ("object", "route", "field"),
    "audiences-meet": ("object", "route", "field", "service"),
    "weights-too-large": ("object", "route"),
    "subset-taken": ("object", "subset"),
}
"""Why an exposure can't be written into routes or rules that are there already."""
