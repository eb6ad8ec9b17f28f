"""The browser of the tests: find one, or install one (`python -m tests.chromium`)."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find() -> Path | None:
    """Find the system's Chromium or Chrome."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    return Path(found) if found else None


def playwrights_own() -> bool:
    """Say whether Playwright has downloaded a browser of its own."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        return Path(playwright.chromium.executable_path).exists()


def install() -> None:
    """Install from the distribution as root on Debian, else Playwright's own. Exits if neither works."""
    if os.getuid() == 0 and shutil.which("apt-get"):
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(["apt-get", "-q", "update"], env=quiet)
        subprocess.run(["apt-get", "-qy", "install", "--no-install-recommends", "chromium"], env=quiet)
        if find():
            return
    if subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"]).returncode != 0:
        sys.exit("No Chromium for the browser tests: install your system's package `chromium` and try again.")


def main() -> None:
    if find() is None and not playwrights_own():
        install()


if __name__ == "__main__":
    main()
