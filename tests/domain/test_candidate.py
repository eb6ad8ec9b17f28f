"""The candidate's Deployment: stable's, but for what a person chose, and without what tools noted."""

from __future__ import annotations

from typing import Any

import pytest

from grayrelease.domain.candidate import make, name_prefix
from grayrelease.domain.plan import Manifest
from tests.domain.conftest import Golden
from tests.domain.manifests import deployment


def stable() -> Manifest:
    """A Deployment as an API server gives it after some years of use."""
    found = deployment("v1", replicas=3)
    found["metadata"] |= {
        "uid": "u",
        "resourceVersion": "12",
        "generation": 4,
        "creationTimestamp": "2026-01-01T00:00:00Z",
        "managedFields": [{"manager": "kubectl"}],
        "ownerReferences": [{"kind": "Application", "name": "bookinfo"}],
        "finalizers": ["x"],
        "annotations": {
            "team": "reviews",
            "kubectl.kubernetes.io/last-applied-configuration": "{}",
            "deployment.kubernetes.io/revision": "7",
            "grayrelease/owner": "x/1",
            "meta.helm.sh/release-name": "bookinfo",
        },
    }
    found["status"] = {"readyReplicas": 3}
    found["spec"]["paused"] = True
    template: dict[str, Any] = found["spec"]["template"]
    template["metadata"]["creationTimestamp"] = None
    template["metadata"]["annotations"]["kubectl.kubernetes.io/restartedAt"] = "2026-02-01T00:00:00Z"
    template["spec"]["containers"] = [
        {
            "name": "reviews",
            "image": "istio/reviews:v1",
            "env": [
                {"name": "HOST", "value": "a"},
                {"name": "LEVEL", "value": "$(HOST)"},
                {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "s", "key": "t"}}},
            ],
        },
        {"name": "log", "image": "log:1"},
    ]
    return found


def test_it_copies_all_but_what_was_chosen_and_what_is_noted(golden: Golden) -> None:
    made = make(
        stable(),
        service="reviews",
        version="1.2.0",
        image="reviews:1.2.0",
        replicas=2,
        env={"LEVEL": "debug", "TOKEN": None, "NEW": "1"},
    )
    golden("candidate", made)
    assert stable() == stable(), "the given manifest is left alone"


def test_its_selector_differs_from_stables() -> None:
    bare = stable()
    for labels in (bare["spec"]["selector"]["matchLabels"], bare["metadata"]["labels"]):
        labels.pop("version", None)
    made = make(bare, service="reviews", version="v2", image="x", replicas=1)
    assert made["spec"]["selector"]["matchLabels"] == {"app": "reviews", "version": "v2"}


def test_a_named_container_gets_the_image_and_one_that_is_not_there_is_an_error() -> None:
    made = make(stable(), service="reviews", version="v2", image="log:2", replicas=1, container="log")
    images = [one["image"] for one in made["spec"]["template"]["spec"]["containers"]]
    assert images == ["istio/reviews:v1", "log:2"]
    with pytest.raises(ValueError, match="no container nobody"):
        make(stable(), service="reviews", version="v2", image="x", replicas=1, container="nobody")


def test_it_is_called_after_the_app_label_or_else_the_service() -> None:
    assert name_prefix(stable(), "svc") == "reviews"
    assert name_prefix({"metadata": {"labels": None}}, "svc") == "svc"


def test_a_template_without_annotations_stays_without() -> None:
    bare = stable()
    bare["metadata"]["annotations"] = None
    bare["spec"]["template"]["metadata"].pop("annotations")
    made = make(bare, service="reviews", version="v2", image="x", replicas=1)
    assert "annotations" not in made["metadata"]
    assert "annotations" not in made["spec"]["template"]["metadata"]
