"""What istiod's webhook refuses, the sandbox's API server refuses, in the same words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from grayrelease.sandbox.apiserver import errors
from grayrelease.sandbox.apiserver.istio_admission import check, problems

JSON = dict[str, Any]
PLACEHOLDER = "x * 1100000"


def recorded(recordings: Path) -> list[JSON]:
    text = (recordings / "istio-routing" / "validation.json").read_text()
    found: list[JSON] = json.loads(text.replace(PLACEHOLDER, "x" * 1_100_000))
    return found


def test_it_says_what_istiod_was_recorded_saying(recordings: Path) -> None:
    differing = {
        entry["name"]: (entry["message"], found)
        for entry in recorded(recordings)
        if (found := list(problems(entry["object"]))) != [] or not entry["valid"]
        if not same(entry["message"], found)
    }
    assert differing == {} and len(recorded(recordings)) > 100


def same(message: str, found: list[str]) -> bool:
    # The recording writes ` | ` where the message has a new line.
    return " | ".join(found).replace("\n", " | ") == message


def test_the_answer_is_the_webhooks() -> None:
    rule = {"route": [{"destination": {"host": "reviews"}, "weight": -1}]}
    item = {"kind": "VirtualService", "metadata": {}, "spec": {"hosts": ["reviews"], "http": [rule]}}
    with pytest.raises(errors.ApiError) as caught:
        check("networking.istio.io", item)
    assert caught.value.code == 400
    assert str(caught.value) == (
        'admission webhook "validation.istio.io" denied the request: configuration is invalid: weight -1 < 0'
    )


@pytest.mark.parametrize(
    ("field", "rule", "told"),
    [
        ("tcp", {"route": []}, "TCP route is required"),
        (
            "tls",
            {"route": [{"destination": {"host": "a"}}]},
            "TLS route must have at least one match condition",
        ),
        (
            "tls",
            {"match": [{"sniHosts": ["b.com"]}], "route": [{"destination": {"host": "a"}}]},
            'SNI host "b.com" is not a compatible subset of any of the virtual service hosts: [a.com]',
        ),
    ],
)
def test_tcp_and_tls_rules_are_looked_at_too(field: str, rule: JSON, told: str) -> None:
    item = {"kind": "VirtualService", "metadata": {}, "spec": {"hosts": ["a.com"], field: [rule]}}
    assert list(problems(item)) == [told]
