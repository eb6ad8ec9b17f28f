"""The faults of the table: how each is made, and what the pages must say of it meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

from grayrelease.sandbox.fault.faults import Fault
from grayrelease.sandbox.fault.signals import Signalling
from tests.holds.world import DASHBOARD, World

NO_API = r"API server: no answer for \d+ s: "
NO_METRICS = r"Prometheus: no answer for \d+ s: "
CANDIDATE = "reviews-v2"


@dataclass(frozen=True)
class Broken:
    """A fault of the table."""

    make: Callable[[World], AbstractContextManager[None]]
    says: str = ""
    """A pattern of what the release's page says: the source that fails, and since when."""
    rolls_back: bool = False
    """Rolling back takes 2 s in spite of it (DESIGN §13)."""
    falls: bool = False
    """What the candidate has of visitors falls by itself: what is asked for after that comes."""


def api(fault: Fault) -> Callable[[World], AbstractContextManager[None]]:
    return lambda world: world.fault("api", fault)


def candidate(name: str, times: int = 0) -> Callable[[World], AbstractContextManager[None]]:
    return lambda world: world.fault("pod", Fault(name, times=times, of=CANDIDATE))


@contextmanager
def signalled(world: World, part: str, way: str, seconds: float = 0.0) -> Iterator[None]:
    """Let a fault be made by signals meanwhile."""
    signals = Signalling(world.stack.options.sandbox, world.stack.options.folder)
    making = threading.Thread(target=signals.hold, args=(part, way, seconds))
    making.start()
    try:
        yield
    finally:
        signals.clear(part, way)
        making.join()


@contextmanager
def killed_prometheus(world: World) -> Iterator[None]:
    with world.down("prometheus"):
        yield


BROKEN: dict[str, Broken] = {
    "the API server is down": Broken(api(Fault("down")), NO_API),
    "the API server takes 0.5 s a call": Broken(api(Fault("slow", 0.5, agent=DASHBOARD)), rolls_back=True),
    "writes conflict": Broken(api(Fault("conflict", times=2, agent=DASHBOARD)), rolls_back=True),
    "calls are throttled": Broken(api(Fault("throttle", 1, agent=DASHBOARD)), NO_API),
    "the API server errs": Broken(api(Fault("error", agent=DASHBOARD)), NO_API),
    "watches are cut": Broken(api(Fault("cut"))),
    "lists are stale": Broken(api(Fault("stale", agent=DASHBOARD))),
    "Prometheus is down": Broken(killed_prometheus, NO_METRICS, rolls_back=True),
    "Prometheus is slow": Broken(lambda world: signalled(world, "prometheus", "slow", 3), NO_METRICS, True),
    "Envoy takes no changes": Broken(lambda world: world.fault("mesh", Fault("hold")), rolls_back=True),
    "the candidate crashes": Broken(candidate("crash", times=1), rolls_back=True, falls=True),
    "the candidate is not ready": Broken(candidate("unready"), rolls_back=True, falls=True),
    "the node agent is down": Broken(lambda world: signalled(world, "node", "stop"), rolls_back=True),
    "Valkey hangs": Broken(lambda world: signalled(world, "valkey", "hang"), rolls_back=True),
}
