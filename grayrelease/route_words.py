"""Sentences for routes and rules that are there already: why an exposure can't be written into them."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

ROUTES: Mapping[str, str | Promise] = {
    "cannot-intersect": _(
        "Your route %(route)s in %(object)s looks at %(field)s already, and no single match can say both. "
        "Choose another condition, or change that route."
    ),
    "weights-too-large": _("The weights of route %(route)s in %(object)s are too large to be split."),
    "audiences-meet": _(
        "A release of %(service)s looks at %(field)s on the same route %(route)s in %(object)s, and no "
        "single match can say both. Choose another condition, or finish that release first."
    ),
    "subset-taken": _("%(object)s has a subset %(subset)s of its own. Give it another name."),
}
