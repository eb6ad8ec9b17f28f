"""What a kubeconfig says about its current context."""

from __future__ import annotations

import base64
import ssl
import tempfile
from pathlib import Path
from typing import Any

import yaml

Object = dict[str, Any]


def read(path: str | Path) -> tuple[str, dict[str, str], ssl.SSLContext | None]:
    """Give the server's address, the headers that say who we are, and the TLS settings for https."""
    cluster, user = _current(yaml.safe_load(Path(path).read_text()))
    headers = {"Authorization": f"Bearer {user['token']}"} if user.get("token") else {}
    tls = _tls(cluster, user) if cluster["server"].startswith("https") else None
    return cluster["server"], headers, tls


def _current(config: Object) -> tuple[Object, Object]:
    context = _named(config["contexts"], config["current-context"])["context"]
    cluster = _named(config["clusters"], context["cluster"])["cluster"]
    users = [entry for entry in config.get("users") or [] if entry["name"] == context.get("user")]
    return cluster, (users[0].get("user") or {}) if users else {}


def _named(entries: list[Object], name: str) -> Object:
    return next(entry for entry in entries if entry["name"] == name)


def _tls(cluster: Object, user: Object) -> ssl.SSLContext:
    authority = cluster.get("certificate-authority-data")
    context = ssl.create_default_context(
        cafile=cluster.get("certificate-authority"),
        cadata=base64.b64decode(authority).decode() if authority else None,
    )
    if cluster.get("insecure-skip-tls-verify"):
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if user.get("client-certificate"):
        context.load_cert_chain(user["client-certificate"], user["client-key"])
    elif user.get("client-certificate-data"):
        _load_inline(context, user)
    return context


def _load_inline(context: ssl.SSLContext, user: Object) -> None:
    # load_cert_chain takes files only.
    with tempfile.NamedTemporaryFile(suffix=".pem") as file:
        for field in ("client-certificate-data", "client-key-data"):
            file.write(base64.b64decode(user[field]) + b"\n")
        file.flush()
        context.load_cert_chain(file.name)
