"""People who look at Bookinfo, and the count of what they were answered."""

from __future__ import annotations
