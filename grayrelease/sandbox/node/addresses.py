"""Addresses of pods, out of the loopback network."""

from __future__ import annotations

import hashlib
import ipaddress
import socket
from collections.abc import Iterator
from pathlib import Path

# A socket at the end of a network says that it is in use.
CLAIM_PORT = 15099


def claim_network(folder: Path) -> tuple[str, socket.socket]:
    """Claim 127.X.0.0/16 for as long as the socket is open; X is the folder's own unless that is taken.

    Raises RuntimeError if all are.
    """
    first = hashlib.sha256(str(folder.resolve()).encode()).digest()[0]
    for step in range(254):
        # 127.0 is everybody's.
        number = 1 + (first + step) % 254
        claim = socket.socket()
        try:
            claim.bind((f"127.{number}.255.254", CLAIM_PORT))
        except OSError:
            claim.close()
            continue
        return f"127.{number}.0.0/16", claim
    raise RuntimeError("no loopback network is free")


class Addresses:
    """The addresses of one network, each given out once at a time and not again soon."""

    def __init__(self, network: str) -> None:
        self.network = ipaddress.ip_network(network)
        self._taken: set[str] = set()
        self._next = self._cycle()

    def take(self, wanted: str = "") -> str:
        """Give a free address, the wanted one if it is ours and free; RuntimeError if none is left."""
        address = wanted if self._is_free(wanted) else next(self._next)
        self._taken.add(address)
        return address

    def give_back(self, address: str) -> None:
        """Let an address be used again."""
        self._taken.discard(address)

    def _is_free(self, address: str) -> bool:
        return bool(address) and address not in self._taken and ipaddress.ip_address(address) in self.network

    def _cycle(self) -> Iterator[str]:
        found = True
        while found:
            found = False
            for address in map(str, self.network.hosts()):
                if address not in self._taken:
                    found = True
                    yield address
        raise RuntimeError(f"no address is left in {self.network}")
