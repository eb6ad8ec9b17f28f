"""Answer questions about routing: `python -m grayrelease.sandbox.evaluate`, JSON lines in and out."""

from __future__ import annotations

import asyncio
import json
import os
import select
import signal
import sys
from collections.abc import Iterator

from grayrelease.sandbox.evaluate.questions import Group, grouped
from grayrelease.sandbox.evaluate.telling import told
from grayrelease.sandbox.evaluate.trial import Answer, ask
from grayrelease.sandbox.mesh.envoy import EnvoyError
from grayrelease.sandbox.mesh.translate.objects import Object
from grayrelease.sandbox.process import die_with_parent

MOST_LINES = 4000
MOST_GROUPS = 400
QUIET_S = 0.05
PIECE = 1 << 20


def main() -> int:
    """Answer until there are no more lines; 1 when there is no Envoy."""
    die_with_parent()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        for lines in batches(sys.stdin.fileno()):
            for answer in answers(lines):
                sys.stdout.write(json.dumps(answer, separators=(",", ":")) + "\n")
            sys.stdout.flush()
    except EnvoyError as error:
        print(f"evaluate: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        return 0
    return 0


def answers(lines: list[str]) -> list[Object]:
    """Answer lines, in their order."""
    groups, broken = grouped(lines)
    found: dict[int, Object] = {number: {"error": text} for number, text in broken.items()}
    for start in range(0, len(groups), MOST_GROUPS):
        some = groups[start : start + MOST_GROUPS]
        given = asyncio.run(ask(some))
        found |= {number: _told(given[number], request) for number, request in _requests(some)}
    return [found[number] for number in range(len(lines))]


def _requests(groups: list[Group]) -> Iterator[tuple[int, Object]]:
    for group in groups:
        yield from group.requests.items()


def _told(answer: Answer | str, request: Object) -> Object:
    return {"error": answer} if isinstance(answer, str) else told(answer, request)


def batches(source: int) -> Iterator[list[str]]:
    """Take what is there, so that whoever asks line by line gets an answer to each."""
    rest = b""
    lines: list[str] = []
    while True:
        waiting = bool(lines) and not select.select([source], [], [], QUIET_S)[0]
        piece = b"" if waiting else os.read(source, PIECE)
        *whole, rest = (rest + piece).split(b"\n")
        lines += [line.decode() for line in whole if line.strip()]
        ended = not waiting and not piece
        if ended and rest.strip():
            lines.append(rest.decode())
        if lines and (waiting or ended or len(lines) >= MOST_LINES):
            yield lines
            lines = []
        if ended:
            return


if __name__ == "__main__":
    sys.exit(main())
