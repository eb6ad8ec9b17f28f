"""Codes of what Istio refuses, and of what can't be tested; part of `reasons.REASONS`."""

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
