"""With lag, wrong orders of writes lose requests and the right one loses none."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.sandbox.mesh.manifests import destination_rule, virtual_service
from tests.sandbox.mesh.scene import Scene, until_true

pytestmark = pytest.mark.processes

RATE = 100.0
LAG_S = 1.0
SETTLE_S = LAG_S + 0.4

Story = Callable[[Scene], Awaitable[None]]
Answers = Counter[tuple[int, str]]


async def keep_calling(scene: Scene, answers: Answers, stop: asyncio.Event) -> None:
    """Call from both pods at a steady rate, whatever the answers take."""
    loop = asyncio.get_running_loop()
    start, calls = loop.time(), []
    while not stop.is_set():
        calls.append(asyncio.create_task(count(scene, answers, 1 + len(calls) % 2)))
        await asyncio.sleep(max(0.0, start + len(calls) / RATE - loop.time()))
    await asyncio.gather(*calls)


async def count(scene: Scene, answers: Answers, caller: int) -> None:
    answers[await scene.call(caller=caller)] += 1


def answers_during(folder: Path, lag: str, story: Story) -> Answers:
    """Play a story that begins with all traffic pinned to v1, and count what callers get."""
    answers: Answers = Counter()

    async def run() -> None:
        async with Scene(folder) as scene:
            await scene.start_mesh("--lag", lag, "--no-retries", "--seed", "7")
            await scene.apply(destination_rule("reviews", "v1"))
            await scene.apply(virtual_service("reviews", {"v1": 100}))
            await asyncio.sleep(SETTLE_S)
            await until_true(lambda: pinned(scene))
            stop = asyncio.Event()
            calling = asyncio.create_task(keep_calling(scene, answers, stop))
            await asyncio.sleep(0.2)
            await story(scene)
            await asyncio.sleep(SETTLE_S)
            stop.set()
            await calling
            assert "REFUSED" not in scene.log() and "NOT TAKEN" not in scene.log()
            assert await scene.refused() == []

    asyncio.run(run())
    print(dict(answers))
    return answers


async def pinned(scene: Scene) -> bool:
    return {await scene.call(caller=1), await scene.call(caller=2)} == {(200, "reviews v1")}


def lost(answers: Answers) -> int:
    return sum(count for (status, _), count in answers.items() if status != 200)


def test_the_right_order_loses_nothing(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        steps: list[Callable[[], Awaitable[None]]] = [
            lambda: scene.apply(destination_rule("reviews", "v1", "v2")),
            lambda: scene.apply(virtual_service("reviews", {"v1": 50, "v2": 50})),
            lambda: scene.apply(virtual_service("reviews", {"v2": 100})),
            lambda: scene.endpoints("reviews", {"reviews-v2": 4}),
            lambda: scene.apply(destination_rule("reviews", "v2")),
        ]
        for step in steps:
            await step()
            await asyncio.sleep(SETTLE_S)

    answers = answers_during(tmp_path, f"0-{LAG_S}", story)
    assert lost(answers) == 0
    assert answers[200, "reviews v1"] > 50 and answers[200, "reviews v2"] > 50


def test_routes_before_subsets_lose_requests(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        await scene.apply(virtual_service("reviews", {"v1": 50, "v2": 50}))
        await scene.apply(destination_rule("reviews", "v1", "v2"))

    assert lost(answers_during(tmp_path, f"routes=0,clusters={LAG_S},endpoints={LAG_S}", story)) > 0


def test_a_loser_that_goes_with_the_route_write_loses_requests(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        await scene.apply(destination_rule("reviews", "v1", "v2"))
        await asyncio.sleep(SETTLE_S)
        await scene.apply(virtual_service("reviews", {"v2": 100}))
        await scene.endpoints("reviews", {"reviews-v2": 4})

    assert lost(answers_during(tmp_path, f"routes={LAG_S}", story)) > 0


def test_a_share_for_a_version_without_ready_pods_loses_requests(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        await scene.endpoints("reviews", {"reviews-v1": 3})
        await scene.apply(destination_rule("reviews", "v1", "v2"))
        await asyncio.sleep(SETTLE_S)
        await scene.apply(virtual_service("reviews", {"v1": 50, "v2": 50}))

    assert lost(answers_during(tmp_path, f"0-{LAG_S}", story)) > 0
