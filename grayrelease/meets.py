"""Who meets which version, in plain words: exposures, audiences and steps as people read them."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.functional import Promise
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from grayrelease.domain.plan import ALL, Audience, Condition, Exposure, Group, Mirror, Step

SYSTEMS: dict[str, str] = {
    "windows": "Windows",
    "macos": "macOS",
    "linux": "Linux",
    "android": "Android",
    "ios": "iOS",
}
KINDS: dict[str, str | Promise] = {
    "cookie": _("Cookie"),
    "header": _("Header"),
    "url": _("URL"),
    "query": _("Parameter"),
    "method": _("Method"),
    "system": _("System"),
}
HOWS: dict[str, str | Promise] = {
    "exact": _("is exactly"),
    "prefix": _("begins with"),
    "regex": _("matches RE2"),
    "present": _("is there"),
    "absent": _("is not there"),
}
PHRASES: dict[tuple[str, str], str | Promise] = {
    ("cookie", "exact"): _("with cookie %(name)s = %(values)s"),
    ("cookie", "prefix"): _("with cookie %(name)s beginning with %(values)s"),
    ("cookie", "regex"): _("with cookie %(name)s like %(values)s"),
    ("cookie", "present"): _("with a cookie %(name)s"),
    ("cookie", "absent"): _("without a cookie %(name)s"),
    ("header", "exact"): _("with header %(name)s = %(values)s"),
    ("header", "prefix"): _("with header %(name)s beginning with %(values)s"),
    ("header", "regex"): _("with header %(name)s like %(values)s"),
    ("header", "present"): _("with a header %(name)s"),
    ("header", "absent"): _("without a header %(name)s"),
    ("query", "exact"): _("with parameter %(name)s = %(values)s"),
    ("query", "prefix"): _("with parameter %(name)s beginning with %(values)s"),
    ("query", "regex"): _("with parameter %(name)s like %(values)s"),
    ("query", "present"): _("with a parameter %(name)s"),
    ("url", "exact"): _("to the path %(values)s"),
    ("url", "prefix"): _("to paths beginning with %(values)s"),
    ("url", "regex"): _("to paths like %(values)s"),
    ("method", "exact"): _("by %(values)s"),
    ("system", "exact"): _("from %(values)s"),
}


def _bold(text: object) -> SafeString:
    return format_html("<b>{}</b>", text)


def _fill(template: str, **facts: str) -> SafeString:
    """Put facts into a translated sentence; what isn't safe already is escaped."""
    return mark_safe(template % {name: conditional_escape(fact) for name, fact in facts.items()})


def _joined(parts: Iterable[str], word: str) -> SafeString:
    return mark_safe(word.join(conditional_escape(part) for part in parts))


def condition(each: Condition) -> SafeString:
    """Say one condition: `with cookie user = jason`."""
    said = [SYSTEMS.get(value, value) for value in each.values]
    values = _joined([_bold(value) for value in said], gettext(" or "))
    phrase = _fill(str(PHRASES[each.on, each.how]), name=_bold(each.name), values=values)
    return _fill(gettext("%(said)s (upper or lower case)"), said=phrase) if each.ignore_case else phrase


def group(each: Group) -> SafeString:
    return _joined([condition(one) for one in each.conditions], gettext(" and "))


def audience(each: Audience) -> SafeString:
    """Say whom an audience means: `with cookie user = jason, or to paths beginning with /api`."""
    return _joined([group(one) for one in each.groups], gettext(", or "))


def percent(permille: int) -> str:
    space = "" if (get_language() or "").startswith("zh") else "\u00a0"
    return f"{permille / 10:.1f}".removesuffix(".0") + f"{space}%"


def exposure(each: Exposure, candidate: str, stable: str, *, elsewhere: str = "") -> SafeString:
    """Say who meets which version; `elsewhere` names where copies go if not to the candidate."""
    facts = {"candidate": _bold(candidate), "stable": _bold(stable)}
    said = _mirrored(each.mirror, elsewhere, **facts) if each.mirror else _met(each, **facts)
    if not each.sticky:
        return said
    stays = gettext("A visitor stays with the version that they were given.")
    return format_html("{} {}", said, stays)


def _met(each: Exposure, **facts: SafeString) -> SafeString:
    share = _bold(percent(each.share))
    if each.audience and each.share:
        who = audience(each.audience)
        text = (
            gettext("Requests %(who)s meet %(candidate)s; everyone else stays on %(stable)s.")
            if each.share == ALL
            else gettext(
                "%(share)s of the requests %(who)s meet %(candidate)s; everyone else stays on %(stable)s."
            )
        )
        return _fill(text, who=who, share=share, **facts)
    if not each.share:
        text = gettext("All visitors stay on %(stable)s; %(candidate)s runs without visitors.")
    elif each.share == ALL:
        text = gettext("All visitors meet %(candidate)s; %(stable)s stands ready.")
    else:
        text = gettext("%(share)s of all visitors meet %(candidate)s; everyone else stays on %(stable)s.")
    return _fill(text, share=share, **facts)


def _mirrored(mirror: Mirror, elsewhere: str, **facts: SafeString) -> SafeString:
    to = _bold(elsewhere) if mirror.to and elsewhere else _bold(mirror.to.host) if mirror.to else None
    text = gettext(
        "%(stable)s answers all visitors. %(to)s gets a copy of %(what)s; its answers are thrown away."
    )
    return _fill(text, stable=facts["stable"], to=to or facts["candidate"], what=_copied(mirror))


def _copied(mirror: Mirror) -> SafeString:
    share = _bold(percent(mirror.share))
    if mirror.share == ALL:
        text = gettext("each GET and HEAD request") if mirror.get_only else gettext("each request")
        return _bold(text)
    reads = gettext("%(share)s of the GET and HEAD requests")
    return _fill(reads if mirror.get_only else gettext("%(share)s of the requests"), share=share)


def short(each: Exposure) -> str:
    """Say an exposure in a few words: `20 % of all visitors`."""
    share = percent(each.share)
    if each.mirror:
        return gettext("copies: %(share)s") % {"share": percent(each.mirror.share)}
    if each.audience and each.share:
        return (
            gettext("these requests")
            if each.share == ALL
            else gettext("%(n)s of these requests") % {"n": share}
        )
    if not each.share:
        return gettext("no visitors")
    return gettext("all visitors") if each.share == ALL else gettext("%(n)s of all visitors") % {"n": share}


def gate(each: Step) -> str:
    """Say what begins the step after this one."""
    if each.gate == "time":
        return gettext("by itself after %(time)s") % {"time": span(each.seconds)}
    return gettext("when somebody presses Continue")


def span(seconds: int) -> str:
    """Write a time to wait: `15 min`, `1 h 30 min`, `30 s`."""
    if seconds < 60:
        return gettext("%(n)s s") % {"n": seconds}
    hours, minutes, rest = seconds // 3600, seconds % 3600 // 60, seconds % 60
    if not hours and rest:
        return gettext("%(m)s min %(s)s s") % {"m": minutes, "s": rest}
    if not hours:
        return gettext("%(n)s min") % {"n": minutes}
    return gettext("%(h)s h %(m)s min") % {"h": hours, "m": minutes}


def strategy(mode: str, first: Exposure) -> str:
    """Name what people chose: the mode, and for a canary whom it begins with."""
    if mode == "blue-green":
        return gettext("Blue-green")
    if mode == "mirror":
        return gettext("Traffic mirroring")
    return gettext("Canary by request") if first.audience else gettext("Canary by share")
