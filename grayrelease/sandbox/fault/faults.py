"""Faults in force in one process, and how they are counted down."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Self


@dataclass(frozen=True)
class Fault:
    """One thing that is broken.

    `seconds` is its measure (a delay, a Retry-After), `times` how often it strikes (0: until it is cleared),
    `agent` the part of a User-Agent that it is limited to, `of` what it befalls (a pod, kinds of resources).
    """

    name: str
    seconds: float = 0.0
    times: int = 0
    agent: str = ""
    of: str = ""

    @property
    def key(self) -> tuple[str, str]:
        return self.name, self.of

    def as_object(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def read(cls, said: dict[str, Any]) -> Self:
        """Take a fault from what was sent. Raises TypeError for members that it doesn't have."""
        return cls(**said)


@dataclass
class Faults:
    """The faults of a process; false while there are none."""

    held: dict[tuple[str, str], Fault] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.held)

    def put(self, fault: Fault) -> None:
        self.held[fault.key] = fault

    def drop(self, name: str = "", of: str = "") -> list[Fault]:
        """Take faults out: those of a name, of one thing, or all. Returns them."""
        dropped = [fault for fault in self.held.values() if name in ("", fault.name) and of in ("", fault.of)]
        for fault in dropped:
            del self.held[fault.key]
        return dropped

    def named(self, name: str, agent: str = "") -> Iterator[Fault]:
        """Give the faults of a name that befall whoever calls itself so."""
        yield from (each for each in self.held.values() if each.name == name and each.agent in agent)

    def strike(self, fault: Fault) -> None:
        """Count one stroke; after the last the fault is over."""
        if fault.times == 1:
            self.held.pop(fault.key, None)
        elif fault.times:
            self.held[fault.key] = replace(fault, times=fault.times - 1)
