"""What the adapter sends, what it reads, and who shares a client."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from grayrelease import cluster
from grayrelease.cluster.interface import Unreachable
from grayrelease.cluster.kubernetes import Kubernetes
from tests.cluster.answering import Server, kubeconfig


def test_it_sends_who_it_is_and_what_it_was_decided_on(server: Server, client: Kubernetes) -> None:
    client.delete("VirtualService", "demo", "reviews", uid="u", resource_version="7")
    method, path, headers, body = server.asked[0]
    assert (method, path) == (
        "DELETE",
        "/apis/networking.istio.io/v1/namespaces/demo/virtualservices/reviews",
    )
    assert headers["authorization"] == "Bearer secret"
    assert body["preconditions"] == {"uid": "u", "resourceVersion": "7"}
    assert body["propagationPolicy"] == "Background"


def test_its_writes_carry_our_field_manager(server: Server, client: Kubernetes) -> None:
    manifest = {"kind": "Pod", "metadata": {"namespace": "demo", "name": "x"}, "spec": {"unknownField": 1}}
    client.create(manifest, dry_run=True)
    client.replace({**manifest, "metadata": {**manifest["metadata"], "uid": "u", "resourceVersion": "7"}})
    assert [(method, path) for method, path, _, _ in server.asked] == [
        ("POST", "/api/v1/namespaces/demo/pods?fieldManager=grayrelease&dryRun=All"),
        ("PUT", "/api/v1/namespaces/demo/pods/x?fieldManager=grayrelease"),
    ]
    assert server.asked[0][3] == manifest


def test_it_reads_logs_as_text(server: Server, client: Kubernetes) -> None:
    server.answers = [(200, {}, "ein\nzwölf\n".encode() + b"\xff")]
    assert client.logs("demo", "x", lines=20, container="app") == "ein\nzwölf\n�"
    assert server.asked[0][1].startswith("/api/v1/namespaces/demo/pods/x/log?tailLines=20&limitBytes=")
    assert server.asked[0][1].endswith("&container=app")


def test_a_kind_that_is_not_installed_is_not_served(server: Server, client: Kubernetes) -> None:
    server.says(404, "NotFound")
    assert not client.serves("HTTPRoute")
    assert not client.serves("HTTPRoute")
    assert len(server.asked) == 1


def test_a_server_that_fails_leaves_it_open_what_it_serves(server: Server, client: Kubernetes) -> None:
    server.says(503)
    with pytest.raises(Unreachable):
        client.serves("HTTPRoute")
    server.answers = [(200, {}, b'{"resources": [{"kind": "HTTPRoute"}]}')]
    assert client.serves("HTTPRoute")


def test_threads_share_a_client_until_the_kubeconfig_changes(
    server: Server, tmp_path: Path, settings: Any
) -> None:
    path = kubeconfig(tmp_path, server.url)
    settings.KUBECONFIG = str(path)
    first = cluster.connect()
    assert cluster.connect() is first
    os.utime(path, ns=(1, 1))
    assert cluster.connect() is not first


def test_a_forked_worker_makes_a_client_of_its_own(server: Server, tmp_path: Path, settings: Any) -> None:
    settings.KUBECONFIG = str(kubeconfig(tmp_path, server.url))
    parents = cluster.connect()
    reading, writing = os.pipe()
    if (child := os.fork()) == 0:
        os.write(writing, b"another" if cluster.connect() is not parents else b"the same")
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(reading, 20) == b"another"
    os.close(reading)
    os.close(writing)
