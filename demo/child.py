"""Run a Python module whose forked workers die with it: `python -m demo.child gunicorn …`.

The death signal is not inherited by forks, and neither gunicorn nor Celery sets it.
"""

from __future__ import annotations

import runpy
import sys

from demo.death import forks_die_with_me


def main() -> None:
    sys.argv = sys.argv[1:]
    forks_die_with_me()
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
