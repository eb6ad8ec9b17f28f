"""What is raised where an exposure can't be written."""

from __future__ import annotations

from grayrelease.domain.state import Reason


class CannotSay(Exception):
    """An exposure that can't be written into an object; `reason` says which object, and why."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.code)
        self.reason = reason
