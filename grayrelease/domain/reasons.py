"""Every code that a `Reason` may have, with the names of its facts: the one list that pages have words for.

Facts are text or whole numbers. `share`, `observed`, `low`, `high` are per mille; `seconds` are those
still to wait.
"""

from __future__ import annotations

from collections.abc import Mapping

from grayrelease.domain import departures
from grayrelease.domain.refusals import CONDITIONS, ISTIO, PASTED, ROUTES

NOW: Mapping[str, tuple[str, ...]] = {
    "preparing": ("version", "stable"),
    "running": ("version", "stable", "share"),
    "taken-over": ("version", "other"),
    "rolling-back": ("version", "stable", "share"),
    "rolled-back": ("version", "stable"),
    "finishing": ("version", "loser"),
    "finished": ("version", "loser"),
    "abandoning": ("version", "stable"),
    "abandoned": ("version", "stable"),
    "running-audience": ("version", "stable", "share"),
    "mirroring": ("to", "stable", "share"),
    "mirroring-reads": ("to", "stable", "share"),
    "paused": ("version", "stable", "share"),
    "stable-changed": ("release", "version"),
    **departures.NOW,
    "held-pods": ("version", "share", "workload", "ready", "pods"),
    "held-trouble": ("version", "share", "workload", "ready", "pods", "reason"),
    "held-recovered": ("version", "share", "workload", "ready", "pods"),
}
"""What visitors get now; the code is the phase's."""

FROZEN: Mapping[str, tuple[str, ...]] = {
    "cluster-ahead": ("object", "generation", "known"),
    "other-installation": ("object", "owner"),
    "not-ours": ("object",),
    "edited-by-other": ("object", "manager"),
    "repaired-in-vain": ("object", "manager"),
    "service-gone": ("service",),
    "led-away": ("service",),
    "stable-gone": ("version", "workload"),
}
"""Why nothing is raised or written any more."""

WAITS: Mapping[str, tuple[str, ...]] = {
    "writing": ("object",),
    "settling": ("object", "seconds"),
    "pods-not-ready": ("workload", "ready", "needed"),
    "pod-trouble": ("workload", "ready", "needed", "pod", "reason", "message"),
    "pods-settling": ("workload", "ready", "seconds"),
    "verifying": ("version", "share", "before", "requests"),
    "not-seen-yet": ("version", "share", "observed", "low", "high", "requests"),
    "too-small": ("version", "share", "before", "seconds"),
    "no-traffic": ("seconds",),
    "no-metrics": ("error", "seconds"),
    "draining": ("caller", "loser", "seconds"),
    "drain-unseen": ("caller", "loser"),
    "drain-blind": ("loser", "seconds", "error"),
    "loser-leaving": ("loser", "pods"),
    "other-versions": ("versions",),
    **departures.WAITS,
    "base-changed": ("service", "base"),
    "callers-new": ("callers", "service"),
    "callers-unknown": ("service",),
    "falls-soon": ("version", "ready", "needed", "share", "seconds"),
}
"""What is awaited: nothing, or one of these."""

ALARMS: Mapping[str, tuple[str, ...]] = {
    "stable-unready": ("version", "workload", "ready", "pods"),
    "stable-trouble": ("version", "workload", "ready", "pods", "reason"),
    "both-short": ("version", "stable", "ready", "needed"),
}
"""What is wrong that nothing is done about by itself."""

NEXT: Mapping[str, tuple[str, ...]] = {
    "will-pin": ("stable",),
    "will-create": ("workload",),
    "will-bring-again": ("workload",),
    "will-expose": ("version", "share"),
    "will-take-over": ("version",),
    "will-remove": ("workload",),
    "will-scale-down": ("workload",),
    "will-give-back": ("service",),
    "will-expose-audience": ("version", "share"),
    "will-mirror": ("to", "share"),
    "will-mirror-reads": ("to", "share"),
    "will-stay-pinned": ("service",),
    "step-due": ("version", "share", "at"),
    "person-continues": ("version", "share"),
    "person-resumes": ("version", "share"),
    "person-moves": ("version",),
    "person-raises": ("version",),
    "person-finishes": ("loser",),
    "person-ends": (),
    **departures.NEXT,
    "person-repairs": ("object",),
    "person-agrees": ("service",),
}
"""What comes next by itself, or who must act; `at` is a moment, in seconds since 1970."""

REFUSED: Mapping[str, tuple[str, ...]] = {
    "release-over": ("phase",),
    "take-over-first": (),
    "still-preparing": (),
    "rolled-back-already": (),
    "finishing-already": (),
    "frozen-now": (),
    "abandoning-already": (),
    "no-room": ("release", "share"),
    "no-candidate": (),
    "no-more-steps": (),
    "paused-already": (),
    "not-paused": (),
    "stable-moved": ("version", "stable"),
    "asks-nothing": (),
    "nothing-edited": (),
    "base-moved": ("service",),
    "nothing-sticky": (),
}
"""Why a deed can't be done now."""

