"""What a person can do. Results are data; each deed checks who, and writes in one short transaction."""

from __future__ import annotations

from grayrelease.domain.allowed import DOERS
from grayrelease.operations.applications import deploy_sample
from grayrelease.operations.deed import DEEDS, Deed
from grayrelease.operations.drafts import create_release
from grayrelease.operations.errors import Busy, Forbidden, Moved, NotDone, NotFound, Refused
from grayrelease.operations.forgetting import forget, what_is_left
from grayrelease.operations.freezing import freeze
from grayrelease.operations.people import find_project, role
from grayrelease.operations.releases import (
    abandon,
    agree,
    carry_on,
    finish,
    pause,
    reapply,
    resume,
    roll_back,
    set_exposure,
    set_share,
    take_over,
    vouch,
)

__all__ = [
    "DOERS",
    "DEEDS",
    "Busy",
    "Deed",
    "Forbidden",
    "Moved",
    "NotDone",
    "NotFound",
    "Refused",
    "abandon",
    "agree",
    "carry_on",
    "create_release",
    "deploy_sample",
    "find_project",
    "finish",
    "forget",
    "freeze",
    "pause",
    "resume",
    "role",
    "roll_back",
    "set_exposure",
    "set_share",
    "take_over",
    "reapply",
    "vouch",
    "what_is_left",
]
