"""Why a deed was not done. A page turns each into a sentence or a status."""

from __future__ import annotations

from grayrelease.domain.state import Reason
from grayrelease.models import Event


class NotDone(Exception):
    """Nothing was changed."""


class NotFound(NotDone):
    """There is no such thing for this user: 404, also for somebody who isn't a member."""


class Forbidden(NotDone):
    """The user's role may not: 403."""


class Busy(NotDone):
    """Somebody else's deed holds the row for too long: ask again."""


class Refused(NotDone):
    """It can't be done now; `reasons` say why, and their facts what to do."""

    def __init__(self, *reasons: Reason) -> None:
        super().__init__(", ".join(reason.code for reason in reasons))
        self.reasons = reasons


class Moved(NotDone):
    """Somebody did something since the page was drawn; `last` is their deed's event (None: unknown).

    `last.actor`, `last.kind`, `last.at`, `last.release`, `last.data["before"]`, `last.data["after"]`.
    """

    def __init__(self, last: Event | None, generation: int) -> None:
        super().__init__(f"the target is at generation {generation}")
        self.last = last
        self.generation = generation
