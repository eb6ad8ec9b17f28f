"""Where workloads are born: one process loads the code, and forks for each container in milliseconds.

It reads a JSON line for each birth from the socket whose number is its argument, {"id", "arguments",
"env", "log", "folder"}, and writes {"id", "pid"}, and later {"pid", "code"} when that child ended.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import selectors
import signal
import socket
import sys
import traceback
from typing import Any

from grayrelease.sandbox.process import call_oneself, die_with_parent
from grayrelease.sandbox.workloads.__main__ import start

BLOCK = 65536


class Nursery:
    """The socket to the agent, and the children that run."""

    def __init__(self, descriptor: int) -> None:
        self.agent = socket.socket(fileno=descriptor)
        self._rest = b""

    def run(self) -> None:
        """Fork and tell until the agent closes the socket."""
        bell, ringer = socket.socketpair()
        bell.setblocking(False)
        ringer.setblocking(False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(ringer.fileno(), warn_on_full_buffer=False)
        with selectors.DefaultSelector() as waiting:
            waiting.register(self.agent, selectors.EVENT_READ)
            waiting.register(bell, selectors.EVENT_READ)
            while True:
                ready = {key.fileobj for key, _ in waiting.select()}
                if bell in ready:
                    bell.recv(BLOCK)
                if self.agent in ready and not self._take():
                    return
                self._tell_who_ended()

    def _take(self) -> bool:
        text = self.agent.recv(BLOCK)
        *lines, self._rest = (self._rest + text).split(b"\n")
        for line in lines:
            self._give_birth(json.loads(line))
        return bool(text)

    def _give_birth(self, wanted: dict[str, Any]) -> None:
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            self._be_born(wanted, parent)
        self._tell({"id": wanted["id"], "pid": pid})

    def _be_born(self, wanted: dict[str, Any], parent: int) -> None:
        code = 1
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            self.agent.close()
            os.setpgid(0, 0)
            die_with_parent(signal.SIGKILL, parent)
            _settle_in(wanted)
            start(*wanted["arguments"])
            code = 0
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1
        finally:
            # Whatever happened: a child must never go on as the nursery.
            if sys.exception() is not None:
                traceback.print_exc()
            sys.stdout.flush()
            os._exit(code)

    def _tell_who_ended(self) -> None:
        with contextlib.suppress(ChildProcessError):
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if pid == 0:
                    return
                self._tell({"pid": pid, "code": os.waitstatus_to_exitcode(status)})

    def _tell(self, said: dict[str, Any]) -> None:
        self.agent.sendall(json.dumps(said).encode() + b"\n")


def _settle_in(wanted: dict[str, Any]) -> None:
    os.environ.clear()
    os.environ.update(wanted["env"])
    os.chdir(wanted["folder"])
    log = os.open(wanted["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)
    call_oneself("-".join(wanted["arguments"]))


if __name__ == "__main__":
    # What is there now is never freed: no need to copy its pages in each child.
    gc.collect()
    gc.freeze()
    Nursery(int(sys.argv[1])).run()
