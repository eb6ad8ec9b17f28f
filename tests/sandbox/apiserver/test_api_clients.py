"""Real clients against the sandbox: the Python client and kubectl."""

from __future__ import annotations

import shutil
import subprocess
import threading
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client, config, dynamic
from kubernetes.dynamic.exceptions import ConflictError, NotFoundError

from grayrelease.sandbox.node.register import node
from tests.sandbox.apiserver.api_process import ApiProcess, config_map, deployment, virtual_service

pytestmark = pytest.mark.processes

NEEDS_KUBECTL = pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed")


@pytest.fixture(scope="module")
def python(api: ApiProcess, tmp_path_factory: pytest.TempPathFactory) -> dynamic.DynamicClient:
    core = config.new_client_from_config(config_file=str(api.kubeconfig))
    cache = tmp_path_factory.mktemp("discovery") / "cache.json"
    return dynamic.DynamicClient(core, cache_file=str(cache))


def kind(python: dynamic.DynamicClient, api_version: str, name: str) -> Any:
    return python.resources.get(api_version=api_version, kind=name)


def test_the_dynamic_client_applies_patches_and_replaces(python: dynamic.DynamicClient) -> None:
    routes = kind(python, "networking.istio.io/v1", "VirtualService")
    applied = routes.server_side_apply(
        body=virtual_service("py", 80), name="py", namespace="default", field_manager="wizard"
    )
    assert applied.metadata.generation == 1
    merge = "application/merge-patch+json"
    patch = {"spec": {"hosts": ["ratings"]}}
    patched = routes.patch(name="py", namespace="default", body=patch, content_type=merge)
    assert (patched.spec.hosts, patched.metadata.generation) == (["ratings"], 2)
    with pytest.raises(ConflictError):
        routes.server_side_apply(
            body=virtual_service("py", 50), name="py", namespace="default", field_manager="wizard"
        )
    body = patched.to_dict()
    body["spec"] = virtual_service("py", 10)["spec"]
    assert routes.replace(body=body, namespace="default").metadata.generation == 3
    with pytest.raises(ConflictError):
        routes.replace(body=body, namespace="default")


def test_the_dynamic_client_tries_without_doing(python: dynamic.DynamicClient) -> None:
    maps = kind(python, "v1", "ConfigMap")
    tried = maps.server_side_apply(
        body=config_map("dry", a="1"), name="dry", namespace="default", field_manager="x", dry_run="All"
    )
    assert tried.data.a == "1"
    with pytest.raises(NotFoundError):
        maps.get(name="dry", namespace="default")


def test_the_dynamic_client_deletes_only_what_it_means(python: dynamic.DynamicClient) -> None:
    maps = kind(python, "v1", "ConfigMap")
    made = maps.create(body=config_map("condition"), namespace="default")
    wrong = {"preconditions": {"uid": "00000000-0000-4000-8000-000000000000"}}
    with pytest.raises(ConflictError):
        maps.delete(name="condition", namespace="default", body=wrong)
    maps.delete(name="condition", namespace="default", body={"preconditions": {"uid": made.metadata.uid}})
    assert "condition" not in [each.metadata.name for each in maps.get(namespace="default").items]


def test_the_dynamic_client_watches(python: dynamic.DynamicClient) -> None:
    maps = kind(python, "v1", "ConfigMap")
    version = maps.get(namespace="default").metadata.resourceVersion
    seen: list[tuple[str, str]] = []

    def watch() -> None:
        for event in maps.watch(namespace="default", resource_version=version, timeout=2):
            seen.append((event["type"], event["object"].metadata.name))

    watcher = threading.Thread(target=watch)
    watcher.start()
    maps.create(body=config_map("watched"), namespace="default")
    maps.delete(name="watched", namespace="default")
    watcher.join(20)
    assert seen == [("ADDED", "watched"), ("DELETED", "watched")]


def test_the_typed_client_reads_and_scales(api: ApiProcess) -> None:
    core = config.new_client_from_config(config_file=str(api.kubeconfig))
    apps = client.AppsV1Api(core)
    apps.create_namespaced_deployment("default", deployment("typed"))
    scaled = apps.patch_namespaced_deployment_scale("typed", "default", {"spec": {"replicas": 3}})
    assert scaled.spec.replicas == 3
    assert apps.read_namespaced_deployment("typed", "default").spec.replicas == 3


def test_the_typed_client_lists_nodes(api: ApiProcess) -> None:
    core = client.CoreV1Api(config.new_client_from_config(config_file=str(api.kubeconfig)))
    made = node("one", 10250, "127.0.0.0/8")
    core.create_node({"metadata": made["metadata"], "spec": made["spec"]})
    core.patch_node_status("one", {"status": made["status"]})
    found = next(each for each in core.list_node().items if each.metadata.name == "one")
    assert (found.status.node_info.os_image, found.status.node_info.boot_id) == ("sandbox", "")


class Kubectl:
    def __init__(self, api: ApiProcess, folder: Path) -> None:
        self._environment = {
            "KUBECONFIG": str(api.data / "kubeconfig.kubectl"),
            "HOME": str(folder),
            "PATH": "/usr/local/bin:/usr/bin:/bin",
        }

    def __call__(self, *arguments: str, text: str | None = None) -> str:
        program = shutil.which("kubectl")
        assert program is not None
        done = subprocess.run(
            [program, *arguments],
            env=self._environment,
            input=text,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def kubectl(api: ApiProcess, tmp_path_factory: pytest.TempPathFactory) -> Kubectl:
    return Kubectl(api, tmp_path_factory.mktemp("home"))


ROUTE = """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: kc}
spec:
  hosts: [reviews]
  http: [{route: [{destination: {host: reviews, subset: v1}, weight: 100}]}]
"""


@NEEDS_KUBECTL
def test_kubectl_applies_gets_describes_and_deletes(kubectl: Kubectl) -> None:
    assert kubectl("apply", "--validate=false", "-f", "-", text=ROUTE) == (
        "virtualservice.networking.istio.io/kc created\n"
    )
    assert "unchanged" in kubectl("apply", "--validate=false", "-f", "-", text=ROUTE)
    assert "configured" in kubectl("apply", "-f", "-", text=ROUTE.replace("[reviews]", "[ratings]"))
    header, row = kubectl("get", "virtualservices").splitlines()[:2]
    assert header.split() == ["NAME", "GATEWAYS", "HOSTS", "AGE"]
    assert '["ratings"]' in row
    assert "Hosts:" in kubectl("describe", "virtualservice", "kc")
    assert "deleted" in kubectl("delete", "virtualservice", "kc")


@NEEDS_KUBECTL
def test_kubectl_applies_a_deployment_on_the_servers_side(kubectl: Kubectl) -> None:
    manifest = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: kc}
spec:
  selector: {matchLabels: {app: kc}}
  template:
    metadata: {labels: {app: kc}}
    spec: {containers: [{name: app, image: "registry.local/app:1"}]}
"""
    assert "serverside-applied" in kubectl("apply", "--server-side", "-f", "-", text=manifest)
    assert "registry.local/app:2" in kubectl(
        "set", "image", "deployment/kc", "app=registry.local/app:2", "-o", "jsonpath={.spec.template.spec}"
    )
    assert "RollingUpdateStrategy:  25% max unavailable" in kubectl("describe", "deployment", "kc")
    kubectl("scale", "deployment/kc", "--replicas=0")
    assert kubectl("get", "deployment", "kc", "-o", "jsonpath={.spec.replicas}") == "0"
