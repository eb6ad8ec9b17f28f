"""What may happen in a story, as data."""

from __future__ import annotations

from collections.abc import Callable

Act = tuple[str, int, int]
"""What, for which release (0: none), and a choice: of a share, an order, tenths of a second."""
Do = Callable[[Act], bool]
"""Lets something happen, and notes that it did."""
