"""What all pods of a node share."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from grayrelease.sandbox.client import Client
from grayrelease.sandbox.fault.faults import Faults
from grayrelease.sandbox.node.addresses import Addresses
from grayrelease.sandbox.node.events import Recorder
from grayrelease.sandbox.node.logs import Logs
from grayrelease.sandbox.node.nursery import Nursery


@dataclass(frozen=True)
class Place:
    """The node's parts; `back_off` is the first wait, in seconds, after a crash or a failed pull."""

    name: str
    client: Client
    recorder: Recorder
    logs: Logs
    addresses: Addresses
    nursery: Nursery
    data: Path
    back_off: float = 10
    faults: Faults = field(default_factory=Faults)
