"""Every reason code's sentence, and the words for phases, roles and modes. English here; 中文 in locale/."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from grayrelease.condition_words import CONDITIONS
from grayrelease.domain.state import Phase

Words = Mapping[str, "str | Promise"]

PHASES: Words = {
    Phase.PREPARING: _("Preparing"),
    Phase.RUNNING: _("Running"),
    Phase.TAKEN_OVER: _("Taken over"),
    Phase.ROLLING_BACK: _("Rolling back"),
    Phase.ROLLED_BACK: _("Rolled back"),
    Phase.FINISHING: _("Finishing"),
    Phase.FINISHED: _("Finished"),
    Phase.FAILED: _("Failed"),
    Phase.FROZEN: _("Frozen"),
}
PHASE_LOOKS: Mapping[str, tuple[str, str]] = {
    Phase.PREPARING: ("run", "hourglass"),
    Phase.RUNNING: ("run", "player-play"),
    Phase.TAKEN_OVER: ("ok", "arrow-merge"),
    Phase.ROLLING_BACK: ("bad", "arrow-back-up"),
    Phase.ROLLED_BACK: ("bad", "arrow-back-up"),
    Phase.FINISHING: ("run", "hourglass"),
    Phase.FINISHED: ("", "flag-check"),
    Phase.FAILED: ("bad", "circle-x"),
    Phase.FROZEN: ("bad", "hand-stop"),
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

NOW: Words = {
    "preparing": _("%(version)s is being prepared; all visitors are on %(stable)s"),
    "running": _("%(share)s\u00a0%% of all visitors meet %(version)s; everyone else stays on %(stable)s"),
    "taken-over": _("All visitors meet %(version)s; %(other)s still runs"),
    "rolling-back": _("All visitors are going back to %(stable)s; %(version)s had %(share)s\u00a0%%"),
    "rolled-back": _("All visitors are back on %(stable)s; the pods of %(version)s still run"),
    "finishing": _("All visitors meet %(version)s; %(loser)s is being taken offline"),
    "finished": _("All visitors meet %(version)s; %(loser)s is gone"),
}
FROZEN: Words = {
    "cluster-ahead": _(
        "The cluster is ahead of this database: %(object)s is at generation %(generation)s, "
        "the database knows %(known)s"
    ),
    "other-installation": _("%(object)s belongs to another installation (%(owner)s)"),
    "not-ours": _("%(object)s is there already and isn’t ours"),
    "edited-by-other": _("%(object)s was changed again and again by %(manager)s"),
    "service-gone": _("The service %(service)s is gone from the cluster"),
    "stable-gone": _("The workload %(workload)s of %(version)s is gone; it answers the visitors"),
}
WAITS: Words = {
    "writing": _("%(object)s to be written"),
    "settling": _("%(object)s to settle in every proxy, about %(seconds)s\u00a0s"),
    "pods-not-ready": _("Pods of %(workload)s: %(ready)s of %(needed)s ready"),
    "pod-trouble": _("Pods of %(workload)s: %(ready)s of %(needed)s ready. %(pod)s: %(reason)s. %(message)s"),
    "pods-settling": _("The %(ready)s ready pods of %(workload)s to settle, about %(seconds)s\u00a0s"),
    "verifying": _(
        "Traffic that shows the change from %(before)s\u00a0%% to %(share)s\u00a0%% for %(version)s; "
        "%(requests)s requests so far"
    ),
    "not-seen-yet": _(
        "%(version)s to reach %(share)s\u00a0%%: observed %(observed)s\u00a0%% (%(low)s–%(high)s), "
        "%(requests)s requests"
    ),
    "too-small": _(
        "Settling, about %(seconds)s\u00a0s: from %(before)s\u00a0%% to %(share)s\u00a0%% is too small "
        "a change to see for %(version)s"
    ),
    "no-traffic": _("Settling, about %(seconds)s\u00a0s: not seen, no traffic"),
    "no-metrics": _("Settling, about %(seconds)s\u00a0s: not seen, Prometheus does not answer (%(error)s)"),
    "draining": _("%(caller)s to send nothing to %(loser)s any more, about %(seconds)s\u00a0s"),
    "drain-unseen": _("%(caller)s, which can’t be seen: it may still send to %(loser)s"),
    "drain-blind": _(
        "About %(seconds)s\u00a0s: whether %(loser)s still gets requests can’t be seen (%(error)s)"
    ),
    "loser-leaving": _("%(pods)s pods of %(loser)s to end"),
    "other-versions": _("Pods of other versions behind this service to go: %(versions)s"),
}
NEXT: Words = {
    "will-pin": _("All visitors are pinned to %(stable)s"),
    "will-create": _("The workload %(workload)s is created"),
    "will-expose": _("%(version)s gets %(share)s\u00a0%% of all visitors"),
    "will-take-over": _("%(version)s takes over all traffic"),
    "will-remove": _("The workload %(workload)s is deleted"),
    "will-scale-down": _("The workload %(workload)s is scaled to 0"),
    "will-give-back": _("The routes of %(service)s are given back"),
    "person-moves": _(
        "Somebody moves the share of %(version)s or lets a version take over; nothing moves by itself"
    ),
    "person-finishes": _("Somebody finishes, which takes %(loser)s offline; nothing happens by itself"),
    "person-repairs": _("Somebody puts %(object)s right; nothing happens by itself"),
}
REFUSED: Words = {
    "release-over": _("This release is over: %(phase)s."),
    "take-over-first": _("First one version must take over."),
    "still-preparing": _("The new version isn’t ready for traffic yet."),
    "rolled-back-already": _("This release is rolled back already."),
    "finishing-already": _("This release is finishing already."),
    "frozen-now": _("Frozen: nothing may be raised until the reason is gone (%(code)s)."),
}
UNFIT: Words = {
    "no-service": _("There is no service %(service)s in the cluster."),
    "no-workload": _("No workload is behind %(service)s."),
    "not-a-deployment": _("%(workload)s is a %(kind)s; only Deployments can be released."),
    "no-version-label": _("The pods of %(workload)s have no label version."),
    "several-versions": _("Several versions run already: %(versions)s."),
    "no-sidecar": _("The pod %(pod)s has no sidecar, so no route reaches it."),
    "headless": _("%(service)s is headless: its callers choose a pod themselves, past every route."),
    "external-name": _("%(service)s only names another host, %(host)s."),
    "no-selector": _("%(service)s selects no pods."),
    "several-ports": _("%(service)s has %(count)s ports; only services with one can be released."),
    "not-http": _("Port %(port)s is %(protocol)s; a share can only be set for HTTP."),
    "release-exists": _("The release %(release)s is under way for it."),
    "named-by": _("%(object)s names it already (host %(host)s)."),
}
REMEDIES: Words = {
    "create-workload": _("Create a Deployment whose pods %(service)s selects."),
    "use-deployment": _("Run %(workload)s as a Deployment."),
    "add-version-label": _("Add the label version, for example v1, to the pods of %(workload)s."),
    "keep-one-version": _("Keep one of %(versions)s and remove the others."),
    "inject-sidecar": _("Turn on sidecar injection for %(namespace)s and restart the pods."),
    "make-cluster-ip": _("Give %(service)s a cluster IP."),
    "add-selector": _("Give %(service)s a selector."),
    "split-ports": _("Make a service of its own for each port of %(service)s."),
    "name-port-http": _("If it speaks HTTP, name port %(port)s http, or http-…"),
    "end-release": _("Finish %(release)s, or roll it back and finish it."),
    "remove-or-wait": _("Remove %(object)s if nobody needs it. Working beside it comes in a later version."),
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
    "bad-image": _("That is no image name. For example %(example)s."),
    "bad-env": _("%(name)s can’t be the name of a variable: letters, digits and _, no digit at the start."),
    "twice": _("%(name)s is there twice."),
    "too-small-number": _("At least %(least)s."),
    "no-container": _("The workload has no container %(container)s."),
}
REASONS: Words = {**NOW, **FROZEN, **WAITS, **NEXT, **REFUSED, **UNFIT, **REMEDIES, **FIELDS, **CONDITIONS}
"""One per code of `domain.reasons`; a test holds that the facts match."""


def sentence(code: str, facts: Mapping[str, Any]) -> str:
    """Say a reason in the reader's language. An unknown code is shown as it is, with its facts."""
    template = REASONS.get(code)
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
    if name in SHARES:
        return f"{fact / 10:.1f}".removesuffix(".0")
    return str(fact) if fact != "" else gettext("nothing")


SHARES = frozenset({"share", "before", "after", "low", "high", "observed"})
"""Facts in per mille; the sentence writes the percent sign."""
