"""Where a pod's proxy takes connections to a service that speaks no HTTP.

No Host header tells such services apart, so each has a port of its own at the caller's address. It follows
from the service's name, so that whoever calls can work it out.
"""

from __future__ import annotations

import zlib

FIRST = 20000
COUNT = 10000


def outbound_port(service: str, port: int) -> int:
    """Give the port for a service's full name and port number."""
    return FIRST + zlib.crc32(f"{service}:{port}".encode()) % COUNT
