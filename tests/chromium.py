"""The browser of the tests: find one, or install one (`python -m tests.chromium`)."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import playwright
from playwright.sync_api import sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
DRIVER = Path(playwright.__file__).parent / "driver" / "node"
# The driver's own need, which a bare Debian hasn't.
PACKAGES = ("chromium", "libatomic1")


def find() -> Path | None:
    """Find the system's Chromium or Chrome."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    return Path(found) if found else None


def is_complete() -> bool:
    """Say whether Playwright's driver runs, and has a browser to drive."""
    if subprocess.run([DRIVER, "--version"], capture_output=True).returncode != 0:
        return False
    return find() is not None or _has_own_browser()


def install() -> None:
    """Install the distribution's packages as root on Debian, else Playwright's browser."""
    if os.getuid() == 0 and shutil.which("apt-get"):
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(["apt-get", "-q", "update"], env=quiet)
        subprocess.run(["apt-get", "-qy", "install", "--no-install-recommends", *PACKAGES], env=quiet)
    if not is_complete():
        subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"])


def main() -> None:
    """See that there is a browser; end with a sentence where there is none to be had."""
    if not is_complete():
        install()
    if not is_complete():
        sys.exit(f"The browser tests need your system's packages {' and '.join(PACKAGES)}; install them.")


def _has_own_browser() -> bool:
    with sync_playwright() as found:
        return Path(found.chromium.executable_path).exists()


if __name__ == "__main__":
    main()
