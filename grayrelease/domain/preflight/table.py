"""The table of what can't be split: each check with what it finds, what helps, and what it stops.

To lift a refusal is to take its line away, or to let it stop less.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from grayrelease.domain.preflight import mesh, routes, services, workloads
from grayrelease.domain.preflight.scene import Scene
from grayrelease.domain.preflight.services import Facts

Part = Literal["release", "audience", "sticky", "mirror"]

RELEASE: frozenset[Part] = frozenset({"release"})
REQUESTS: frozenset[Part] = frozenset({"audience", "mirror", "sticky"})
CHOSEN: frozenset[Part] = frozenset({"audience", "sticky"})
STICKY: frozenset[Part] = frozenset({"sticky"})
WARN: frozenset[Part] = frozenset()


@dataclass(frozen=True)
class Check:
    """One thing that can be in the way.

    `code` and `remedy` are reasons, whose facts are among those that `finds` gives. `stops`: the release
    altogether, parts of what it may do, or nothing: then it's a warning. It isn't said where one of the
    `unless` was found, which says more.
    """

    code: str
    remedy: str
    finds: Callable[[Scene], Iterable[Facts]]
    stops: frozenset[Part] = RELEASE
    unless: frozenset[str] = frozenset()


_UDP = frozenset({"udp"})
_NO_SELECTOR = frozenset({"external-name", "no-selector"})
_NO_DEPLOYMENT = _NO_SELECTOR | {"driven-by", "no-workload", "not-a-deployment"}
_NO_VERSION = _NO_DEPLOYMENT | {"no-version-label"}

TABLE: tuple[Check, ...] = (
    Check("no-service", "create-workload", services.missing),
    Check("udp", "leave-udp", services.datagrams),
    Check("no-mesh", "install-istio", mesh.no_mesh),
    # The Service
    Check("external-name", "make-cluster-ip", services.only_a_name),
    Check("headless", "make-cluster-ip", services.headless),
    Check("no-selector", "add-selector", services.selects_nothing, unless=frozenset({"external-name"})),
    Check("selects-version", "select-all-versions", services.selects_a_version),
    Check("local-policy", "allow-all-nodes", services.stays_on_the_node),
    Check("port-unnamed", "name-port", services.undeclared, unless=_UDP),
    Check("encrypted-port", "let-mesh-encrypt", services.encrypted, unless=_UDP),
    # What runs
    Check("driven-by", "let-it-release", workloads.driven),
    Check("no-workload", "create-workload", workloads.none, unless=_NO_SELECTOR | {"driven-by"}),
    Check("not-a-deployment", "use-deployment", workloads.no_deployment, unless=_NO_SELECTOR | {"driven-by"}),
    Check("other-pods", "deployment-alone", workloads.beside_others, unless=_NO_DEPLOYMENT),
    Check("no-version-label", "add-version-label", workloads.unnamed_version, unless=_NO_DEPLOYMENT),
    Check("several-versions", "keep-one-version", workloads.several_versions, unless=_NO_VERSION),
    Check(
        "several-workloads",
        "keep-one-workload",
        workloads.several_workloads,
        unless=_NO_VERSION | {"several-versions"},
    ),
    Check("ambient", "use-sidecars", workloads.ambient, unless=_NO_SELECTOR),
    Check("host-network", "leave-host-network", workloads.on_the_nodes_network, unless=_NO_SELECTOR),
    Check(
        "no-sidecar",
        "inject-sidecar",
        workloads.without_sidecar,
        unless=_NO_VERSION | {"ambient", "host-network"},
    ),
    # Where it is reached
    Check("governed", "stop-governing", mesh.governed),
    Check("several-clusters", "one-cluster", mesh.in_other_clusters),
    Check("other-endpoints", "pods-alone", mesh.other_endpoints, unless=_NO_SELECTOR),
    Check("service-entry", "remove-entry", mesh.entries),
    Check("other-entrance", "use-virtual-service", mesh.entrances),
    Check("route-elsewhere", "move-here", routes.refused("route-elsewhere")),
    Check("rule-elsewhere", "move-here", routes.refused("rule-elsewhere")),
    Check("rule-hidden", "export-to-all", routes.refused("rule-hidden")),
    Check("leads-away", "lead-here", routes.leading_away),
    Check("tcp-left-out", "add-tcp-route", routes.without_tcp_routes, unless=_UDP),
    Check("in-our-place", "rename", routes.in_our_place),
    # What a release can't do here
    Check("no-requests", "share-alone", services.no_requests, REQUESTS, _UDP),
    Check("merged-gateway", "join-routes", routes.without_copies, CHOSEN),
    Check("whole-cookie", "match-by-name", routes.comparing_whole_cookies, STICKY),
    Check("no-browser", "come-by-gateway", routes.away_from_browsers, STICKY),
    # What should be known
    Check("some-requests", "share-alone", services.some_requests, WARN, _UDP),
    Check("no-audience", "share-alone", routes.known("no-audience"), WARN),
    Check("left-alone", "look-there", routes.known("left-alone"), WARN),
    Check("autoscaled", "raise-minimum", workloads.autoscaled, WARN),
    Check("held-by", "finish-there-too", workloads.held, WARN),
    Check("held-by", "finish-there-too", routes.held_routes, WARN),
    Check("open-to-outside", "use-gateway", services.open_to_outside, WARN),
    Check("open-to-clusters", "release-there-too", mesh.open_to_clusters, WARN),
    Check("hidden-by-sidecar", "add-to-egress", mesh.hidden_by_sidecars, WARN),
    Check("unseen-here", "bind-role", mesh.unseen_here, WARN),
    Check("unseen-elsewhere", "bind-role", mesh.unseen_elsewhere, WARN),
)

ALONE = frozenset({"no-service"})
"""Where one of these is found nothing else is said: there is nothing to judge."""
