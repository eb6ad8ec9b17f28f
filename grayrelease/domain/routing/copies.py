"""The names of routes that are copies: whose they are, and of which route (SAFETY §4).

`gr~reviews~7.c0~1`: for reviews, the rule 7.c0 of its table, before the second route that leads to reviews. A
copy of another service's copy is of both: `gr~ratings~9~0+reviews~7~0`.
"""

from __future__ import annotations

from typing import Any

from grayrelease.domain.plan import Manifest

COPY = "gr~"
"""How the names of routes that are copies begin."""
KINDS = ("http", "tcp", "tls")
_AND = "+"


def copy_name(service: str, key: str, number: int, of: str = "") -> str:
    """Return the name of a copy; `of`: that of another service's copy which it is a copy of."""
    return COPY + _AND.join(sorted([f"{service}~{key}~{number}", *_layers(of)]))


def is_copy(route: dict[str, Any]) -> bool:
    """Tell if a route is a copy."""
    return str(route.get("name", "")).startswith(COPY)


def copied_for(name: str) -> dict[str, str]:
    """Return the services for which a route was copied, with the keys of their rules; none: a user's route.

    The service is "" in the names that were given when an object carried one service's exposures alone.
    """
    parts = [layer.split("~") for layer in _layers(name)]
    return {"~".join(part[:-2]): part[-2] if len(part) > 1 else "" for part in parts}


def _layers(name: str) -> list[str]:
    return name.removeprefix(COPY).split(_AND) if name.startswith(COPY) else []


def in_words_of_today(manifest: Manifest, service: str) -> None:
    """Name a service's copies by it too, where they aren't yet."""
    for route in (manifest.get("spec") or {}).get("http") or []:
        if copied_for(str(route.get("name", ""))).keys() == {""}:
            route["name"] = f"{COPY}{service}~{route['name'].removeprefix(COPY)}"
