"""Secrets that are made up once and kept where only we can read them."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


def remembered(file: Path) -> str:
    """Read the secret; the first time make up one of 48 random bytes."""
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as kept:
            kept.write(secrets.token_urlsafe(48))
    return file.read_text()
