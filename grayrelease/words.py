"""Every reason code's sentence, and the words for phases, roles and modes. English here; 中文 in locale/."""

from __future__ import annotations

from collections.abc import Mapping
from time import time
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from grayrelease.condition_words import CONDITIONS
from grayrelease.domain.state import Phase
from grayrelease.failing_words import FAILING
from grayrelease.istio_words import ISTIO, PASTED
from grayrelease.release_words import ALARMS, COPIES, FROZEN, NEXT, NOW, REFUSED, WAITS, Words
from grayrelease.route_words import ROUTES

PHASES: Words = {
    Phase.PREPARING: _("Preparing"),
    Phase.RUNNING: _("Running"),
    Phase.TAKEN_OVER: _("Taken over"),
    Phase.ROLLING_BACK: _("Rolling back"),
    Phase.ROLLED_BACK: _("Rolled back"),
    Phase.FINISHING: _("Finishing"),
    Phase.FINISHED: _("Finished"),
    Phase.ABANDONING: _("Being abandoned"),
    Phase.ABANDONED: _("Abandoned"),
    Phase.FAILED: _("Failed"),
    Phase.FROZEN: _("Frozen"),
    Phase.FORGOTTEN: _("Forgotten"),
}
PHASE_LOOKS: Mapping[str, tuple[str, str]] = {
    Phase.PREPARING: ("run", "hourglass"),
    Phase.RUNNING: ("run", "player-play"),
    Phase.TAKEN_OVER: ("ok", "arrow-merge"),
    Phase.ROLLING_BACK: ("bad", "arrow-back-up"),
    Phase.ROLLED_BACK: ("bad", "arrow-back-up"),
    Phase.FINISHING: ("run", "hourglass"),
    Phase.FINISHED: ("", "flag-check"),
    Phase.ABANDONING: ("run", "hourglass"),
    Phase.ABANDONED: ("", "circle-x"),
    Phase.FAILED: ("bad", "circle-x"),
    Phase.FROZEN: ("bad", "hand-stop"),
    Phase.FORGOTTEN: ("", "circle-x"),
}
"""Tone and icon of a phase's chip."""

ROLES: Words = {"stable": _("stable"), "candidate": _("candidate")}
MODES: Words = {"blue-green": _("blue-green"), "canary": _("canary"), "mirror": _("mirroring")}
MEMBERS: Words = {
    "viewer": _("viewer"),
    "operator": _("operator"),
    "lead": _("lead"),
    "admin": _("admin"),
}

