"""A candidate that can't run: the page says why, visitors stay where they are, and there is a way out."""

from __future__ import annotations

import pytest

from tests.holds.world import World

pytestmark = [pytest.mark.processes, pytest.mark.slow, pytest.mark.timeout(240)]


def test_a_wrong_image_is_named_and_nobody_meets_it(whole: World) -> None:
    whole.bring(image="example/does-not-exist:1", wait=False)
    whole.wait_text(whole.page, "ImagePullBackOff", 30)
    whole.look()
    assert whole.share() == 0
    whole.finish()
    assert whole.share() is None


def test_a_candidate_that_never_becomes_ready_is_named(whole: World) -> None:
    whole.bring(env=("ERROR_RATE", "not a number"), wait=False)
    whole.wait_text(whole.page, "CrashLoopBackOff", 30)
    assert whole.share() == 0
    whole.finish()
