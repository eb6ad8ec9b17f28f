"""The environment of a container's process."""

from __future__ import annotations

import base64
import os
import re
from pathlib import Path
from typing import Any

from grayrelease.sandbox.client import ApiError, Client

Object = dict[str, Any]

ROOT = Path(__file__).parents[3]
KEPT = (
    "PATH",
    "LANG",
    "LC_ALL",
    "TZ",
    "TMPDIR",
    "VIRTUAL_ENV",
    "PYTHONPYCACHEPREFIX",
    "PYTHONDONTWRITEBYTECODE",
)
OUTBOUND_PORT = 15001
KEYED = re.compile(r"metadata\.(labels|annotations)\['(.+)'\]")


class ConfigError(Exception):
    """A container refers to what is not there; the text is kubelet's."""


def own_environment() -> dict[str, str]:
    """Give what a program of ours needs; nothing else of the agent's, which may hold secrets."""
    made = {name: os.environ[name] for name in KEPT if name in os.environ}
    return made | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}


async def environment(
    client: Client, pod: Object, container: Object, address: str, *, sidecar: bool
) -> dict[str, str]:
    """Give the variables of a container: what its spec says, and what its image needs to run here."""
    made = own_environment() | {"HOSTNAME": pod["metadata"]["name"]}
    for entry in container.get("env") or []:
        value = await _value(client, pod, entry, address)
        if value is not None:
            made[entry["name"]] = value
    made |= {"POD_IP": address, "POD_NAME": pod["metadata"]["name"]}
    made["PORT"] = str((container.get("ports") or [{}])[0].get("containerPort", 9080))
    if sidecar:
        made["SANDBOX_OUTBOUND"] = f"http://{address}:{OUTBOUND_PORT}"
    return made


async def _value(client: Client, pod: Object, entry: Object, address: str) -> str | None:
    source = entry.get("valueFrom")
    if source is None:
        return str(entry.get("value", ""))
    if "fieldRef" in source:
        return field(pod, source["fieldRef"]["fieldPath"], address)
    for kind, name in (("configmaps", "configMapKeyRef"), ("secrets", "secretKeyRef")):
        if name in source:
            return await _keyed(client, pod["metadata"]["namespace"], kind, source[name])
    return None


def field(pod: Object, path: str, address: str) -> str:
    """Give the value of a fieldRef."""
    keyed = KEYED.fullmatch(path)
    if keyed:
        return str((pod["metadata"].get(keyed[1]) or {}).get(keyed[2], ""))
    if path in ("status.podIP", "status.podIPs"):
        return address
    found: Any = pod
    for part in path.split("."):
        found = found.get(part, {})
    return str(found or "")


async def _keyed(client: Client, namespace: str, kind: str, reference: Object) -> str | None:
    word = kind.removesuffix("s")
    try:
        held = await client.get(f"/api/v1/namespaces/{namespace}/{kind}/{reference['name']}")
    except ApiError as error:
        if error.status != 404:
            raise
        return _missing(reference, f'{word} "{reference["name"]}" not found')
    value = (held.get("data") or {}).get(reference["key"])
    if value is None:
        what = "ConfigMap" if kind == "configmaps" else "Secret"
        return _missing(
            reference, f"couldn't find key {reference['key']} in {what} {namespace}/{reference['name']}"
        )
    return base64.b64decode(value).decode() if kind == "secrets" else str(value)


def _missing(reference: Object, message: str) -> str | None:
    if reference.get("optional"):
        return None
    raise ConfigError(message)
