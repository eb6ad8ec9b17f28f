"""What is done to a service under load: courses of transitions, each from one version alone to one alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.loss.moves import Served

COPIES_THEN_HALF: dict[str, Any] = {
    "share": 100,
    "then": "steps",
    "s_who": "everyone",
    "s_share": 50,
    "s_gate": "person",
    "s_minutes": "",
}
CREW: dict[str, Any] = {
    "first": "audience",
    "part": 100,
    "then": "hand",
    "c_group": "0",
    "c_on": "cookie",
    "c_name": "crew",
    "c_how": "exact",
    "c_values": "yes",
}
STEPS: dict[str, Any] = {
    "first": "share",
    "share": 10,
    "then": "steps",
    "s_who": ["everyone", "everyone"],
    "s_share": [40, 70],
    "s_gate": ["person", "person"],
    "s_minutes": ["", ""],
}


def by_share(served: Served) -> None:
    """20 %, 60 %, all; the next version follows on this one."""
    moving = served.start("canary", share=20)
    served.share(moving, 60)
    served.take_over(moving)
    served.finish(moving)


def by_switch(served: Served) -> None:
    """All at once, back, and again."""
    stable = served.stable
    moving = served.start("blue-green")
    served.take_over(moving, kind="switch")
    served.take_over(moving, stable, kind="switch back")
    served.take_over(moving, kind="switch")
    served.finish(moving)


def by_copies(served: Served) -> None:
    """Copies on, off for half of the requests, on again, and back."""
    moving = served.start("mirror", **COPIES_THEN_HALF)
    served.move("mirror off", moving, "continue")
    served.move("mirror on", moving, "exposure", who="copies", share=100)
    served.roll_back(moving)
    served.finish(moving)


def two_at_a_time(served: Served) -> None:
    """A share, and beside it a second release for the crew, off and on again."""
    first, second = served.start("canary", share=30), served.start("canary", **CREW)
    served.move("second release off", second, "share", share=0)
    served.move("second release on", second, "exposure", who="audience", share=100)
    served.share(first, 50)
    served.roll_back(second)
    served.finish(second)
    served.roll_back(first)
    served.finish(first)


def by_steps(served: Served) -> None:
    """Step by step while both versions grow and shrink, and abandoned."""
    stable = served.stable
    moving = served.start("canary", **STEPS)
    served.scale(stable, 2)
    served.scale(moving.wish.version, 2)
    served.move("step", moving, "continue")
    served.scale(stable, 1)
    served.move("step", moving, "continue")
    served.abandon(moving)


COURSES: tuple[Callable[[Served], None], ...] = (
    by_share,
    by_switch,
    by_copies,
    two_at_a_time,
    by_steps,
)
