"""One stack serves all stories. They may come in any order: each releases another service, or leaves room."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from demo.options import Options
from demo.stack import Stack
from tests.scratch import scratch_folder


@pytest.fixture(scope="package")
def stack(browser: Browser) -> Iterator[Stack]:
    """Everything, with visitors, and Bookinfo: operator deployed it without JavaScript, in Chinese."""
    from tests.story.browsing import deploy_bookinfo, in_chinese, sign_in, visit  # once Django is loaded

    with scratch_folder() as home:
        options = Options(folder=home, sandbox=home / "sandbox", quick=True, visitors=30)
        with Stack(options) as stack:
            operator = in_chinese(visit(browser, stack, scripts=False))
            sign_in(operator, "operator")
            deploy_bookinfo(operator)
            operator.page.context.close()
            yield stack


@pytest.fixture(autouse=True)
def nobody_stays(browser: Browser) -> Iterator[None]:
    """Close what people of a story left open: each page goes on asking the server that the next ones need."""
    yield
    for context in list(browser.contexts):
        context.close()
