"""`python -m demo`: everything in the foreground until Ctrl-C. `python -m demo clean` forgets it all."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import time
from types import FrameType

from demo.dashboard import PASSWORD
from demo.death import die_with
from demo.part import StartFailed
from demo.postgres import data_folder, forget
from demo.preflight import for_demo
from demo.stack import Stack
from demo.state import AlreadyRunning, folders, only_one, options
from demo.supervisor import GaveUp

STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stop(BaseException):
    """A person wants the end."""


def say(line: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {line}", flush=True)


def stop(number: int, frame: FrameType | None) -> None:
    """End what we do; further signals change nothing about the orderly end."""
    for each in STOPS:
        signal.signal(each, signal.SIG_IGN)
    raise Stop


def run() -> str:
    """Run the demo until it is stopped. Returns the reason when it wasn't a person."""
    if "MAKELEVEL" in os.environ:  # `make` killed: nobody could stop us any more
        die_with(os.getppid(), signal.SIGTERM)
    for each in STOPS:
        signal.signal(each, stop)
    try:
        _run()
    except Stop:
        say("stopped")
    except (StartFailed, GaveUp, AlreadyRunning) as failure:
        return str(failure)
    return ""


def _run() -> None:
    only_one(folders()[0])
    if missing := list(for_demo()):
        raise StartFailed("\n".join(missing))
    began = time.monotonic()
    with Stack(options(), say) as stack:
        _announce(stack, time.monotonic() - began)
        while True:
            stack.supervisor.tick()
            time.sleep(0.2)


def _announce(stack: Stack, seconds: float) -> None:
    print(
        f"""
Ready: {stack.options.web_url}
  Sign in as operator, lead, viewer or admin, password: {PASSWORD}
  Bookinfo, once deployed: {stack.options.bookinfo_url}
  kubectl --kubeconfig {stack.options.kubeconfig}.kubectl get pods -A
  Logs: {stack.options.folder}/log   Started in {seconds:.1f} s   Ctrl-C stops everything
""",
        flush=True,
    )


def clean() -> None:
    """Remove what demos left: data, logs, secrets."""
    folder, sandbox = folders()
    only_one(folder)
    forget(data_folder(folder / "postgres"))
    for each in (folder, sandbox):
        shutil.rmtree(each, ignore_errors=True)


if __name__ == "__main__":
    if sys.argv[1:] == ["clean"]:
        clean()
    else:
        sys.exit(run() or 0)