UNFIT: Mapping[str, tuple[str, ...]] = {
    "no-service": ("service",),
    "no-mesh": (),
    "no-workload": ("service",),
    "driven-by": ("object", "holder"),
    "not-a-deployment": ("kind", "workload"),
    "other-pods": ("kind", "workload"),
    "no-version-label": ("workload",),
    "several-versions": ("versions",),
    "several-workloads": ("workloads",),
    "no-sidecar": ("pod",),
    "host-network": ("pod",),
    "ambient": ("pod",),
    "headless": ("service",),
    "external-name": ("service", "host"),
    "no-selector": ("service",),
    "selects-version": ("service", "version"),
    "local-policy": ("service",),
    "udp": ("port", "protocol"),
    "governed": ("service",),
    "several-clusters": ("service", "object"),
    "other-endpoints": ("service", "address"),
    "service-entry": ("object", "host"),
    "other-entrance": ("object", "host"),
    "port-unnamed": ("service", "port"),
    "encrypted-port": ("service", "port"),
    "route-elsewhere": ("object",),
    "rule-elsewhere": ("object",),
    "rule-hidden": ("object",),
    "leads-away": ("object", "service"),
    "tcp-left-out": ("service", "port", "object"),
    "in-our-place": ("object",),
}
"""Why a service can't be released; `preflight`'s table pairs each with a remedy."""

LIMITS: Mapping[str, tuple[str, ...]] = {
    "no-requests": ("service",),
    "merged-gateway": ("object", "other"),
    "no-browser": ("service",),
    "whole-cookie": ("object",),
    "callers-between": ("callers", "service"),
    "callers-unseen": ("service",),
}
"""What a release of a service can't do, though it can do other things."""

KNOWN: Mapping[str, tuple[str, ...]] = {
    "some-requests": ("ports",),
    "no-audience": ("object", "count"),
    "left-alone": ("object", "subset"),
    "autoscaled": ("workload", "scaler"),
    "held-by": ("object", "holder"),
    "open-to-outside": ("service", "type"),
    "open-to-clusters": ("service", "object"),
    "hidden-by-sidecar": ("service", "object"),
    "unseen-here": ("kinds",),
    "unseen-elsewhere": ("kinds",),
}
"""What stops no release of a service and should be known."""

REMEDIES: Mapping[str, tuple[str, ...]] = {
    "create-workload": ("service",),
    "install-istio": (),
    "let-it-release": ("holder",),
    "use-deployment": ("workload",),
    "deployment-alone": ("workload",),
    "add-version-label": ("workload",),
    "keep-one-version": ("versions",),
    "keep-one-workload": ("workloads",),
    "inject-sidecar": ("namespace",),
    "leave-host-network": ("pod",),
    "use-sidecars": ("namespace",),
    "make-cluster-ip": ("service",),
    "add-selector": ("service",),
    "select-all-versions": ("service",),
    "allow-all-nodes": ("service",),
    "leave-udp": ("port",),
    "stop-governing": ("service", "note"),
    "one-cluster": ("service",),
    "pods-alone": ("service",),
    "remove-entry": ("object",),
    "use-virtual-service": ("object",),
    "name-port": ("port",),
    "let-mesh-encrypt": ("port",),
    "move-here": ("object",),
    "export-to-all": ("object",),
    "lead-here": ("object", "service"),
    "add-tcp-route": ("port", "object"),
    "rename": ("object",),
    "share-alone": (),
    "join-routes": ("object", "other"),
    "come-by-gateway": ("service",),
    "match-by-name": ("object",),
    "look-there": ("object",),
    "raise-minimum": ("scaler",),
    "finish-there-too": ("object", "holder"),
    "use-gateway": ("service",),
    "release-there-too": ("service",),
    "add-to-egress": ("service",),
    "bind-role": ("role",),
}

FIELDS: Mapping[str, tuple[str, ...]] = {
    "required": (),
    "too-long": ("limit",),
    "bad-name": ("example",),
    "bad-version": ("example",),
    "lowered": ("typed", "value"),
    "name-taken": ("name",),
    "version-taken": ("version",),
    "brought-again": ("workload",),
    "workload-taken": ("workload",),
    "workload-held": ("workload", "holder"),
    "workload-selects": ("workload",),
    "bad-image": ("example",),
    "bad-env": ("name",),
    "twice": ("name",),
    "too-small-number": ("least",),
    "no-container": ("container",),
}
"""What is wrong at a field of the wizard; `lowered` and `brought-again` are words, no refusals."""

REASONS: Mapping[str, tuple[str, ...]] = {
    **NOW,
    **FROZEN,
    **WAITS,
    **ALARMS,
    **NEXT,
    **REFUSED,
    **UNFIT,
    **LIMITS,
    **KNOWN,
    **REMEDIES,
    **FIELDS,
    **CONDITIONS,
    **ROUTES,
    **ISTIO,
    **PASTED,
    **departures.FAILING,
}
