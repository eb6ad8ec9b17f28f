"""Routes that are there already: expanded by the route table, and collapsed at the end (SAFETY §4)."""

from __future__ import annotations
