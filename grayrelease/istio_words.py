"""The words for what Istio refuses in an object (`path` is the field), and for what can't be tested."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

ISTIO: Mapping[str, str | Promise] = {
    "istio-host": _("%(path)s: “%(value)s” is no host name."),
    "istio-host-everything": _("%(path)s: “*” is only possible at a gateway; inside the mesh name a host."),
    "istio-hosts-overlap": _("hosts: %(value)s and %(other)s are the same, or one covers the other."),
    "istio-delegate": _("%(path)s: a VirtualService without hosts only lends HTTP rules; take this away."),
    "istio-nested": _("%(path)s: rules that are lent can’t borrow others themselves."),
    "istio-no-rules": _("It has no rules: http, tcp or tls is needed."),
    "istio-no-action": _("%(path)s: says nothing to do: route, redirect or directResponse is needed."),
    "istio-together": _("%(path)s: %(one)s and %(other)s can’t stand together."),
    "istio-missing": _("%(path)s: this is needed, and must not be empty."),
    "istio-twice": _("%(path)s: %(value)s is there twice."),
    "istio-name": _("%(path)s: “%(value)s”: letters, digits and dashes only, at most 63, no dot or blank."),
    "istio-label": _("%(path)s: “%(value)s” can’t be (part of) a label."),
    "istio-choice": _("%(path)s: “%(value)s” isn’t possible here."),
    "istio-range": _("%(path)s: %(value)s isn’t between %(least)s and %(most)s."),
    "istio-duration": _(
        "%(path)s: “%(value)s”: at least 1\u00a0ms, and nothing finer. For no limit leave it out."
    ),
    "istio-regex": _("%(path)s: “%(value)s” is no RE2 pattern (%(error)s)."),
    "istio-regex-long": _("%(path)s: the pattern is too long; at most %(limit)s characters."),
    "istio-header-name": _("%(path)s: “%(value)s” is no header name."),
    "istio-header-fixed": _("%(path)s: “%(value)s” can’t be changed."),
    "istio-header-value": _("%(path)s: “%(value)s” can’t be a header’s value; for a %% write %%%%."),
    "istio-no-weight": _("%(path)s: all weights are 0 or missing, so nobody would get anything."),
    "istio-no-attempts": _("%(path)s: without attempts nothing else can be said about retries."),
}
PASTED: Mapping[str, str | Promise] = {
    "paste-neither": _("That is neither a URL nor a curl command."),
    "paste-quotes": _("A quotation mark is missing in the command."),
    "paste-no-value": _("%(option)s needs a value."),
    "paste-option": _("%(option)s is not understood; take it away if it doesn’t matter."),
    "paste-no-url": _("There is no http or https URL in it."),
}
