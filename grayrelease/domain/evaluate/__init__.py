"""What a proxy does with a request, worked out from Kubernetes objects alone.

Rules are Istio's and Envoy's, as recorded and as probed with the real ones. Nothing here is shared
with the emulated mesh: each is the other's check.
"""

from __future__ import annotations

from grayrelease.domain.evaluate.answer import Answer, Failed, Ignored, Looked, Ref, Rule
from grayrelease.domain.evaluate.answering import Proxy, evaluate
from grayrelease.domain.evaluate.entrances import entrances
from grayrelease.domain.evaluate.registry import World, read
from grayrelease.domain.evaluate.request import Caller, Request, caller, request

__all__ = [
    "Answer",
    "Caller",
    "Failed",
    "Ignored",
    "Looked",
    "Proxy",
    "Ref",
    "Request",
    "Rule",
    "World",
    "caller",
    "entrances",
    "evaluate",
    "read",
    "request",
]
