"""TCP ports on loopback: which are free, and whose variable moves one that is taken."""

from __future__ import annotations

import random
import socket

# Below the range from which the kernel draws ports for outgoing connections, so that a
# load test's own connections can't take a port between its choice and its use.
CHOICES = range(20_000, 30_000)

# What people type into a browser has a port that is known beforehand; the others are found.
DEFAULTS: dict[str, int | None] = {
    "web": 8000,
    "gateway": 30140,
    "api": None,
    "prometheus": None,
    "postgres": None,
    "valkey": None,
}


def variable(name: str) -> str:
    """Give the variable that chooses a server's port."""
    return f"DEMO_{name.upper()}_PORT"


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Say whether a server could listen on the port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """Choose a port that nobody listens on. It isn't held: use it soon."""
    draw = random.SystemRandom()  # seeded random, as in tests, would choose the same port twice
    while not is_free(port := draw.choice(CHOICES)):
        pass
    return port
