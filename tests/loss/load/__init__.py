"""Callers of the echo: HTTP, gRPC and TCP at a steady rate, cheap enough to count every request."""

from __future__ import annotations
