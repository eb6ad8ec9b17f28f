from __future__ import annotations

import pytest

from grayrelease.domain.evaluate.curl import NotUnderstood, parse
from grayrelease.domain.reasons import REASONS

CHROME = """curl 'http://shop.example.com:8080/api/v1?user=jason&x=%20' \\
  -H 'Accept: */*' \\
  -H 'Accept-Language: de' \\
  -b 'a=1; user=jason' \\
  -H 'User-Agent: Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)' \\
  --data-raw $'it\\'s \\u0021' \\
  --compressed \\
  --insecure"""
WINDOWS = (
    'curl ^"http://shop.example.com/a^?b=c^" ^\n  -H ^"X-User: jason^" ^\n  -X ^"DELETE^" ^\n  --compressed'
)


@pytest.mark.parametrize(
    ("url", "authority", "path", "port"),
    [
        ("http://shop.example.com", "shop.example.com", "/", 80),
        ("https://shop.example.com/a?b=c#d", "shop.example.com", "/a?b=c", 443),
        ("shop.example.com/a", "shop.example.com", "/a", 80),
        ("http://reviews:9080/reviews/0", "reviews:9080", "/reviews/0", 9080),
        ("http://me:secret@shop.example.com/a?", "shop.example.com", "/a?", 80),
        ("http://[::1]:8080/", "[::1]:8080", "/", 8080),
        ("  http://shop.example.com/a/../b \n", "shop.example.com", "/a/../b", 80),
        ("http://shop.example.com?x", "shop.example.com", "/?x", 80),
    ],
)
def test_a_url_is_a_get(url: str, authority: str, path: str, port: int) -> None:
    request = parse(url)
    assert (request.method, request.authority, request.path, request.port) == ("GET", authority, path, port)
    assert request.headers == {}


def test_what_chrome_copies_is_understood() -> None:
    request = parse(CHROME)
    assert (request.method, request.path) == ("POST", "/api/v1?user=jason&x=%20")
    assert (request.authority, request.port) == ("shop.example.com:8080", 8080)
    assert request.headers["cookie"] == ("a=1; user=jason",)
    assert request.headers["user-agent"] == ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)",)
    assert request.headers["accept-language"] == ("de",)
    assert request.headers["accept"] == ("*/*",)


def test_what_chrome_copies_on_windows_is_understood() -> None:
    request = parse(WINDOWS)
    assert (request.method, request.path, request.authority) == ("DELETE", "/a?b=c", "shop.example.com")
    assert request.headers["x-user"] == ("jason",)


@pytest.mark.parametrize(
    ("options", "method", "path"),
    [
        ("", "GET", "/a"),
        ("-I", "HEAD", "/a"),
        ("-d x=1", "POST", "/a"),
        ("-d x=1 -X PUT", "PUT", "/a"),
        ("-XPATCH", "PATCH", "/a"),
        ("--request=PATCH", "PATCH", "/a"),
        ("-G -d x=1 --data y=2", "GET", "/a?x=1&y=2"),
        ("-sSL -m 5 -o out.txt -w '%{http_code}'", "GET", "/a"),
        ("-sX POST", "POST", "/a"),
        ("-F file=@x", "POST", "/a"),
        ("-T file", "PUT", "/a"),
        ("--json '{}'", "POST", "/a"),
        ("-k --compressed -L --http1.1", "GET", "/a"),
    ],
)
def test_options_change_method_and_path(options: str, method: str, path: str) -> None:
    request = parse(f"curl {options} http://reviews/a")
    assert (request.method, request.path) == (method, path)


@pytest.mark.parametrize(
    ("options", "name", "lines"),
    [
        ("-H 'X-User: jason'", "x-user", ("jason",)),
        ("-H 'x-user: a' -H 'X-User: b'", "x-user", ("a", "b")),
        ("-H 'X-Empty;'", "x-empty", ("",)),
        ("-b user=jason --cookie a=b", "cookie", ("user=jason; a=b",)),
        ("-A Firefox", "user-agent", ("Firefox",)),
        ("", "user-agent", ("curl/8.5.0",)),
        ("-H 'User-Agent: x'", "user-agent", ("x",)),
        ("-u me:secret", "authorization", ("Basic bWU6c2VjcmV0",)),
        ("-e http://a", "referer", ("http://a",)),
        ("-d x", "content-type", ("application/x-www-form-urlencoded",)),
    ],
)
def test_options_write_headers(options: str, name: str, lines: tuple[str, ...]) -> None:
    assert parse(f"curl {options} http://reviews/a").headers[name] == lines


def test_a_header_can_be_taken_away_and_the_host_is_the_authority() -> None:
    request = parse("curl -H 'User-Agent:' -H 'Host: public.example.com' http://127.0.0.1:30140/a")
    assert "user-agent" not in request.headers
    assert (request.authority, request.port) == ("public.example.com", 30140)


@pytest.mark.parametrize(
    ("pasted", "code"),
    [
        ("", "required"),
        ("two words", "paste-neither"),
        ("curl 'http://a", "paste-quotes"),
        ("curl $'http://a", "paste-quotes"),
        ("curl -H", "paste-no-value"),
        ("curl --no-such-option http://a", "paste-option"),
        ("curl -s", "paste-no-url"),
        ("ftp://a/b", "paste-no-url"),
        ("http://a:99999/", "paste-no-url"),
    ],
)
def test_what_it_does_not_understand_it_says(pasted: str, code: str) -> None:
    with pytest.raises(NotUnderstood) as told:
        parse(pasted)
    assert told.value.reason.code == code
    assert set(told.value.reason.facts) == set(REASONS.get(code, told.value.reason.facts))
