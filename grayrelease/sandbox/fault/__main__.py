"""Break parts of a running sandbox on purpose, and mend them again.

api         down · slow SECONDS · conflict · throttle [SECONDS] · error · cut · stale
mesh        hold [routes,clusters,endpoints,listeners]
pod         crash NAME · unready NAME   (a pod, a deployment or an image)
node        down
prometheus  down · slow SECONDS · hang
valkey      hang
list        what is broken now
clear       [PART [FAULT]]: mend it

Without --for or --times a fault lasts until it is cleared. Faults of node, prometheus and valkey are made by
signals: the command stays until they are over, and Ctrl-C ends them.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

from grayrelease.sandbox.fault.asking import FOLDERS, Asked, NotThere, Refused
from grayrelease.sandbox.fault.faults import Fault
from grayrelease.sandbox.fault.signals import Signalling

BY_SIGNALS = {
    ("node", "down"): "stop",
    ("prometheus", "down"): "down",
    ("prometheus", "slow"): "slow",
    ("prometheus", "hang"): "hang",
    ("valkey", "hang"): "hang",
}
RETRY_AFTER_S = 1.0


def main(words: list[str]) -> int:
    """Do what is asked: 0 when it was done, 1 with a reason when not."""
    asked = _parser().parse_args(words)
    try:
        _do(asked, Asked(asked.sandbox), Signalling(asked.sandbox, asked.demo))
    except (NotThere, Refused, ValueError) as error:
        print(f"fault: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m grayrelease.sandbox.fault",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    chosen = Path(os.environ.get("DEMO_DIR", ""))
    demo, sandbox = (chosen, chosen / "sandbox") if chosen.name else (Path(".demo"), Path(".sandbox"))
    parser.add_argument("part", choices=[*FOLDERS, "node", "prometheus", "valkey", "list", "clear"])
    parser.add_argument("fault", nargs="?", default="", help="for clear: the part")
    parser.add_argument("argument", nargs="?", default="", help="its measure, or what it befalls")
    parser.add_argument("--for", type=float, default=0.0, dest="for_s", metavar="SECONDS", help="how long")
    parser.add_argument("--times", type=int, default=0, metavar="N", help="so many strokes, then it is over")
    parser.add_argument("--agent", default="", help="only calls whose User-Agent holds this (api)")
    parser.add_argument("--sandbox", type=Path, default=sandbox, help="the sandbox's folder")
    parser.add_argument("--demo", type=Path, default=demo, help="the demo's folder")
    return parser


def _do(asked: argparse.Namespace, sandbox: Asked, signals: Signalling) -> None:
    if asked.part == "list":
        _list(sandbox, signals)
    elif asked.part == "clear":
        _clear(asked.fault, asked.argument, sandbox, signals)
    elif (asked.part, asked.fault) in BY_SIGNALS:
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        seconds = float(asked.argument or 0)
        _check_slow(asked.fault, seconds)
        signals.hold(asked.part, BY_SIGNALS[asked.part, asked.fault], seconds, asked.for_s)
    elif asked.part in FOLDERS:
        sandbox.set(asked.part, _wanted(asked), asked.for_s)
    else:
        raise ValueError(f"{asked.part} has no fault {asked.fault!r}; --help lists them")


def _wanted(asked: argparse.Namespace) -> Fault:
    """Read a fault from the command line: api's arguments are seconds, the others' are names."""
    seconds, of = 0.0, asked.argument
    if asked.part == "api":
        seconds, of = float(asked.argument or (RETRY_AFTER_S if asked.fault == "throttle" else 0)), ""
    if asked.part == "pod" and not of:
        raise ValueError("name a pod, a deployment or an image")
    _check_slow(asked.fault, seconds)
    # Cutting is done once, or for a time.
    once = asked.fault == "cut" and not asked.for_s
    return Fault(asked.fault, seconds, 1 if once else asked.times, asked.agent, of)


def _check_slow(fault: str, seconds: float) -> None:
    if fault == "slow" and seconds <= 0:
        raise ValueError("say how many seconds a call takes")


def _list(sandbox: Asked, signals: Signalling) -> None:
    for part in FOLDERS:
        try:
            for fault in sandbox.held(part):
                told = fault.as_object()
                print(
                    part,
                    fault.name,
                    *(f"{key}={value}" for key, value in told.items() if value and key != "name"),
                )
        except NotThere as error:
            print(f"{part}: {error}")
    for note in signals.held():
        print(note.part, note.name, f"pid={note.pid}")


def _clear(part: str, name: str, sandbox: Asked, signals: Signalling) -> None:
    # First: a node agent that is stopped answers nothing.
    signals.clear(part, "stop" if (part, name) == ("node", "down") else name)
    for each in FOLDERS:
        if part in ("", each):
            with suppress(NotThere):
                sandbox.clear(each, name)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