UNFIT: Words = {
    "no-service": _("There is no service %(service)s in the cluster."),
    "no-mesh": _("This cluster has no Istio: nothing there obeys routes."),
    "no-workload": _("No workload is behind %(service)s."),
    "driven-by": _("%(holder)s releases %(object)s and would write over what is set here."),
    "not-a-deployment": _("%(workload)s is a %(kind)s; only Deployments can be released."),
    "other-pods": _("Pods of %(kind)s %(workload)s answer beside those of the Deployment."),
    "no-version-label": _("The pods of %(workload)s have no label version."),
    "several-versions": _("Several versions run already: %(versions)s."),
    "several-workloads": _("Several Deployments are behind it: %(workloads)s."),
    "no-sidecar": _("The pod %(pod)s has no sidecar, so no route reaches it."),
    "host-network": _("The pod %(pod)s is in its node’s network, where no sidecar is injected."),
    "ambient": _("The pod %(pod)s is in the ambient mesh, where waypoints route and not the callers."),
    "headless": _("%(service)s is headless: its callers choose a pod themselves, past every route."),
    "external-name": _("%(service)s only names another host, %(host)s."),
    "no-selector": _("%(service)s selects no pods."),
    "selects-version": _("%(service)s selects version %(version)s alone; another one would get no traffic."),
    "local-policy": _(
        "%(service)s answers on the caller’s own node only (internalTrafficPolicy: Local): the version that "
        "is chosen may have no pod there."
    ),
    "udp": _("Port %(port)s is %(protocol)s, which no route splits."),
    "governed": _("KubeSphere’s own controllers write the routes of %(service)s, over what is set here."),
    "several-clusters": _(
        "%(service)s runs in several clusters of one mesh (%(object)s): the others’ pods and routes can’t be "
        "seen here."
    ),
    "other-endpoints": _("%(address)s answers for %(service)s and is no pod of this namespace."),
    "service-entry": _("%(object)s adds other endpoints to %(host)s."),
    "other-entrance": _("%(object)s leads to it (%(host)s), past every share that is set here."),
    "port-unnamed": _("What port %(port)s of %(service)s speaks isn’t declared, so proxies have to guess."),
    "encrypted-port": _(
        "Callers of port %(port)s of %(service)s encrypt by themselves, so no share can be set."
    ),
    "route-elsewhere": _("%(object)s, in another namespace, leads to it: it isn’t ours to change."),
    "rule-elsewhere": _("%(object)s, in another namespace, comes before any rule made here."),
    "rule-hidden": _(
        "%(object)s isn’t exported to all namespaces, so some callers wouldn’t see its subsets."
    ),
    "leads-away": _("%(object)s takes the requests for %(service)s and leads none of them to it."),
    "tcp-left-out": _("%(object)s serves %(service)s and has no tcp route for its port %(port)s."),
    "in-our-place": _("%(object)s has the name that is needed here and is for something else."),
}
LIMITS: Words = {
    "no-requests": _("%(service)s speaks TCP: connections can be shared out, but requests can’t be chosen."),
    "merged-gateway": _("%(object)s and %(other)s are merged at one gateway, where order would change."),
    "no-browser": _("%(service)s is called by services alone, which keep no cookies for a visitor."),
    "whole-cookie": _(
        "%(object)s compares the whole Cookie header: a cookie more would change who it matches."
    ),
    "callers-between": _(
        "%(callers)s, between browsers and %(service)s, may drop a visitor’s cookies, who would then meet "
        "any version at each request. Metrics don’t show it: somebody must vouch for each caller."
    ),
    "callers-unseen": _(
        "Prometheus doesn’t say who calls %(service)s: somebody must vouch that cookies reach it "
        "from browsers, and its own reach them."
    ),
}
KNOWN: Words = {
    "some-requests": _("Of ports %(ports)s, which speak TCP, only connections can be shared out."),
    "no-audience": _("%(count)s routes of %(object)s carry TCP or TLS: they obey shares, and no conditions."),
    "left-alone": _(
        "%(object)s names the subset %(subset)s, which stays as it is and isn’t part of any share."
    ),
    "autoscaled": _(
        "%(workload)s is scaled by HorizontalPodAutoscaler %(scaler)s: while traffic moves away it may take "
        "pods that a roll back needs."
    ),
    "held-by": _("%(object)s is kept by %(holder)s, which may bring back what is changed here."),
    "open-to-outside": _(
        "%(service)s is a %(type)s: what comes straight to its port from outside passes every route, and is "
        "spread over the pods of both versions."
    ),
    "open-to-clusters": _(
        "%(object)s lets callers of other clusters in; if %(service)s is there too, they don’t obey the "
        "routes of this one."
    ),
    "hidden-by-sidecar": _(
        "%(object)s hides %(service)s from its callers: what they send passes every route."
    ),
    "unseen-here": _("Not looked at, since it may not be read: %(kinds)s."),
    "unseen-elsewhere": _("Not looked at in other namespaces, since it may not be read there: %(kinds)s."),
}
REMEDIES: Words = {
    "create-workload": _("Create a Deployment whose pods %(service)s selects."),
    "install-istio": _("Install Istio, or choose another cluster."),
    "let-it-release": _("Release it with %(holder)s, or take it out of there."),
    "use-deployment": _("Run %(workload)s as a Deployment."),
    "deployment-alone": _("Let the service select the Deployment’s pods alone, without %(workload)s."),
    "add-version-label": _("Add the label version, for example v1, to the pods of %(workload)s."),
    "keep-one-version": _("Keep one of %(versions)s and remove the others."),
    "keep-one-workload": _("Keep one of %(workloads)s and remove the others."),
    "inject-sidecar": _("Turn on sidecar injection for %(namespace)s and restart the pods."),
    "leave-host-network": _("Run %(pod)s without hostNetwork."),
    "use-sidecars": _("Turn on sidecar injection for %(namespace)s instead, and restart the pods."),
    "make-cluster-ip": _("Give %(service)s a cluster IP."),
    "add-selector": _("Give %(service)s a selector."),
    "select-all-versions": _("Take the label version out of the selector of %(service)s."),
    "allow-all-nodes": _("Set internalTrafficPolicy of %(service)s to Cluster."),
    "leave-udp": _("Move port %(port)s to a service of its own, which isn’t released."),
    "stop-governing": _("Set the annotation %(note)s of %(service)s to false."),
    "one-cluster": _("Keep %(service)s in one cluster, or let others call it through a gateway."),
    "pods-alone": _("Leave only pods behind %(service)s."),
    "remove-entry": _("Remove %(object)s, or give it another host."),
    "use-virtual-service": _(
        "Write its routes as a VirtualService, with a Gateway for requests from outside, and remove "
        "%(object)s."
    ),
    "name-port": _("Name port %(port)s after its protocol: http-…, grpc-… or tcp-…"),
    "let-mesh-encrypt": _("Let callers send plain HTTP to port %(port)s, which the mesh encrypts."),
    "move-here": _("Move %(object)s to the namespace of the service, or remove it."),
    "export-to-all": _("Export %(object)s to all namespaces."),
    "lead-here": _("Let a route of %(object)s lead to %(service)s, or remove it."),
    "add-tcp-route": _("Add a tcp route for port %(port)s to %(object)s."),
    "rename": _("Give %(object)s another name."),
    "share-alone": _("Use shares without conditions there."),
    "join-routes": _("Join %(object)s and %(other)s in one VirtualService."),
    "come-by-gateway": _("It works where a gateway leads to %(service)s."),
    "match-by-name": _("In %(object)s match the cookie by its name, with a regex."),
    "look-there": _("Look at %(object)s whether that is meant."),
    "raise-minimum": _("Raise the minReplicas of %(scaler)s until the release is finished."),
    "finish-there-too": _("When the release is finished, change %(object)s in %(holder)s too."),
    "use-gateway": _("Let requests from outside come through a gateway to %(service)s."),
    "release-there-too": _("Look whether %(service)s is called from there."),
    "add-to-egress": _("Add %(service)s to its egress hosts if it is called from there."),
    "bind-role": _("Bind the role %(role)s of deploy/rbac.yaml."),
}
FIELDS: Words = {
    "required": _("This is needed."),
    "too-long": _("At most %(limit)s characters."),
    "bad-name": _(
        "Small letters, digits and dashes; a letter or digit at both ends. For example %(example)s."
    ),
    "bad-version": _(
        "Small letters, digits, dots and dashes; a letter or digit at both ends. For example %(example)s."
    ),
    "lowered": _("You typed %(typed)s; it is written %(value)s: labels and names are in small letters."),
    "name-taken": _("There is a release %(name)s for this service already. Choose another name."),
    "version-taken": _("%(version)s is there already. Choose another version."),
    "brought-again": _("%(workload)s is there and stands at 0 pods: it is brought again, as you say here."),
    "workload-taken": _(
        "A Deployment %(workload)s is there already and isn’t as a release left it. Choose another version, "
        "or delete it."
    ),
    "workload-held": _(
        "A Deployment %(workload)s stands at 0 pods and is kept by %(holder)s: bring it again there, or "
        "choose another version."
    ),
    "workload-selects": _(
        "A Deployment %(workload)s stands at 0 pods and selects other pods than the new one would, which "
        "can’t be changed. Delete it, or choose another version."
    ),
    "bad-image": _("That is no image name. For example %(example)s."),
    "bad-env": _("%(name)s can’t be the name of a variable: letters, digits and _, no digit at the start."),
    "twice": _("%(name)s is there twice."),
    "too-small-number": _("At least %(least)s."),
    "no-container": _("The workload has no container %(container)s."),
}
REASONS: Words = {
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
    **FAILING,
}
"""One per code of `domain.reasons`; a test holds that the facts match."""


