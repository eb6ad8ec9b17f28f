"""What the mesh's Envoys have taken, asked at their admin addresses."""

from __future__ import annotations

import json
import time
from pathlib import Path

import requests

WITHIN_S = 15
POLL_S = 0.05


def wait_until_settled(folder: Path, clusters: list[str]) -> None:
    """Wait until each Envoy answers, and knows a cluster for each piece of a cluster's name."""
    end = time.monotonic() + WITHIN_S
    while not all(_knows(admin, clusters) for admin in _admins(folder)):
        assert time.monotonic() < end, f"no Envoy has taken {clusters}"
        time.sleep(POLL_S)


def _admins(folder: Path) -> list[str]:
    return [proxy["admin"] for proxy in json.loads((folder / "mesh" / "mesh.json").read_text())["proxies"]]


def _knows(admin: str, clusters: list[str]) -> bool:
    try:
        told = requests.get(f"http://{admin}/clusters", timeout=2).text
    except requests.RequestException:
        return False
    return all(cluster in told for cluster in clusters)
