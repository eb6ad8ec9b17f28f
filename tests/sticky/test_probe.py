"""Callers between browsers and a sticky service: those that keep cookies to themselves are found.

browser → caller → a real Envoy with its sidecar's tables → the service
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import StringIO
from pathlib import Path

import pytest
from aiohttp import ClientSession, DummyCookieJar, UnixConnector, web
from django.core.management import CommandError, call_command

from grayrelease.domain import stand
from grayrelease.domain.plan import Exposure
from grayrelease.sandbox.mesh.translate.routes import Caller
from grayrelease.sandbox.workloads.productpage import productpage
from grayrelease.sandbox.workloads.serving import Calls, Handler, Settings
from tests.sticky.edge import edge
from tests.sticky.test_jars import plan_of, wanted, written

pytestmark = [pytest.mark.processes, pytest.mark.timeout(120)]

SIDECAR = Caller("demo", {"app": "productpage"}, gateway=False)
HOST = "reviews:9080"


def front(socket: Path, *, forwards: bool, gives_back: bool) -> Handler:
    """A caller that hands cookies on as it is told to."""

    async def handle(request: web.BaseRequest) -> web.Response:
        sent = {"Cookie": request.headers["Cookie"]} if forwards and "Cookie" in request.headers else {}
        jar = DummyCookieJar()
        async with (
            ClientSession(connector=UnixConnector(str(socket)), cookie_jar=jar) as session,
            session.get("http://reviews/", headers={"Host": HOST, **sent}) as said,
        ):
            answer = web.Response(text=said.headers["x-version"])
            for cookie in said.headers.getall("Set-Cookie", []) if gives_back else []:
                answer.headers.add("Set-Cookie", cookie)
            return answer

    return handle


@asynccontextmanager
async def serving(handler: Handler) -> AsyncIterator[str]:
    """Serve on a free port; gives the address."""
    runner = web.ServerRunner(web.Server(handler))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/productpage"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def piped(socket: Path) -> AsyncIterator[str]:
    """Let a port of this machine lead to a socket; gives the address."""

    async def pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_unix_connection(socket)
        try:
            await asyncio.gather(_copy(reader, back), _copy(there, writer))
        except ConnectionError:
            pass
        finally:
            writer.close()
            back.close()

    async with await asyncio.start_server(pipe, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
    writer.write_eof()


async def probed(address: str) -> str:
    """Return what the command says of an address, or its complaint."""
    out = StringIO()
    try:
        await asyncio.to_thread(call_command, "sticky_test", address, "7", stdout=out)
    except CommandError as error:
        return str(error)
    return out.getvalue()


def sticky() -> list[object]:
    steps = plan_of(Exposure(share=500, sticky=True))
    return written("plain", wanted(steps, stand.begin(steps)))


@pytest.mark.parametrize(
    ("forwards", "gives_back", "says"),
    [
        (True, True, "a visitor keeps their version"),
        (False, True, "a caller in between drops the visitor's cookies"),
        (True, False, "a caller in between doesn't give it back"),
    ],
)
def test_it_is_found_out_whether_a_caller_hands_cookies_on(
    forwards: bool, gives_back: bool, says: str
) -> None:
    async def ask() -> str:
        async with edge([sticky()], 9080, HOST, "/", SIDECAR) as at:
            caller = front(at.loading.socket(0, 9080), forwards=forwards, gives_back=gives_back)
            async with serving(caller) as address:
                return await probed(address)

    assert says in asyncio.run(ask())


def test_bookinfos_page_gives_no_cookie_of_the_reviews_back() -> None:
    async def ask() -> str:
        async with (
            edge([sticky()], 9080, HOST, "/", SIDECAR) as at,
            piped(at.loading.socket(0, 9080)) as outbound,
        ):
            settings = Settings(outbound=outbound)
            calls = Calls(settings)
            async with serving(productpage(settings, calls)) as address:
                try:
                    return await probed(address)
                finally:
                    await calls.close()

    assert "a caller in between doesn't give it back" in asyncio.run(ask())


def test_an_address_that_does_not_answer_is_said() -> None:
    with pytest.raises(CommandError, match="gave no answer"):
        call_command("sticky_test", "http://127.0.0.1:1/", "7")