def sentence(code: str, facts: Mapping[str, Any]) -> str:
    """Say a reason in the reader's language. An unknown code is shown as it is, with its facts."""
    brings = all(facts.get(name) != "" for name in ("version", "loser"))
    template = REASONS.get(code) if brings else COPIES.get(code, REASONS.get(code))
    if template is None:
        return f"{code} {dict(facts)}" if facts else code
    return str(template) % Spelled(facts)


class Spelled(dict[str, str]):
    """The facts of a reason, each written for people: phases as words, shares with their unit."""

    def __init__(self, facts: Mapping[str, Any]) -> None:
        super().__init__({name: spell(name, fact) for name, fact in facts.items()})


def spell(name: str, fact: Any) -> str:
    if name == "phase":
        return str(PHASES.get(fact, fact))
    if name == "at":
        return seconds(max(0, round(fact - time())))
    if name == "manager" and not fact:
        return gettext("somebody")
    if name in SHARES:
        return f"{fact / 10:.1f}".removesuffix(".0")
    return str(fact) if fact != "" else gettext("nothing")


def seconds(left: int) -> str:
    """Say how long it still takes."""
    if left < 120:
        return gettext("%(seconds)s\u00a0s") % {"seconds": left}
    return gettext("%(minutes)s\u00a0min") % {"minutes": round(left / 60)}


SHARES = frozenset({"share", "before", "after", "low", "high", "observed"})
"""Facts in per mille; the sentence writes the percent sign."""
