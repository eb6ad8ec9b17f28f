"""Starting the API server: data folder, token, kubeconfig, what a fresh cluster holds."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import secrets
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

import aiohttp
from aiohttp import web

from grayrelease.sandbox.apiserver import gateway_api, istio
from grayrelease.sandbox.apiserver.builtin import DEFINITIONS, NAMESPACES
from grayrelease.sandbox.apiserver.catalogue import Catalogue
from grayrelease.sandbox.apiserver.definitions import CleanUp
from grayrelease.sandbox.apiserver.expiry import Expiry
from grayrelease.sandbox.apiserver.faults import NAMES, Breaking
from grayrelease.sandbox.apiserver.http import Door
from grayrelease.sandbox.apiserver.listening import Beginning, Listening
from grayrelease.sandbox.apiserver.objects import Object
from grayrelease.sandbox.apiserver.place import Place
from grayrelease.sandbox.apiserver.query import WriteOptions
from grayrelease.sandbox.apiserver.resources import Resource
from grayrelease.sandbox.apiserver.store import Store
from grayrelease.sandbox.apiserver.writes import Writer
from grayrelease.sandbox.fault.control import Control
from grayrelease.sandbox.fault.faults import Faults
from grayrelease.sandbox.private import private_write

NAMESPACE_NAMES = ("default", "kube-system", "kube-public", "kube-node-lease", "istio-system")
STOP_S = 0.2
USER = "sandbox"


@dataclass(frozen=True)
class Settings:
    """How to run: `port` 0 lets the kernel choose."""

    data: Path
    port: int = 0
    host: str = "127.0.0.1"
    gateway_api: bool = False
    istiod: bool = True


def token_in(data: Path) -> str:
    """The token of a data folder, made at its first use."""
    path = data / "token"
    if not path.exists():
        private_write(path, secrets.token_hex(32))
    return path.read_text().strip()


def kubeconfig(url: str, token: str) -> str:
    """A kubeconfig (JSON, which is YAML) that opens the server.

    kubectl sends no token over plain HTTP: for it alone the address holds the token as a password.
    """
    name = USER
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": name, "cluster": {"server": url}}],
            "users": [{"name": name, "user": {"token": token}}],
            "contexts": [{"name": name, "context": {"cluster": name, "user": name, "namespace": "default"}}],
            "current-context": name,
        },
        indent=2,
    )


def furnish(store: Store, with_gateway_api: bool) -> None:
    """Create what a fresh cluster has: its namespaces, and Istio's types."""
    writer = Writer(store)
    for name in NAMESPACE_NAMES:
        _ensure(writer, NAMESPACES, {"kind": "Namespace", "apiVersion": "v1", "metadata": {"name": name}})
    wanted = istio.definitions()
    if with_gateway_api:
        wanted += gateway_api.definitions()
    for definition in wanted:
        _ensure(writer, DEFINITIONS, definition)


def _ensure(writer: Writer, resource: Resource, item: Object) -> None:
    if writer.store.get(resource.name, ("", item["metadata"]["name"])) is None:
        writer.create(Place(resource, "v1"), item, WriteOptions(field_manager="sandbox"))


def claim(data: Path) -> int:
    """Make the data folder and hold it for this process: SystemExit if another server has it."""
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(data / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise SystemExit(f"another API server runs on {data}") from None
    return descriptor


async def serve(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT; the kubeconfig is there once requests are answered."""
    lock = claim(settings.data)
    token = token_in(settings.data)
    store = Store(settings.data / "journal.jsonl")
    catalogue = Catalogue(store)
    clean_up = CleanUp(store)
    furnish(store, settings.gateway_api)
    breaking = Breaking(Faults())
    async with aiohttp.ClientSession() as session:
        door = Door(Writer(store, istiod=settings.istiod), catalogue, session, token, breaking)
        runner = web.ServerRunner(
            web.Server(door, handler_cancellation=True, access_log=None), shutdown_timeout=STOP_S
        )
        await runner.setup()
        listening = Listening(runner, settings.host, settings.port)
        control = Control(breaking.faults, NAMES, Beginning(listening, breaking, store).changed)
        async with control.open(settings.data):
            await listening.open()
            _tell_address(settings, listening.port, token)
            sweeping = asyncio.create_task(Expiry(store).run())
            await _stopped()
        sweeping.cancel()
        clean_up.close()
        await runner.cleanup()
    store.close()
    os.close(lock)


def _tell_address(settings: Settings, port: int, token: str) -> None:
    url, for_kubectl = (f"http://{who}{settings.host}:{port}" for who in ("", f"{USER}:{token}@"))
    private_write(settings.data / "kubeconfig.kubectl", kubeconfig(for_kubectl, token))
    private_write(settings.data / "kubeconfig", kubeconfig(url, token))
    print(f"API server on {url}", file=sys.stderr, flush=True)


async def _stopped() -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await stop.wait()
