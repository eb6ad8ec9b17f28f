"""One real Envoy, asked for real."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from grayrelease.sandbox.evaluate.echo import MARK, SEEN, Echo
from grayrelease.sandbox.evaluate.loading import NUMBER, Loading
from grayrelease.sandbox.evaluate.questions import Group
from grayrelease.sandbox.mesh.envoy import binary
from grayrelease.sandbox.mesh.translate.objects import Object
from grayrelease.sandbox.process import spawn

START_S = 120.0
ANSWER_S = 60.0
AT_ONCE = 8
POLL_S = 0.01
LAST = "last"
OPTIONS = ("--disable-hot-restart", "--concurrency", "1", "--log-level", "error")
FLUSH = ("--file-flush-interval-msec", "10")


class Refused(Exception):
    """Envoy does not take the configuration; the message is its own."""


@dataclass
class Answer:
    """What came back, what the upstream saw, what Envoy says of it, and the mesh's route that it took."""

    status: int
    headers: list[tuple[str, str]] = field(default_factory=list)
    seen: Object | None = None
    route: Object | None = None
    flags: str = ""
    details: str = ""
    cluster: str = ""

    @property
    def upstream(self) -> bool:
        """Say whether a workload gave it, and not a proxy."""
        return any(name == MARK for name, _ in self.headers)


async def ask(groups: Sequence[Group]) -> dict[int, Answer | str]:
    """Ask all questions of some groups, by their places; a text where Envoy refuses a group's tables."""
    try:
        return dict(await _ask(groups))
    except Refused as error:
        if len(groups) == 1:
            return dict.fromkeys(groups[0].requests, f"Envoy refuses the tables: {error}")
    # One bad table must not take the others with it.
    middle = len(groups) // 2
    return await ask(groups[:middle]) | await ask(groups[middle:])


async def _ask(groups: Sequence[Group]) -> dict[int, Answer | str]:
    with TemporaryDirectory(prefix="envoy-", ignore_cleanup_errors=True) as name:
        loading = Loading(Path(name))
        for place, group in enumerate(groups):
            loading.add(place, group)
        start = loading.folder / "envoy.json"
        start.write_text(json.dumps(loading.bootstrap()))
        async with Echo(loading.upstream):
            with (loading.folder / "log").open("wb") as log:
                envoy = spawn([str(binary()), "-c", str(start), *OPTIONS, *FLUSH], log=log)
            try:
                return await _answers(groups, loading, envoy)
            finally:
                envoy.kill()
                envoy.wait()


async def _answers(
    groups: Sequence[Group], loading: Loading, envoy: subprocess.Popen[bytes]
) -> dict[int, Answer | str]:
    await _listening(loading, envoy)
    limit = asyncio.Semaphore(AT_ONCE)
    answers: dict[int, Answer] = {}

    async def one(number: int, request: Object, socket: Path) -> None:
        async with limit:
            answers[number] = await _send(request, str(number), socket)

    async with asyncio.TaskGroup() as tasks:
        for place, group in enumerate(groups):
            for number, request in group.requests.items():
                tasks.create_task(one(number, request, loading.socket(place, request["port"])))
    # Lines come in order: once this one is written all are.
    last = {"method": "GET", "authority": "last", "path": "/", "headers": {}}
    await _send(last, LAST, Path(loading.listeners[-1]["name"]))
    _add_log(answers, await _logged(loading.log), loading)
    return dict(answers)


async def _listening(loading: Loading, envoy: subprocess.Popen[bytes]) -> None:
    sockets = [Path(listener["name"]) for listener in loading.listeners]
    async with asyncio.timeout(START_S):
        while not all(socket.exists() for socket in sockets):
            if envoy.poll() is not None:
                raise Refused(_why((loading.folder / "log").read_text(errors="replace")))
            await asyncio.sleep(POLL_S)


def _why(log: str) -> str:
    lines = [line for line in log.splitlines() if line.strip()]
    return (lines[-1] if lines else "it ended without a word")[:500]


async def _send(request: Object, number: str, socket: Path) -> Answer:
    async with asyncio.timeout(ANSWER_S):
        reader, writer = await _connect(socket)
        writer.write(_bytes(request, number))
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        found = re.search(r"^content-length: (\d+)", head, re.MULTILINE | re.IGNORECASE)
        length = int(found[1]) if found and request["method"] != "HEAD" else 0
        body = await reader.readexactly(length)
    writer.close()
    first, *rest = head.split("\r\n")
    headers = [(name.lower(), value) for name, _, value in (line.partition(": ") for line in rest if line)]
    if SEEN in dict(headers):
        body = bytes.fromhex(dict(headers)[SEEN])
    seen = json.loads(body) if body and MARK in dict(headers) else None
    return Answer(int(first.split()[1]), headers, seen)


async def _connect(socket: Path) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    while True:
        try:
            return await asyncio.open_unix_connection(socket)
        except ConnectionRefusedError:
            # Bound, but not listening yet.
            await asyncio.sleep(POLL_S)


def _bytes(request: Object, number: str) -> bytes:
    lines = [f"{request['method']} {request['path']} HTTP/1.1", f"Host: {request['authority']}"]
    for name, value in (request["headers"] or {}).items():
        lines += [f"{name}: {each}" for each in (value if isinstance(value, list) else [value])]
    lines += [f"{NUMBER}: {number}", "Connection: close", "", ""]
    return "\r\n".join(lines).encode("latin-1", errors="replace")


async def _logged(path: Path) -> list[Object]:
    async with asyncio.timeout(ANSWER_S):
        while True:
            text = path.read_text(errors="replace") if path.exists() else ""
            lines = [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]
            if any(line["number"] == LAST for line in lines):
                return lines
            await asyncio.sleep(POLL_S)


def _add_log(answers: dict[int, Answer], lines: Iterable[Object], loading: Loading) -> None:
    for line in lines:
        # What is no HTTP at all has no number.
        if line["number"] not in (None, LAST):
            answer = answers[int(line["number"])]
            answer.route = loading.routes.get(line["route"] or "")
            answer.flags, answer.details = line["flags"] or "-", line["details"] or ""
            answer.cluster = (line["cluster"] or "").partition(".")[2]
