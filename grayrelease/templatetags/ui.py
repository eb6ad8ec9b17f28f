"""Small things that every page draws the same way: icons, chips, versions, shares, ages."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Any

from django import template
from django.conf import settings
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext, ngettext

from grayrelease import failing_words, words
from grayrelease.domain import failing as kinds
from grayrelease.domain.state import Reason

register = template.Library()
NO_BREAK = "\u00a0"
COUNTING_DOWN = '<span data-left="{}" data-units="{}">{}</span>'
INKS = {"candidate": "ca", "third": "th"}
LONGEST = 16
"""Letters that a box of the route picture has room for."""
COUNTING = '<span data-age="{}" data-limit="0" data-fresh="{{}}" data-old="{{}}" data-units="{}">{}</span>'


@register.simple_tag
def icon(name: str, tone: str = "") -> SafeString:
    """Draw one of the vendored icons; the words stand beside it, so it is hidden from readers."""
    return _icon(name, tone, static("vendor/icons.svg"))


@cache  # a page draws dozens, out of few
def _icon(name: str, tone: str, file: str) -> SafeString:
    classes = f" {tone}" if tone else ""
    return format_html('<svg class="i{}" aria-hidden="true"><use href="{}#i-{}"/></svg>', classes, file, name)


@register.filter
def percent(permille: int) -> str:
    """Write a share as people read it: `20 %`, `19.4 %`; Chinese without the space."""
    space = "" if (get_language() or "").startswith("zh") else NO_BREAK
    return f"{number(permille)}{space}%"


@register.filter
def number(permille: int) -> str:
    """Write per mille as percent without the sign: `20`, `19.4`."""
    return f"{permille / 10:.1f}".removesuffix(".0")


@register.filter
def tenths(permille: int) -> str:
    """Write per mille as percent with one decimal, so that the ends of an interval align."""
    return f"{permille / 10:.1f}"


@register.filter
def percent_or_none(permille: Any) -> str:
    """Write a share that may be missing; a template gives "" for what isn't there."""
    return percent(permille) if isinstance(permille, int) else ""


@register.filter
def share_or(typed: Any, default: int) -> int:
    """Return what was typed as percent in per mille, or the default in percent where it is no share."""
    text = str(typed)
    good = text.isascii() and text.isdecimal() and int(text) <= 100
    return 10 * (int(text) if good else default)


@register.filter
def rest(permille: int) -> int:
    return 1000 - permille


