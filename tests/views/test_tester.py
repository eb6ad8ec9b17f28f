"""The route tester against a cluster in memory: which version, by which rule, why none before."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from grayrelease.cluster.interface import Unreachable
from grayrelease.domain.plan import Audience, Condition, Exposure, Group
from grayrelease.domain.state import Phase
from grayrelease.models import Draft, Release, columns
from grayrelease.reconcile import inventory
from tests.world import World, person

ADDRESS = "/p/demo/tester/"
JASON = Audience(groups=(Group(conditions=(Condition(on="cookie", name="user", values=("jason",)),)),))


@pytest.fixture
def bookinfo(world: World) -> World:
    inventory.refresh(world.project.pk)
    return world


def asked(name: str = "viewer", status: int = 200, **typed: Any) -> str:
    client = Client(raise_request_exception=False)
    client.force_login(person(name))
    answer = client.post(ADDRESS, {"by": "paste", "caller": "productpage", "routes": "now", **typed})
    assert answer.status_code == status
    text = re.sub("[ \n]+", " ", answer.content.decode())
    return text[text.index('id="answer"') :]


def running(world: World, exposure: Exposure, share: int = 200) -> Release:
    """Bring reviews v2, and expose it so."""
    release = world.release(share)
    stand = release.stand
    text = columns(type(stand)(exposure, drawn=(exposure.share,) if exposure.sticky else ()))
    Release.objects.filter(pk=release.pk).update(**text)
    release.refresh_from_db()
    world.run_until(release, Phase.RUNNING)
    return release


def test_a_service_without_a_route_answers_by_any_pod(bookinfo: World) -> None:
    text = asked(pasted="http://reviews:9080/reviews/0")
    assert "<b>reviews</b>" in text
    assert "answers, whichever pod of it" in text


def test_a_share_is_told_as_chances(bookinfo: World) -> None:
    running(bookinfo, Exposure(share=200))
    text = asked(pasted="http://reviews:9080/reviews/0")
    assert "By chance:" in text
    assert "v2<small>candidate of reviews-v2</small></span></span><b>20\u00a0%</b>" in text
    assert "v1<small>stable</small></span></span><b>80\u00a0%</b>" in text


def test_an_audience_is_met_by_its_cookie_among_others(bookinfo: World) -> None:
    release = running(bookinfo, Exposure(share=1000, audience=JASON))
    text = asked(pasted="curl http://reviews:9080/reviews/0 -b 'session=8c1f; user=jason'")
    assert "v2<small>candidate of reviews-v2</small>" in text
    assert "answers, always" in text
    assert f'of release <a href="/p/demo/releases/{release.pk}/">reviews-v2</a>' in text
    assert "taken" in text
    assert '<span class="sr">Yes:</span><span>with cookie <b>user</b> = <b>jason</b></span>' in text
    assert "<code>session=8c1f</code>, <code>user=jason</code>" in text
    assert "gr~" in text, "the rule as Istio has it"


def test_it_says_why_the_rule_before_did_not_match(bookinfo: World) -> None:
    running(bookinfo, Exposure(share=1000, audience=JASON))
    text = asked(pasted="curl http://reviews:9080/reviews/0 -b user=eve")
    assert "v1<small>stable</small>" in text
    assert '<span class="sr">No:</span><span>with cookie <b>user</b> = <b>jason</b></span>' in text
    assert "Rule 2" in text


def test_a_visitor_comes_through_the_gateway(bookinfo: World) -> None:
    text = asked(pasted="http://productpage.bookinfo.localhost:31234/productpage", caller="gateway")
    assert "<b>productpage</b>" in text
    assert "VirtualService demo/bookinfo" in text
    assert "<dt>Arrives at port</dt><dd>80</dd>" in text


def test_a_service_of_another_namespace_is_looked_for_there(bookinfo: World) -> None:
    labels = {"app": "shop", "version": "v7"}
    ports = [{"name": "http", "port": 80}]
    bookinfo.cluster.seed(
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "shop", "namespace": "other"},
            "spec": {"selector": {"app": "shop"}, "ports": ports},
        },
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "shop-1", "namespace": "other", "labels": labels},
            "status": {"conditions": [{"type": "Ready", "status": "True"}]},
        },
    )
    text = asked(pasted="http://shop.other/")
    assert "<b>shop</b>" in text
    assert "no pod of it is ready" not in text
    assert "The rule as Istio sees it" not in text


def test_what_no_rule_takes_is_refused_by_the_proxy(bookinfo: World) -> None:
    text = asked(pasted="http://nobody.example.com/", caller="gateway")
    assert "No rule takes it: the proxy answers 404 itself" in text


def test_a_users_own_rule_says_what_it_asks_for_and_what_there_is(bookinfo: World) -> None:
    def first(manifest: dict[str, Any]) -> None:
        gone = {"match": [{"uri": {"exact": "/old"}}], "redirect": {"uri": "/"}}
        manifest["spec"]["http"].insert(0, gone)

    bookinfo.cluster.edit("VirtualService", "demo", "bookinfo", first)
    text = asked(pasted="http://productpage.bookinfo.localhost/nothing", caller="gateway")
    assert "The path must be exactly <code>/old</code>; the request has <code>/nothing</code>" in text


def test_the_form_means_the_same_as_a_command(bookinfo: World) -> None:
    running(bookinfo, Exposure(share=1000, audience=JASON))
    typed = {"method": "POST", "host": "reviews:9080", "path": "/reviews/0", "headers": "X-One: 1"}
    text = asked(by="form", cookies="session=1\nuser=jason", **typed)
    assert "answers, always" in text
    assert "<dd>POST</dd>" in text
    assert "<code>user=jason</code>" in text


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"pasted": ""}, "This is needed."),
        ({"pasted": "ls -l"}, "That is neither a URL nor a curl command."),
        ({"pasted": "curl 'http://reviews"}, "A quotation mark is missing in the command."),
        ({"by": "form", "host": ""}, "This is needed."),
        ({"by": "form", "host": "reviews", "method": "SAY"}, "One of the methods"),
    ],
)
def test_what_is_typed_wrong_is_said(typed: dict[str, str], said: str, bookinfo: World) -> None:
    assert said in asked(status=422, **typed)


def test_what_was_typed_wrong_stays_at_its_field(bookinfo: World) -> None:
    client = Client()
    client.force_login(person("viewer"))
    text = client.post(ADDRESS, {"by": "paste", "pasted": "ls -l"}).content.decode()
    assert 'aria-invalid="true" aria-describedby="e-pasted">ls -l</textarea>' in text


def test_an_empty_page_says_nothing_is_wrong(bookinfo: World) -> None:
    client = Client()
    client.force_login(person("viewer"))
    text = client.get(ADDRESS, {"service": "reviews"}).content.decode()
    assert "aria-invalid" not in text
    assert 'value="reviews:9080"' in text


def test_a_silent_cluster_is_a_part_of_the_page(bookinfo: World) -> None:
    bookinfo.cluster.faults.fail_next(Unreachable("connection refused"), verb="list")
    text = asked(status=503, pasted="http://reviews:9080/")
    assert "API server: no answer: connection refused" in text


def test_htmx_gets_the_answer_alone(bookinfo: World) -> None:
    client = Client()
    client.force_login(person("viewer"))
    headers = {"HX-Request": "true", "HX-Target": "answer"}
    text = client.post(ADDRESS, {"by": "paste", "pasted": "ls -l"}, headers=headers)
    assert text.status_code == 200
    assert "<html" not in text.content.decode()


def drafted(world: World, exposure: Exposure, who: str = "operator") -> Draft:
    steps = [{"exposure": exposure.model_dump(mode="json")}]
    data = {"name": "reviews-v3", "service": "reviews", "version": "v3", "mode": "canary", "steps": steps}
    return Draft.objects.create(project=world.project, created_by=person(who), data=data)


def test_a_draft_is_tested_beside_what_is_under_way(bookinfo: World) -> None:
    running(bookinfo, Exposure(share=200))
    draft = drafted(bookinfo, Exposure(share=1000, audience=JASON))
    typed = {"pasted": "curl http://reviews:9080/ -b user=jason", "routes": f"{draft.pk}.0"}
    text = asked("operator", **typed)
    assert '<span class="ver third">v3</span>' in text
    assert "of this draft" in text
    assert "as draft reviews-v3 makes them, step 1: these requests" in text
    others = asked("operator", **{**typed, "pasted": "http://reviews:9080/"})
    assert "<b>20\u00a0%</b>" in others


def test_a_draft_is_its_authors_own(bookinfo: World) -> None:
    draft = drafted(bookinfo, Exposure(share=1000))
    text = asked("lead", pasted="http://reviews:9080/", routes=f"{draft.pk}.0")
    assert "v3" not in text


def test_a_draft_without_room_is_said(bookinfo: World) -> None:
    running(bookinfo, Exposure(share=800), share=800)
    draft = drafted(bookinfo, Exposure(share=500))
    text = asked("operator", pasted="http://reviews:9080/", routes=f"{draft.pk}.0")
    assert "The draft has no place beside the releases that are under way." in text


def test_nothing_that_is_pasted_becomes_markup(bookinfo: World) -> None:
    evil = "curl 'http://reviews:9080/<img src=x>' -H 'x-a: <img src=y>' -b 'a=<img src=z>'"
    assert "<img" not in asked(pasted=evil)


def test_the_routes_of_a_release_are_shown_as_they_are(bookinfo: World) -> None:
    release = running(bookinfo, Exposure(share=200))
    client = Client()
    client.force_login(person("viewer"))
    text = client.get(f"/p/demo/releases/{release.pk}/routes/").content.decode()
    assert "VirtualService reviews" in text
    assert "DestinationRule reviews" in text
    assert "subset: gr-v2" in text
    assert "resourceVersion" not in text


def test_a_visitor_of_a_name_that_the_mesh_alone_knows_is_told_who_could_ask(bookinfo: World) -> None:
    typed = {"by": "form", "host": "reviews:9080", "path": "/reviews/0", "cookies": 'a="<b>'}
    text = asked(caller="gateway", **typed)
    assert "No rule takes it: the proxy answers 404 itself" in text
    assert "reviews is known inside the mesh only: no gateway leads visitors there." in text
    assert '<button class="btn" name="caller" value="productpage">' in text
    hidden = dict(re.findall('<input type="hidden" name="(by|host|path)" value="([^"]*)">', text))
    assert hidden == {"by": "form", "host": "reviews:9080", "path": "/reviews/0"}
    assert 'name="cookies" value="a=&quot;&lt;b&gt;"' in text
    assert "answers, whichever pod of it" in asked(caller="productpage", **typed)


@pytest.mark.parametrize(
    ("host", "caller"), [("nobody.example.com", "gateway"), ("reviews:1", "productpage"), ("*", "gateway")]
)
def test_nobody_else_is_named_where_nobody_would_find_it(host: str, caller: str, bookinfo: World) -> None:
    assert "inside the mesh only" not in asked(pasted=f"http://{host}/", caller=caller)


def test_a_service_of_another_namespace_is_known_inside_the_mesh_too(bookinfo: World) -> None:
    spec = {"selector": {"app": "shop"}, "ports": [{"name": "http", "port": 80}]}
    head = {"name": "shop", "namespace": "other"}
    bookinfo.cluster.seed({"apiVersion": "v1", "kind": "Service", "metadata": head, "spec": spec})
    assert "shop is known inside the mesh only" in asked(pasted="http://shop.other/", caller="gateway")


def test_rules_behind_the_one_taken_are_told_and_not_called_failed(bookinfo: World) -> None:
    release = running(bookinfo, Exposure(share=1000, audience=JASON))
    text = asked(pasted="curl http://reviews:9080/reviews/0 -b user=jason")
    assert "Not looked at, since an earlier rule took the request: 1 rule</summary>" in text
    later = text[text.index("Not looked at") :]
    assert "<b>Rule 2</b>" in later
    assert "VirtualService demo/reviews" in later
    others = asked(pasted="http://reviews:9080/reviews/0")
    assert "Not looked at" not in others
    assert others.count(f'"/p/demo/releases/{release.pk}/"') == 1


def test_a_rule_of_a_release_that_was_not_looked_at_says_whom_it_is_for(bookinfo: World) -> None:
    running(bookinfo, Exposure(share=1000, audience=JASON))

    def first(manifest: dict[str, Any]) -> None:
        manifest["spec"]["http"].insert(0, {"name": "own", "directResponse": {"status": 410}})

    bookinfo.cluster.edit("VirtualService", "demo", "reviews", first)
    text = asked(pasted="curl http://reviews:9080/reviews/0 -b user=jason")
    assert "The rule answers 410 itself" in text
    later = text[text.index("Not looked at") :]
    assert "took the request: 2 rules</summary>" in later
    assert "with cookie <b>user</b> = <b>jason</b>" in later
