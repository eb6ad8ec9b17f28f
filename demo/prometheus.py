"""Prometheus: where its program comes from, and the server as a part."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from demo.options import ROOT, Options
from demo.part import Part
from demo.ready import answers
from demo.sandbox import prometheus_configuration

CACHE = ROOT / ".cache" / "prometheus"
HOW_TO_GET_IT = (
    "Prometheus was not found. Install it (macOS: `brew install prometheus`; elsewhere from "
    "https://prometheus.io/download/) or name its program in PROMETHEUS_BIN."
)


def find() -> Path | None:
    """Find the program: $PROMETHEUS_BIN, then PATH, then our cached copy."""
    named = os.environ.get("PROMETHEUS_BIN") or shutil.which("prometheus")
    cached = CACHE / "usr" / "bin" / "prometheus"
    return Path(named) if named else cached if cached.exists() else None


def find_or_fetch() -> Path | None:
    """Find the program; on Debian and Ubuntu fetch the distribution's package (3 s, without root)."""
    if (found := find()) is None and shutil.which("apt-get") and shutil.which("dpkg"):
        _fetch_package()
        found = find()
    return found


def part(program: Path, options: Options) -> Part:
    """Give the server as a part. It needs the configuration that the mesh writes."""
    data = options.folder / "prometheus"
    return Part(
        name="prometheus",
        command=[
            program,
            f"--config.file={prometheus_configuration(options)}",
            f"--storage.tsdb.path={data}",
            "--storage.tsdb.retention.time=3d",
            f"--web.listen-address=127.0.0.1:{options.ports.prometheus}",
        ],
        ready=answers(f"{options.prometheus_url}/-/ready"),
        wave=1,
    )


def _fetch_package() -> None:
    """Unpack the package into our cache, with package lists of our own."""
    for folder in ("lists/partial", "archives/partial"):
        (CACHE / folder).mkdir(parents=True, exist_ok=True)
    apt = [
        "apt-get",
        "-q",
        *("-o", f"Dir::State::lists={CACHE}/lists"),
        *("-o", f"Dir::Cache={CACHE}", "-o", f"Dir::Cache::archives={CACHE}/archives"),
        *("-o", "Debug::NoLocking=1"),
        *("-o", "APT::Sandbox::User=root"),
    ]
    try:
        for words in ([*apt, "update"], [*apt, "download", "prometheus"]):
            subprocess.run(words, cwd=CACHE, check=True, capture_output=True, timeout=120)
        package = next(CACHE.glob("prometheus_*.deb"))
        subprocess.run(["dpkg", "-x", package, CACHE], check=True, capture_output=True)
        package.unlink()
    except (subprocess.SubprocessError, StopIteration):
        return
    finally:
        for folder in ("lists", "archives"):
            shutil.rmtree(CACHE / folder, ignore_errors=True)


def main() -> None:
    """Fetch it ahead of time, for `make test`."""
    print(f"Prometheus: {find_or_fetch() or HOW_TO_GET_IT}")


if __name__ == "__main__":
    main()
