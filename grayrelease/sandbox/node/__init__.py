"""The sandbox's node: it gives pods a place and an address, and runs them as local processes."""

from __future__ import annotations
