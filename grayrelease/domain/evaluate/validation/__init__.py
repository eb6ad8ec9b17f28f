"""What istiod's validation refuses in VirtualServices and DestinationRules, as reasons."""

from __future__ import annotations

from grayrelease.domain.evaluate.validation.objects import refusals

__all__ = ["refusals"]
