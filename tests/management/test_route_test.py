"""`manage.py route_test`: which rule and version a pasted request meets."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
import yaml
from django.core.management import CommandError, call_command

from grayrelease.cluster import use
from grayrelease.cluster.interface import Refused
from grayrelease.cluster.memory import ROUTED_BY_API, SERVED, Memory
from grayrelease.domain.plan import Manifest
from tests.domain.evaluate.cluster import REVIEWS, gateway, routes, rule, server, service, to
from tests.world import project

ROOT = Path(__file__).resolve().parents[2]
BETA = rule(to("v2", port=9080), name="beta", match=[{"headers": {"x-user": {"exact": "jason"}}}])
SPLIT = rule(to("v1", port=9080, weight=3), to("v2", port=9080, weight=1))
OBJECTS = [
    *REVIEWS,
    gateway("gray", server("*")),
    routes("shop", BETA, SPLIT, hosts=["shop.example.com"], gateways=["gray"]),
]
TOLD = """\
GET shop.example.com/a, arriving at port 80
  - VirtualService demo/shop, rule 0, match 0 (beta): header x-user exact 'jason', has 'eve'
  > VirtualService demo/shop, rule 1
    75.0% reviews.demo.svc.cluster.local v1 9080: 200
    25.0% reviews.demo.svc.cluster.local v2 9080: 200
    200
"""


@pytest.fixture
def written(tmp_path: Path) -> Path:
    path = tmp_path / "objects.yaml"
    path.write_text(yaml.safe_dump_all([{"kind": "List", "items": OBJECTS[:3]}, OBJECTS[3]]))
    return path


def route_test(*words: str) -> str:
    said = StringIO()
    call_command("route_test", *words, stdout=said)
    return said.getvalue()


def test_it_tells_the_rule_the_chances_and_why_not_the_rule_before(written: Path) -> None:
    pasted = "curl -H 'X-User: eve' http://shop.example.com/a"
    assert route_test(pasted, "--objects", str(written)) == TOLD


def test_it_names_the_rules_that_were_not_looked_at(written: Path) -> None:
    said = route_test("curl -H 'X-User: jason' http://shop.example.com/a", "--objects", str(written))
    assert "  > VirtualService demo/shop, rule 0, match 0 (beta)\n" in said
    assert "  . VirtualService demo/shop, rule 1: not looked at\n" in said


def test_it_asks_as_a_pod_of_a_namespace(written: Path) -> None:
    said = route_test("http://reviews:9080/", "--sidecar", "demo", "--objects", str(written))
    assert "> Service demo/reviews, rule 0 (default)" in said
    assert "100.0% reviews.demo.svc.cluster.local 9080: 200" in said


def test_it_prints_everything_as_json(written: Path) -> None:
    told = json.loads(route_test("shop.example.com/", "--json", "--objects", str(written)))
    assert told["looked"][0]["failed"]["where"] == "header"
    assert [each["chance"] for each in told["destinations"]] == [0.75, 0.25]


@pytest.mark.parametrize(
    ("pasted", "told"),
    [("curl 'http://a", "A quotation mark is missing"), ("a b", "neither a URL nor a curl")],
)
def test_it_says_what_it_does_not_understand(written: Path, pasted: str, told: str) -> None:
    with pytest.raises(CommandError, match=told):
        route_test(pasted, "--objects", str(written))


def test_it_says_which_file_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"can't be read.*absent\.yaml"):
        route_test("http://a", "--objects", str(tmp_path / "absent.yaml"))


@pytest.mark.django_db
def test_it_asks_the_cluster_of_a_project() -> None:
    project(name="shop", namespace="demo")
    cluster = Memory()
    for manifest in [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "demo"}}, *OBJECTS]:
        cluster.create(manifest)
    with use(cluster):
        assert "> VirtualService demo/shop, rule 1" in route_test(
            "http://shop.example.com/", "--project", "shop"
        )
    with pytest.raises(CommandError, match="There is no project other"):
        route_test("http://shop.example.com/", "--project", "other")


@pytest.mark.django_db
def test_it_asks_the_gateways_of_the_gateway_api_too() -> None:
    project(name="shop", namespace="demo")
    cluster = Memory(served=SERVED | ROUTED_BY_API)
    listener = {"name": "web", "port": 80, "protocol": "HTTP"}
    route = {
        "parentRefs": [{"name": "public"}],
        "hostnames": ["api.example"],
        "rules": [{"backendRefs": [{"name": "reviews", "port": 9080}]}],
    }
    made = {"Gateway": {"gatewayClassName": "istio", "listeners": [listener]}, "HTTPRoute": route}
    cluster.seed(*OBJECTS)
    for kind, spec in made.items():
        head = {"name": "public", "namespace": "demo"}
        api = "gateway.networking.k8s.io/v1"
        cluster.seed({"apiVersion": api, "kind": kind, "metadata": head, "spec": spec})
    with use(cluster):
        by_api = route_test("http://api.example/", "--project", "shop")
        by_istio = route_test("http://shop.example.com/", "--project", "shop")
    assert "  > HTTPRoute demo/public, rule 0" in by_api
    assert "> VirtualService demo/shop, rule 1" in by_istio


class Guarded(Memory):
    """Lists services and pods of one namespace at a time, as `deploy/rbac.yaml` lets us."""

    def list(self, kind: str, namespace: str, labels: str = "") -> list[Manifest]:
        if not namespace and kind in ("Service", "Pod", "Namespace"):
            raise Refused(f"{kind} is forbidden")
        return super().list(kind, namespace, labels)


@pytest.mark.django_db
def test_it_needs_no_more_rights_than_the_dashboard_has() -> None:
    project(name="shop", namespace="demo")
    cluster = Guarded()
    cluster.seed(*OBJECTS, service("far", "away"))
    with use(cluster):
        said = route_test("http://far.away:9080/", "--sidecar", "demo", "--project", "shop")
    assert "> Service away/far, rule 0 (default)" in said


@pytest.mark.processes
def test_files_need_no_variable(written: Path) -> None:
    command = [sys.executable, str(ROOT / "manage.py"), "route_test"]
    words = ["curl -H 'x-user: eve' shop.example.com/a", "--objects", str(written)]
    told = subprocess.run([*command, *words], env={}, cwd=os.sep, capture_output=True, text=True, check=False)
    assert (told.stdout, told.stderr) == (TOLD, "")
