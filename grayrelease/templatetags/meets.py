"""Sentences about who meets which version, and the choices of the wizard's conditions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django import template
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from grayrelease import meets as said
from grayrelease.domain.conditions import METHODS
from grayrelease.domain.plan import Audience, Exposure

register = template.Library()


@register.simple_tag
def meets(exposure: Exposure, candidate: str, stable: str) -> SafeString:
    """Say who meets which version, in a whole sentence."""
    return said.exposure(exposure, candidate, stable)


@register.filter
def in_short(exposure: Exposure) -> str:
    """Say an exposure in a few words."""
    return said.short(exposure)


@register.filter
def whom(audience: Audience) -> SafeString:
    """Say whom an audience means: `with cookie user = jason, or from iOS`."""
    return said.audience(audience)


@register.simple_tag
def kinds(chosen: str) -> SafeString:
    return _options(said.KINDS, chosen)


@register.simple_tag
def hows(chosen: str) -> SafeString:
    return _options(said.HOWS, chosen)


def _options(words: Mapping[str, Any], chosen: str) -> SafeString:
    rows = ((key, " selected" if key == chosen else "", word) for key, word in words.items())
    return format_html_join("", '<option value="{}"{}>{}</option>', rows)


@register.simple_tag
def systems() -> Iterable[tuple[str, str]]:
    return list(said.SYSTEMS.items())


@register.simple_tag
def methods() -> Iterable[str]:
    return METHODS
