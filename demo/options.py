"""What can be chosen about a stack: folders, ports, faults."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from demo.ports import free_port

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Ports:
    """One port a server, all on loopback. Each default is a port that was free just now."""

    web: int = field(default_factory=free_port)
    gateway: int = field(default_factory=free_port)
    api: int = field(default_factory=free_port)
    prometheus: int = field(default_factory=free_port)
    postgres: int = field(default_factory=free_port)
    valkey: int = field(default_factory=free_port)


@dataclass(frozen=True)
class Options:
    """A stack to start.

    `folder` holds logs, secrets and the databases' data; `sandbox` the emulated cluster.
    `lag` and `retries` are the mesh's (`--lag 0-2`, `--no-retries`); `visitors` is their rate
    per second, 0 for none; `quick` gives up PostgreSQL's safety for speed (tests);
    `environment` is added to that of the dashboard's processes.
    """

    folder: Path
    sandbox: Path
    ports: Ports = field(default_factory=Ports)
    lag: str = ""
    retries: bool = True
    visitors: float = 0
    quick: bool = False
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def web_url(self) -> str:
        return f"http://127.0.0.1:{self.ports.web}/"

    @property
    def prometheus_url(self) -> str:
        return f"http://127.0.0.1:{self.ports.prometheus}"

    @property
    def kubeconfig(self) -> Path:
        return self.sandbox / "kubeconfig"

    @property
    def bookinfo_url(self) -> str:
        return f"http://productpage.bookinfo.localhost:{self.ports.gateway}/"


def python(*words: str | Path) -> list[str]:
    """Give the command line of a Python program in our virtual environment."""
    return [sys.executable, *map(str, words)]
