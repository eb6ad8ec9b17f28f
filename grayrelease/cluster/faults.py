"""Faults that a test scripts for the double."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from grayrelease.cluster.interface import ClusterError, Unreachable


@dataclass
class Fault:
    """What the next calls that fit meet; `after`: they are carried out, and the answer is lost."""

    error: ClusterError
    verb: str | None
    kind: str | None
    name: str | None
    times: int
    after: bool

    def fits(self, verb: str, kind: str, name: str) -> bool:
        wanted = ((self.verb, verb), (self.kind, kind), (self.name, name))
        return self.times > 0 and all(want in (None, have) for want, have in wanted)


@dataclass
class Faults:
    """All faults of one double. `down`: every call raises Unreachable until it is False again."""

    down: bool = False
    scripted: list[Fault] = field(default_factory=list)

    def fail_next(
        self,
        error: ClusterError,
        *,
        verb: str | None = None,
        kind: str | None = None,
        name: str | None = None,
        times: int = 1,
        after: bool = False,
    ) -> None:
        """Let the next calls that fit raise this; `after`: once they were carried out.

        Verbs are get, list, create, replace, delete, logs, serves and watch.
        """
        self.scripted.append(Fault(error, verb, kind, name, times, after))

    @contextmanager
    def meeting(self, verb: str, kind: str, name: str) -> Iterator[None]:
        """Raise what is scripted for this call, before or after it is carried out."""
        if self.down:
            raise Unreachable("The API server cannot be reached: connection refused")
        fault = next((fault for fault in self.scripted if fault.fits(verb, kind, name)), None)
        if fault is not None:
            fault.times -= 1
            if not fault.after:
                raise fault.error
        yield
        if fault is not None:
            raise fault.error
