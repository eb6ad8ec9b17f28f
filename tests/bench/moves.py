"""Deeds that are timed: from the POST until the cluster, the traffic and the page show them."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from random import Random
from time import monotonic

import requests

from demo.stack import Stack
from grayrelease.sandbox.visitors.answers import classify
from tests.bench.figures import Figure
from tests.story.api import ISTIO, Api, Change, Record, share_of
from tests.story.releasing import Operator, Wish
from tests.story.rows import in_phase, verified

WITHIN_S = 30
SCRAPE_S = 1.0
HOST = "productpage.bookinfo.localhost"
IMAGE = "kubesphere/examples-bookinfo-reviews-v2:1.16.2"


class Moves:
    """operator moves reviews between v1 and v2, and everything is timed."""

    def __init__(self, stack: Stack, figures: Mapping[str, Figure]) -> None:
        self.stack, self.figures = stack, figures
        self.operator = Operator(stack)
        self.api = Api(stack.options.kubeconfig, "demo")
        self.random = Random(7)
        self.number, self.page, self.name = 0, "", ""

    def begin(self, settle_s: float, drain_s: float) -> None:
        """Deploy the sample and bring v2 to 20 %."""
        self.operator.set_times(settle_s, drain_s).deploy_sample()
        self.record = Record(self.api, ISTIO, "virtualservices")
        self.bring()

    def bring(self) -> None:
        self.number += 1
        self.name = f"reviews-{self.number}"
        self.page = self.operator.start(Wish(self.name, "v2", IMAGE, 20))
        self.operator.rows.wait(self.name, verified(200), WITHIN_S)

    def click(self, deed: str, **fields: object) -> Callable[[], float]:
        """Read a deed's page and return the function that posts it and gives the time of the POST."""
        asked = self.operator.ok(self.operator.person.get(f"{self.page}{deed}/"))
        generation = self.operator.generation(asked)

        def post() -> float:
            began = monotonic()
            thread = threading.Thread(
                target=self.operator.confirm, args=(self.page, deed, generation), kwargs=fields
            )
            thread.start()
            self.posted = thread
            return began

        return post

    def change_to(self, percent: int) -> None:
        """Move the share; how long until the VirtualService says so."""
        post = self.click("share", share=percent)
        began = post()
        written = self.record.wait_for(_says(percent), began, WITHIN_S)
        self.figures["click_to_written_ms"].add(written.at - began)
        self.posted.join()

    def verified_change(self, percent: int) -> None:
        """Move the share at any moment between two scrapes; how long until it is verified."""
        time.sleep(self.random.uniform(0, SCRAPE_S))
        began = monotonic()
        self.change_to(percent)
        self.operator.rows.wait(self.name, verified(percent * 10), WITHIN_S)
        self.figures["click_to_verified_ms"].add(monotonic() - began)

    def flip(self, percent: int, version: str) -> None:
        """Move all traffic; how long until the first page comes with the other version."""
        post = self.click("share", share=percent)
        began = post()
        with requests.Session() as visitor:
            while self._visit(visitor) != version:
                assert monotonic() < began + WITHIN_S, f"nobody meets {version}"
        self.figures["click_to_first_request_ms"].add(monotonic() - began)
        self.posted.join()
        self.operator.rows.wait(self.name, verified(percent * 10), WITHIN_S)

    def _visit(self, visitor: requests.Session) -> str:
        port = self.stack.options.ports.gateway
        url = f"http://127.0.0.1:{port}/productpage"
        answer = visitor.get(url, headers={"Host": f"{HOST}:{port}"}, timeout=WITHIN_S)
        return classify(answer.status_code, answer.text).version

    def bare_write(self) -> None:
        """Write weights to an object of the same size, with nothing between us and the API server."""
        if not self.api.exists(ISTIO, "virtualservices", "bare"):
            ours = self.api.get(ISTIO, "virtualservices", "reviews")
            metadata = {"name": "bare", "annotations": ours["metadata"]["annotations"]}
            spec = json.loads(json.dumps(ours["spec"]).replace('"reviews"', '"nothing"'))
            bare = {**ours, "metadata": metadata, "spec": spec}
            self.api.post(ISTIO, "virtualservices", bare)
        present = self.api.get(ISTIO, "virtualservices", "bare")
        present["spec"]["http"][0]["timeout"] = f"{len(self.figures['bare_write_ms'].times) + 1}s"
        with self.figures["bare_write_ms"].measured():
            self.api.put(ISTIO, "virtualservices", present)

    def roll_back_and_begin_again(self) -> None:
        """Roll back; how long until the VirtualService has no candidate. Then bring it anew."""
        if share_of(self.api.get(ISTIO, "virtualservices", "reviews"), "v2") == 0:
            self.change_to(20)
        post = self.click("roll-back")
        began = post()
        self.figures["roll_back_ms"].add(self.record.wait_for(_says(0), began, WITHIN_S).at - began)
        self.posted.join()
        self.operator.rows.wait(self.name, in_phase("rolled-back"), WITHIN_S)
        self.operator.deed(self.page, "finish")
        self.operator.rows.wait(self.name, in_phase("finished"), WITHIN_S)
        self.bring()


def _says(percent: int) -> Callable[[Change], bool]:
    def wanted(change: Change) -> bool:
        return (
            change.object["metadata"]["name"] == "reviews" and share_of(change.object, "v2") == percent * 10
        )

    return wanted