@register.filter
def thickness(permille: int) -> str:
    """Return how wide a line of the route picture is, in its own units; a share of nothing has no line."""
    return str(-(-permille * 9 // 1000))


@register.simple_tag
def version(name: str, role: str = "", *, label: bool = True) -> SafeString:
    """Draw a version: square for stable, circle for a candidate, and the role in words."""
    small = format_html("<small>{}</small>", words.ROLES[role]) if role and label else ""
    return format_html('<span class="ver {}">{}{}</span>', role or "stable", name, small)


@register.filter
def role_word(role: str) -> str:
    return str(words.MEMBERS.get(role, role))


@register.inclusion_tag("ui/phase.html")
def phase_chip(phase: str) -> dict[str, Any]:
    tone, picture = words.PHASE_LOOKS[phase]
    return {"tone": tone, "icon": picture, "word": words.PHASES[phase]}


@register.filter
def sentence(reason: Any) -> str:
    """Say a reason, as it is stored (`[code, facts]`) or as the domain gives it, in the reader's language."""
    if not reason:
        return ""
    if isinstance(reason, Reason):
        return words.sentence(reason.code, reason.facts)
    code, facts = reason
    return words.sentence(code, facts)


@register.filter
def failing(error: str) -> Reason:
    """Return what kind of failure an error of the cluster is."""
    return kinds.failing(error)


@register.filter
def failing_remedy(code: str) -> str:
    """Say what a person can do about a kind of failure."""
    return str(failing_words.REMEDIES[code])


@register.filter
def span(seconds: float) -> str:
    """Write a length of time in at most two units: `1.8 s`, `45 s`, `7 min 34 s`, `3 h 38 min`."""
    if seconds < 9.95:
        return gettext("%(n)s s") % {"n": f"{seconds:.1f}".removesuffix(".0")}
    whole = round(seconds)
    if whole < 60:
        return gettext("%(n)s s") % {"n": whole}
    if whole < 3600:
        return gettext("%(m)s min %(s)s s") % {"m": whole // 60, "s": whole % 60}
    if whole < 48 * 3600:
        return gettext("%(h)s h %(m)s min") % {"h": whole // 3600, "m": whole % 3600 // 60}
    days = whole // 86400
    return ngettext("%(n)s day", "%(n)s days", days) % {"n": days}


@register.filter
def since(at: datetime | None) -> float:
    """Return the seconds since a moment; 0 where there was none."""
    return 0.0 if at is None else max(0.0, (timezone.now() - at).total_seconds())


@register.simple_tag
def counting(at: datetime | None) -> SafeString:
    """Write the time since a moment; the browser counts on."""
    seconds = since(at)
    shown = span(seconds if seconds < 60 else round(seconds))
    units = gettext("{} s,{} min {} s")
    return format_html(COUNTING, f"{seconds:.1f}", units, shown)


@register.simple_tag
def counting_down(at: datetime | None) -> SafeString:
    """Write the time until a moment; the browser counts down."""
    seconds = 0.0 if at is None else max(0.0, (timezone.now() - at).total_seconds() * -1)
    return format_html(COUNTING_DOWN, f"{seconds:.1f}", gettext("{} s,{} min {} s"), span(round(seconds)))


@register.filter
def ago(at: datetime | None) -> str:
    """Say how long ago something was, in one unit."""
    if at is None:
        return "–"
    seconds = max(0, round((timezone.now() - at).total_seconds()))
    if seconds < 60:
        return gettext("%(age)s ago") % {"age": gettext("%(n)s s") % {"n": seconds}}
    if seconds < 3600:
        return gettext("%(age)s ago") % {"age": gettext("%(n)s min") % {"n": seconds // 60}}
    if seconds < 48 * 3600:
        return gettext("%(age)s ago") % {"age": gettext("%(n)s h") % {"n": seconds // 3600}}
    return gettext("%(age)s ago") % {"age": span(seconds)}


@register.inclusion_tag("ui/live.html")
def live(source: str, at: datetime | None) -> dict[str, Any]:
    """Say how old something is; the browser counts on. `source` names what a poll refreshes."""
    age = None if at is None else max(0.0, (timezone.now() - at).total_seconds())
    return {
        "source": source,
        "age": age,
        "whole": age and int(age),
        "old": age is None or age > settings.STALE_AFTER_S,
        "limit": settings.STALE_AFTER_S,
    }


@register.inclusion_tag("ui/share.html")
def share_bar(row: Any, bar: int = 8) -> dict[str, Any]:
    """Draw the set share as a bar, and below it what was observed with its interval."""
    observed = row.observed if row.observed and row.observed.seen else None
    return {"set": row.share, "observed": observed, "label": share_label(row), **_heights(bar, observed)}


@register.inclusion_tag("ui/share.html")
def plain_bar(share: int, label: str, bar: int = 8, follow: bool = False) -> dict[str, Any]:
    """Draw a share that is only set, as in a dialog; `follow` lets it move with the slider."""
    heights = _heights(bar, None)
    return {"set": share, "observed": None, "label": label or percent(share), "follow": follow, **heights}


@register.inclusion_tag("ui/copies.html")
def copies_bar(share: int, stable: str, bar: int = 14) -> dict[str, Any]:
    """Draw copies: a dashed line under a whole bar, since a copy is no share of the answers."""
    texts = {"stable": stable, "share": percent(share)}
    label = gettext("%(stable)s answers all of it; %(share)s is copied.") % texts
    return {"share": share, "bar": bar, "label": label, "height": bar + 8, "line": bar + 5}


@register.inclusion_tag("ui/chance.html")
def chance_bar(share: int, role: str, name: str) -> dict[str, Any]:
    """Draw how likely one version is, in the colour of its role."""
    return {"share": share, "ink": INKS.get(role, "st"), "label": f"{name} {percent(share)}"}


@register.filter
def ink(role: str) -> str:
    """Return the class that colours a line of the route picture; stable's is the usual one."""
    return INKS.get(role, "")


@register.filter
def clipped(name: str) -> str:
    """Cut a name to what its box has room for; a host keeps its beginning and its port."""
    if len(name) <= LONGEST:
        return name
    host, colon, port = name.rpartition(":")
    tail = colon + port if colon else ""
    return f"{(host or name)[: LONGEST - len(tail) - 1]}…{tail}"


def _heights(bar: int, observed: object | None) -> dict[str, int]:
    middle = bar + 8
    return {
        "bar": bar,
        "height": middle + 6 if observed else bar,
        "middle": middle,
        "top": middle - 3,
        "bottom": middle + 3,
    }


def share_label(row: Any) -> str:
    """Say in words what the bar draws."""
    texts = {
        "candidate": row.release.candidate,
        "stable": row.release.stable,
        "set": percent(row.share),
        "rest": percent(1000 - row.share),
    }
    said = gettext("Set: %(candidate)s %(set)s, %(stable)s %(rest)s.") % texts
    if row.observed and row.observed.seen:
        seen = {"n": percent(row.observed.share), "low": number(row.observed.low)}
        seen["high"] = percent(row.observed.high)
        said += " " + gettext("Observed: %(n)s, between %(low)s and %(high)s.") % seen
    return said


@register.filter
def lookup(mapping: dict[str, Any], key: str) -> Any:
    """Read a key that is only known at run time."""
    return mapping.get(key)
