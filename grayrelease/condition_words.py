"""The words for what is wrong with conditions on requests, with steps, and with where copies go."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

CONDITIONS: Mapping[str, str | Promise] = {
    "audience-empty": _("Say whom you mean: without a condition it would be everyone."),
    "group-empty": _("Give it a condition, or take it away: without one it would be everyone."),
    "too-many": _("At most %(limit)s."),
    "too-many-cookies": _("At most %(limit)s cookies together; use another “or” for more."),
    "condition-twice": _(
        "This is asked above already, and the mesh asks each thing once. For one of several values, write "
        "each on a line of its own."
    ),
    "value-twice": _("A value is there twice."),
    "matches-everyone": _(
        "Every visitor meets this. For everyone choose a share of all visitors: it can be moved."
    ),
    "together-everyone": _(
        "Together these conditions take every visitor. For everyone choose a share of all visitors: it can "
        "be moved."
    ),
    "how-impossible": _("That can’t be asked of this."),
    "our-cookie": _("Cookies that begin with gr- are ours: they keep visitors at their version."),
    "bad-cookie-name": _("No blanks, no “=”, no “;”. For example %(example)s."),
    "bad-cookie-value": _("No “;”, no comma or quotation mark at the ends, no blank at the ends."),
    "cookie-as-header": _(
        "Choose “Cookie” instead: the whole header is different as soon as a visitor has a second cookie."
    ),
    "no-such-header": _("%(name)s is no header that can be asked; for paths and methods there are others."),
    "bad-header-name": _("Letters, digits, - and _. For example %(example)s."),
    "bad-header-value": _("Only what can be printed, and no blank at the ends: these are never sent."),
    "not-encoded": _("Write it as it is sent: other signs, blanks and 中文 as %%XX."),
    "path-slash": _("It begins with a slash, for example %(example)s."),
    "path-query": _("The path ends at the “?”. Use a condition on a parameter for what follows."),
    "path-dots": _("No “.” or “..” between slashes: they are gone before anything is compared."),
    "bad-method": _("One of the methods, in capitals, for example %(example)s."),
    "regex-look-around": _(
        "Look-ahead and look-behind (?=…), (?!…), (?<=…) don’t exist in RE2, which proxies use. Say what "
        "shall match instead."
    ),
    "regex-back-reference": _("\\1 and the like don’t exist in RE2, which proxies use. Write it out."),
    "regex-wrong": _("That is no RE2 pattern: %(error)s."),
    "regex-too-big": _("The pattern is too big for proxies. Repeat less, or use a prefix."),
    "regex-past-cookie": _(
        "It could match beyond the end of the cookie: leave out “;”, ranges that have it in them, \\x.. and "
        "^ or $ in the middle."
    ),
    "bad-first-share": _("A whole number from 0 to 100, for example 20."),
    "bad-share": _("A whole number from 1 to 100, for example 50."),
    "bad-minutes": _("Minutes to wait, for example %(example)s; at most 30 days."),
    "no-steps": _("Give it a step, or choose to go on by hand."),
    "step-order": _("Once all visitors are concerned, later steps concern all of them too."),
    "step-larger": _("More than the step before, which has %(before)s\u00a0%%; at most 100."),
    "step-after-all": _("The step before has all of them already. Take this one away."),
    "bad-steps": _("The traffic policy isn’t complete."),
    "bad-host": _("The whole name of a host outside the cluster, for example %(example)s."),
    "bad-port": _("A port’s number, for example %(example)s."),
    "copy-to-itself": _("The copies would go back to the same service."),
    "no-such-port": _("%(service)s has no such port; it has %(ports)s."),
    "no-service-entry": _(
        "No ServiceEntry makes %(host)s known to the mesh. Without one no copy would arrive: add one first."
    ),
}
