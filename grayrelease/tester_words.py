"""What the route tester says: why a rule did not match, what comes of a request, what doesn't count."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from grayrelease.domain.evaluate import Failed
from grayrelease.domain.evaluate.answer import CALLER_SIDE

Words = Mapping[str, "str | Promise"]

WHAT: Words = {
    "uri": _("the path"),
    "header": _("the header %(name)s"),
    "no-header": _("the header %(name)s"),
    "query": _("the parameter %(name)s"),
    "method": _("the method"),
    "authority": _("the host"),
    "scheme": _("the scheme"),
    "sni": _("the server name"),
    "port": _("the port"),
    "sourceLabels": _("the caller’s label %(name)s"),
    "sourceNamespace": _("the caller’s namespace"),
    "gateways": _("the gateway"),
}
MUST: Words = {
    "exact": _("%(what)s must be exactly %(asked)s"),
    "prefix": _("%(what)s must begin with %(asked)s"),
    "path-prefix": _("%(what)s must be %(asked)s or below it"),
    "suffix": _("%(what)s must end with %(asked)s"),
    "regex": _("%(what)s must match %(asked)s"),
    "present": _("%(what)s must be there"),
}
MUST_NOT: Words = {
    "exact": _("%(what)s must not be %(asked)s"),
    "prefix": _("%(what)s must not begin with %(asked)s"),
    "suffix": _("%(what)s must not end with %(asked)s"),
    "regex": _("%(what)s must not match %(asked)s"),
    "present": _("%(what)s must not be there"),
}
CAUSES: Words = {
    "not-visible": _("it isn’t exported to the caller’s namespace"),
    "not-bound": _("it isn’t bound to this gateway, or not to the mesh"),
    "older-counts": _("%(other)s is older, and the oldest one counts"),
    "route-counts": _("%(other)s, an HTTPRoute, counts instead"),
    "not-for-caller": _("no rule of it is for this caller or port"),
    "host-unknown": _("the mesh doesn’t know this host"),
}
"""Why an object that names the host doesn't count."""
REASONS: Words = {
    "NR": _("no rule takes it: the proxy answers %(status)s itself"),
    "NC": _("the rule names a subset or service that isn’t there: %(status)s"),
    "UH": _("no pod of it is ready: %(status)s"),
    "FI": _("the rule breaks it on purpose (fault injection): %(status)s"),
    "DI": _("the rule holds it back on purpose (fault injection)"),
    "URX": _("tried again until the tries were used up"),
    "cors_response": _("the proxy answers the CORS preflight itself: %(status)s"),
}


def failed(each: Failed) -> SafeString:
    """Say what a rule asked for and what the request has instead."""
    table = MUST_NOT if each.where == "no-header" else MUST
    what = str(WHAT.get(each.where, each.where)) % {"name": each.name}
    template = str(table.get(each.asked.kind, MUST["exact"]))
    return format_html("{}; {}", _filled(template, what, each.asked.value), _had(each))


def _filled(template: str, what: str, asked: str) -> SafeString:
    said = template % {"what": conditional_escape(what), "asked": format_html("<code>{}</code>", asked)}
    return mark_safe(said[:1].upper() + said[1:])  # its parts are escaped above


def _had(each: Failed) -> SafeString:
    caller = each.where in CALLER_SIDE
    if not each.had:
        return format_html(
            "{}", gettext("the caller has none") if caller else gettext("the request has none")
        )
    values = mark_safe(", ".join(format_html("<code>{}</code>", value) for value in each.had))
    text = gettext("the caller has %(had)s") if caller else gettext("the request has %(had)s")
    return mark_safe(text % {"had": values})


def reason(code: str, status: int | None) -> str:
    """Say what became of a request that no version answered as usual; an unknown code as it is."""
    known = [str(REASONS[part]) % {"status": status} for part in code.split(",") if part in REASONS]
    return "; ".join(known) or f"{code} {status or ''}".strip()
