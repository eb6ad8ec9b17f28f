"""What a Service's port speaks, as far as it is declared: by appProtocol, or by how its name begins."""

from __future__ import annotations

from typing import Any

Port = dict[str, Any]

_HTTP = ("http", "http2", "grpc", "grpc-web", "kubernetes.io/h2c")
_OTHER = ("tcp", "tls", "https", "mongo", "mysql", "redis")
_WITH_A_DASH = "grpc-web"


def protocol(port: Port) -> str:
    """Return what a port is declared to speak, in small letters: else only how its name begins."""
    if declared := str(port.get("appProtocol") or "").lower():
        return declared
    name = str(port.get("name") or "").lower()
    begins = name == _WITH_A_DASH or name.startswith(f"{_WITH_A_DASH}-")
    return _WITH_A_DASH if begins else name.partition("-")[0]


def speaks_http(port: Port) -> bool:
    """Tell if Istio takes a port for HTTP by its declaration."""
    return protocol(port) in _HTTP


def is_declared(port: Port) -> bool:
    """Tell if Istio needn't guess: an appProtocol that it doesn't know is TCP to it."""
    return bool(port.get("appProtocol")) or protocol(port) in (*_HTTP, *_OTHER)
