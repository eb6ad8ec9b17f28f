"""What a release says of itself: what visitors get, what is awaited, what comes next, what can't be done."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Words = Mapping[str, "str | Promise"]

NOW: Words = {
    "preparing": _("%(version)s is being prepared; all visitors are on %(stable)s"),
    "running": _("%(share)s\u00a0%% of all visitors meet %(version)s; everyone else stays on %(stable)s"),
    "taken-over": _("All visitors meet %(version)s; %(other)s still runs"),
    "rolling-back": _("All visitors are going back to %(stable)s; %(version)s had %(share)s\u00a0%%"),
    "rolled-back": _("All visitors are back on %(stable)s; the pods of %(version)s still run"),
    "finishing": _("All visitors meet %(version)s; %(loser)s is being taken offline"),
    "finished": _("All visitors meet %(version)s; %(loser)s is gone"),
    "abandoning": _("%(version)s is being given up; it gets nothing, all visitors are on %(stable)s"),
    "abandoned": _("%(version)s was given up; all visitors are on %(stable)s"),
    "running-audience": _(
        "%(share)s\u00a0%% of the chosen visitors meet %(version)s; everyone else stays on %(stable)s"
    ),
    "mirroring": _(
        "%(share)s\u00a0%% of the requests are copied to %(to)s; all visitors get answers of %(stable)s"
    ),
    "mirroring-reads": _(
        "%(share)s\u00a0%% of the GET and HEAD requests are copied to %(to)s; all visitors get answers of "
        "%(stable)s"
    ),
    "paused": _("Paused: %(share)s\u00a0%% meet %(version)s; everyone else stays on %(stable)s"),
    "forgotten": _(
        "%(version)s was forgotten: the cluster is as it was left, and what visitors meet is what the routes "
        "there say"
    ),
    "stable-changed": _(
        "The release %(release)s has made %(version)s the stable version; nobody meets this one until "
        "somebody sets its exposure anew"
    ),
    "held-pods": _("Held at %(share)s\u00a0%%: %(workload)s has %(ready)s of %(pods)s pods"),
    "held-trouble": _("Held at %(share)s\u00a0%%: %(workload)s has %(ready)s of %(pods)s pods (%(reason)s)"),
    "held-recovered": _(
        "Held at %(share)s\u00a0%%: %(workload)s had too few pods; %(ready)s of %(pods)s are ready again"
    ),
}
COPIES: Words = {
    "preparing": _("The copies are being prepared; all visitors are on %(stable)s"),
    "rolling-back": _("The copies are being stopped; all visitors stay on %(stable)s"),
    "rolled-back": _("Nothing is copied any more; all visitors are on %(stable)s"),
    "finishing": _("The copies are ended, the routes are being given back; all visitors are on %(version)s"),
    "finished": _("The copies are ended; all visitors are on %(version)s"),
    "abandoning": _("The copies are being ended; all visitors are on %(stable)s"),
    "forgotten": _("The release was forgotten: the cluster is as it was left"),
    "abandoned": _("The copies are ended; all visitors are on %(stable)s"),
    "person-finishes": _("Somebody finishes, which gives the routes back; nothing happens by itself"),
}
"""The same of a release that brings no version."""
FROZEN: Words = {
    "cluster-ahead": _(
        "The cluster is ahead of this database: %(object)s is at generation %(generation)s, "
        "the database knows %(known)s"
    ),
    "other-installation": _("%(object)s belongs to another installation (%(owner)s)"),
    "not-ours": _("%(object)s is there already and isn’t ours"),
    "edited-by-other": _("%(object)s was changed by %(manager)s"),
    "repaired-in-vain": _(
        "%(object)s was changed again and again by %(manager)s; it was put right three times and is left now"
    ),
    "service-gone": _("The service %(service)s is gone from the cluster"),
    "led-away": _("No route leads to %(service)s any more: somebody sends its visitors elsewhere"),
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
    "remove-from-git": _(
        "%(workload)s to be removed from Git, where %(holder)s keeps it (%(part)s): taken here, it would "
        "come back. Visitors stay pinned to the other version until then"
    ),
    "remove-from-chart": _(
        "%(workload)s to be removed from the chart %(part)s, with which Helm keeps it: taken here, the next "
        "upgrade would bring it back. Visitors stay pinned to the other version until then"
    ),
    "loser-comes-back": _(
        "%(workload)s to stay away: it was scaled to 0 %(times)s times, and %(manager)s brought its pods "
        "back each time. Visitors stay pinned to the other version until then"
    ),
    "callers-new": _(
        "%(callers)s, between browsers and %(service)s, may drop visitors’ cookies, and nobody has vouched "
        "for it: run manage.py sticky_test at a page that comes that way, then vouch on the release’s page"
    ),
    "callers-unknown": _(
        "Prometheus doesn’t say who calls %(service)s now: run manage.py sticky_test, then vouch on the "
        "release’s page that cookies are handed on"
    ),
    "base-changed": _("The routes of %(service)s have changed since this was reviewed"),
    "falls-soon": _(
        "Pods of %(version)s: %(ready)s of the %(needed)s that its share needs are ready; in about "
        "%(seconds)s\u00a0s it falls to %(share)s\u00a0%%"
    ),
}
ALARMS: Words = {
    "stable-unready": _(
        "%(workload)s has %(ready)s of %(pods)s pods: %(version)s can’t answer, and rolling back now would "
        "fail every request"
    ),
    "stable-trouble": _(
        "%(workload)s has %(ready)s of %(pods)s pods (%(reason)s): %(version)s can’t answer, and rolling "
        "back now would fail every request"
    ),
    "both-short": _(
        "%(version)s has %(ready)s of the %(needed)s pods that its share needs, and %(stable)s can’t carry "
        "more either: nothing falls by itself"
    ),
}
NEXT: Words = {
    "will-pin": _("All visitors are pinned to %(stable)s"),
    "will-create": _("The workload %(workload)s is created"),
    "will-bring-again": _("The workload %(workload)s, which stands at 0 pods, is brought again"),
    "will-expose": _("%(version)s gets %(share)s\u00a0%% of all visitors"),
    "will-take-over": _("%(version)s takes over all traffic"),
    "will-remove": _("The workload %(workload)s is deleted"),
    "will-scale-down": _("The workload %(workload)s is scaled to 0"),
    "will-give-back": _("The routes of %(service)s are given back"),
    "will-expose-audience": _("%(version)s gets %(share)s\u00a0%% of the chosen visitors"),
    "will-mirror": _("%(share)s\u00a0%% of the requests are copied to %(to)s"),
    "will-mirror-reads": _("%(share)s\u00a0%% of the GET and HEAD requests are copied to %(to)s"),
    "will-stay-pinned": _("Both versions run on; the routes of %(service)s stay pinned"),
    "step-due": _("In %(at)s: %(version)s gets %(share)s\u00a0%%"),
    "person-continues": _("Somebody continues: then %(version)s gets %(share)s\u00a0%%"),
    "person-resumes": _("Somebody resumes: then %(version)s gets %(share)s\u00a0%%"),
    "person-moves": _(
        "Somebody moves the share of %(version)s or lets a version take over; nothing moves by itself"
    ),
    "person-raises": _("Somebody raises the share of %(version)s again; nothing rises by itself"),
    "person-ends": _("Somebody ends it; nothing happens by itself"),
    "person-prunes": _(
        "Somebody removes %(workload)s from the repository of %(part)s and lets %(holder)s sync with "
        "pruning; then it goes on by itself"
    ),
    "person-upgrades": _(
        "Somebody removes %(workload)s from the chart %(part)s and runs helm upgrade; then it goes on by "
        "itself"
    ),
    "person-stops": _(
        "Somebody stops %(manager)s from scaling %(workload)s up, and finishes once more; if its pods go by "
        "themselves, it goes on by itself"
    ),
    "person-finishes": _("Somebody finishes, which takes %(loser)s offline; nothing happens by itself"),
    "person-agrees": _(
        "Somebody goes on with the routes of %(service)s as they are now, or abandons the release; if they "
        "are put back, it starts by itself"
    ),
    "person-repairs": _("Somebody puts %(object)s right; nothing happens by itself"),
}
REFUSED: Words = {
    "release-over": _("This release is over: %(phase)s."),
    "take-over-first": _("First one version must take over."),
    "still-preparing": _("The new version isn’t ready for traffic yet."),
    "rolled-back-already": _("This release is rolled back already."),
    "finishing-already": _("This release is finishing already."),
    "frozen-now": _("Frozen: nothing may be raised until what is said above is put right."),
    "abandoning-already": _("This release is being abandoned already."),
    "no-room": _(
        "No room: the release %(release)s has %(share)s\u00a0%%. Lower that first; all of them together "
        "can’t have more than everyone."
    ),
    "no-candidate": _("This release brings no version that could take over."),
    "no-more-steps": _("There is no further step."),
    "paused-already": _("This release is paused already."),
    "not-paused": _("This release isn’t paused."),
    "stable-moved": _(
        "Since it was reviewed the stable version became %(stable)s instead of %(version)s. Review it again."
    ),
    "nothing-sticky": _("This release keeps nobody by cookie."),
    "asks-nothing": _("This release doesn’t ask about routes."),
    "nothing-edited": _("Nobody else has changed what this release wrote into the routes."),
    "base-moved": _("The routes of %(service)s have changed again since your page was drawn. Look again."),
}
