"""The images that the node knows, and what kubelet says of one that it can't pull."""

from __future__ import annotations

import hashlib
import re

BOOKINFO = re.compile(
    r"(?:docker\.io/)?(?:istio|kubesphere)/examples?-bookinfo-"
    r"(?P<app>productpage|details|ratings|reviews)-(?P<version>v[123])(?P<tag>[:@].+)?"
)
ECHO = re.compile(r"(?:docker\.io/)?grayrelease/echo(?P<tag>[:@].+)?")
VERSIONS = {"productpage": {"v1"}, "details": {"v1"}, "ratings": {"v1"}, "reviews": {"v1", "v2", "v3"}}


def program(image: str) -> list[str] | None:
    """Give the arguments of `grayrelease.sandbox.workloads` for an image; None if it isn't known."""
    found = BOOKINFO.fullmatch(image)
    if found and found["version"] in VERSIONS[found["app"]]:
        return [found["app"], found["version"]]
    if ECHO.fullmatch(image):
        return ["echo", image.rpartition(":")[2] if ":" in image else "latest"]
    return None


def full_name(image: str) -> str:
    """Name an image with registry and tag, as containerd does."""
    first, _, rest = image.partition("/")
    named = image if rest and ("." in first or ":" in first or first == "localhost") else _of_docker(image)
    return named if ":" in named.rpartition("/")[2] or "@" in named else f"{named}:latest"


def identity(image: str) -> str:
    """Give the imageID that a pod's status shows."""
    if "@" in image:
        return full_name(image)
    name = full_name(image)
    return f"{name.rpartition(':')[0]}@sha256:{hashlib.sha256(name.encode()).hexdigest()}"


def refusal(image: str) -> str:
    """Say why an image can't be pulled, as containerd and kubelet say it."""
    name = full_name(image)
    return (
        f'failed to pull and unpack image "{name}": failed to resolve reference "{name}": pull access '
        "denied, repository does not exist or may require authorization: server message: "
        "insufficient_scope: authorization failed"
    )


def _of_docker(image: str) -> str:
    return f"docker.io/{image}" if "/" in image else f"docker.io/library/{image}"
