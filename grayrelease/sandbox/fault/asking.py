"""Asking the controls of a sandbox's processes, without asyncio: for the command and for tests."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

from grayrelease.sandbox.fault.control import FILE
from grayrelease.sandbox.fault.faults import Fault

ANSWER_S = 5.0
FOLDERS = {"api": ".", "mesh": "mesh", "pod": "node"}
"""Where each part's process keeps its control, below the sandbox's folder."""


class NotThere(Exception):
    """No process answers at a control. Its text is for people."""


class Refused(Exception):
    """The process doesn't know such a fault. Its text is for people."""


class Asked:
    """The faults of the sandbox in a folder."""

    def __init__(self, sandbox: Path) -> None:
        self.sandbox = sandbox

    def set(self, part: str, fault: Fault, for_s: float = 0.0) -> None:
        """Put a fault into force; it is when this returns. Raises NotThere, Refused."""
        self._ask(part, do="set", fault=fault.as_object(), for_s=for_s)

    def clear(self, part: str, name: str = "", of: str = "") -> None:
        """End a part's faults: those of a name, of one thing, or all. Raises NotThere."""
        self._ask(part, do="clear", name=name, of=of)

    def held(self, part: str) -> list[Fault]:
        """List a part's faults. Raises NotThere."""
        return [Fault.read(each) for each in self._ask(part, do="list")["faults"]]

    def pid(self, part: str) -> int:
        """Give the process of a part. Raises NotThere."""
        return int(self._control(part)["pid"])

    def _control(self, part: str) -> dict[str, Any]:
        path = self.sandbox / FOLDERS[part] / FILE
        try:
            control: dict[str, Any] = json.loads(path.read_text())
        except FileNotFoundError:
            raise NotThere(f"nothing runs there: {path} is missing") from None
        return control

    def _ask(self, part: str, **asked: Any) -> dict[str, Any]:
        control = self._control(part)
        words = json.dumps({**asked, "token": control["token"]}).encode() + b"\n"
        try:
            with socket.create_connection(("127.0.0.1", control["port"]), ANSWER_S) as connection:
                connection.sendall(words)
                line = connection.makefile("rb").readline()
        except (ConnectionError, TimeoutError) as error:
            raise NotThere(f"{part} does not answer: {error}") from error
        if not line:
            raise NotThere(f"{part} ended meanwhile")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise Refused(answer["error"])
        return answer
