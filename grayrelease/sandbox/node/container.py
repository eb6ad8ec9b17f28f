"""One container of a pod: its image, its process, its probes, and being started again."""

from __future__ import annotations

import asyncio
import secrets
import signal
import time
from collections.abc import Callable
from typing import Any

from grayrelease.sandbox.client import RETRY_S, UNREACHABLE, ApiError
from grayrelease.sandbox.node import images, probes
from grayrelease.sandbox.node.environment import ConfigError, environment
from grayrelease.sandbox.node.faults import befalling
from grayrelease.sandbox.node.nursery import Child
from grayrelease.sandbox.node.place import Place
from grayrelease.sandbox.node.status import ContainerState, restarts, running, terminated, waiting

Object = dict[str, Any]

LONGEST_S = 300
CALM_S = 600


class Container:
    """A container's life. `changed` is called whenever `state` is worth writing down."""

    def __init__(
        self,
        place: Place,
        pod: Object,
        spec: Object,
        address: str,
        changed: Callable[[], None],
        *,
        sidecar: bool,
    ) -> None:
        self.place = place
        self.pod = pod
        self.spec = spec
        self.address = address
        self.sidecar = sidecar
        self.state = ContainerState(spec["name"], spec["image"])
        self._changed = changed
        self._process: Child | None = None
        self._answers = False
        self._resume()

    async def run(self) -> None:
        """Pull, start, probe, and start again as the pod's restartPolicy says."""
        arguments = await self._pull()
        wait = self.place.back_off
        while True:
            started = time.monotonic()
            code = await self._start(arguments)
            if not restarts(self.pod["spec"].get("restartPolicy", "Always"), code):
                return
            if time.monotonic() - started > CALM_S:
                wait = self.place.back_off
            # The first restart comes at once, as kubelet's.
            if self.state.restarts > 0:
                await self._back_off(wait)
                wait = min(2 * wait, LONGEST_S)
            self.state.restarts += 1

    async def stop(self, grace: float) -> None:
        """End the process: preStop, SIGTERM, and after the rest of the grace period (seconds) SIGKILL."""
        process = self._process
        if process is None:
            return
        self._note("Killing", f"Stopping container {self.state.name}")
        until = time.monotonic() + grace
        await asyncio.sleep(min(grace, self._pre_stop()))
        process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(max(0.0, until - time.monotonic())):
                await process.ended()
        except TimeoutError:
            self.kill()
            await process.ended()

    def obey(self) -> None:
        """Look at the faults in force, which have changed."""
        self._crash()
        self._show_ready()

    def _crash(self) -> None:
        faults = self.place.faults
        if self._process is not None and (fault := befalling(faults, "crash", self.pod, self.spec["image"])):
            faults.strike(fault)
            self.kill()

    def kill(self) -> None:
        """End the process at once."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)

    def _resume(self) -> None:
        """Go on from what the pod's status says: what ran there ended with the agent that ran it."""
        old = (self.pod.get("status") or {}).get("containerStatuses") or []
        before = next((each for each in old if each["name"] == self.state.name), None)
        if before is None or "running" not in before.get("state", {}):
            self.state.restarts = before["restartCount"] if before else 0
            return
        since = before["state"]["running"]["startedAt"]
        self.state.last = terminated(-signal.SIGKILL, since, before.get("containerID", ""))
        self.state.restarts = before["restartCount"] + 1

    async def _pull(self) -> list[str]:
        image, wait = self.spec["image"], self.place.back_off
        while (arguments := images.program(image)) is None:
            refusal = images.refusal(image)
            self._note("Pulling", f'Pulling image "{image}"')
            self._note("Failed", f'Failed to pull image "{image}": {refusal}', warning=True)
            await self._fail("ErrImagePull", refusal, wait / 2)
            self._note("BackOff", f'Back-off pulling image "{image}"')
            message = f'Back-off pulling image "{image}": ErrImagePull: {refusal}'
            await self._fail("ImagePullBackOff", message, wait / 2)
            wait = min(2 * wait, LONGEST_S)
        self.state.image_id = images.identity(image)
        self._note("Pulled", f'Container image "{image}" already present on machine')
        return arguments

    async def _fail(self, reason: str, message: str, seconds: float) -> None:
        self._note("Failed", f"Error: {reason}", warning=True)
        self._show(waiting(reason, message))
        await asyncio.sleep(seconds)

    async def _start(self, arguments: list[str]) -> int:
        process = await self._spawn(arguments)
        self._process = process
        self.state.container_id = f"containerd://{secrets.token_hex(32)}"
        self._note("Created", "Container created")
        self._note("Started", "Container started")
        self._show(running())
        if self.place.faults:
            self._crash()
        watching = [asyncio.create_task(self._watch_readiness()), asyncio.create_task(self._watch_liveness())]
        try:
            code = await process.ended()
        finally:
            for task in watching:
                task.cancel()
        self._process = None
        since = self.state.state["running"]["startedAt"]
        self._show(terminated(code, since, self.state.container_id))
        return code

    async def _spawn(self, arguments: list[str]) -> Child:
        variables = await self._environment()
        log_file = self.place.logs.new(self.pod, self.state.name, self.state.restarts)
        while True:
            try:
                return await self.place.nursery.start(arguments, variables, log_file)
            except ConnectionError:
                await asyncio.sleep(RETRY_S)

    async def _environment(self) -> dict[str, str]:
        client = self.place.client
        while True:
            try:
                return await environment(client, self.pod, self.spec, self.address, sidecar=self.sidecar)
            except ConfigError as error:
                self._note("Failed", f"Error: {error}", warning=True)
                self._show(waiting("CreateContainerConfigError", str(error)))
                await asyncio.sleep(self.place.back_off)
            except (ApiError, *UNREACHABLE):
                await asyncio.sleep(RETRY_S)

    async def _back_off(self, seconds: float) -> None:
        metadata, name = self.pod["metadata"], self.state.name
        where = f"{metadata['name']}_{metadata['namespace']}({metadata['uid']})"
        self._note("BackOff", f"Back-off restarting failed container {name} in pod {where}", warning=True)
        self.state.last = self.state.state
        text = f"back-off {_duration(seconds)} restarting failed container={name} pod={where}"
        self._show(waiting("CrashLoopBackOff", text))
        await asyncio.sleep(seconds)

    async def _watch_readiness(self) -> None:
        probe = probes.probe_of(self.spec, "readinessProbe", self.address)
        if probe is None:
            listens = probes.first_port(self.spec, self.address)
            if listens:
                await probes.until_it_listens(listens)
            self._ready(True)
            return
        async for fault, good in probes.watch(probe, eager=True):
            if fault:
                self._note("Unhealthy", f"Readiness probe failed: {fault}", warning=True)
            if good is not None and good != self._answers:
                self._ready(good)

    async def _watch_liveness(self) -> None:
        probe = probes.probe_of(self.spec, "livenessProbe", self.address)
        if probe is None:
            return
        async for fault, good in probes.watch(probe, eager=False):
            if fault:
                self._note("Unhealthy", f"Liveness probe failed: {fault}", warning=True)
            if good is False:
                text = f"Container {self.state.name} failed liveness probe, will be restarted"
                self._note("Killing", text)
                self.kill()

    def _ready(self, answers: bool) -> None:
        self._answers = answers
        self._show_ready()

    def _show_ready(self) -> None:
        held = befalling(self.place.faults, "unready", self.pod, self.spec["image"])
        self.state.ready = self._answers and held is None
        self._changed()

    def _show(self, state: Object) -> None:
        if "terminated" in self.state.state and "running" in state:
            self.state.last = self.state.state
        self.state.state = state
        self.state.ready = self._answers = False
        self._changed()

    def _pre_stop(self) -> float:
        hook = ((self.spec.get("lifecycle") or {}).get("preStop") or {}).get("sleep") or {}
        return float(hook.get("seconds", 0))

    def _note(self, reason: str, message: str, *, warning: bool = False) -> None:
        self.place.recorder.note(self.pod, reason, message, container=self.state.name, warning=warning)


def _duration(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}m{rest}s" if minutes else f"{rest}s"
