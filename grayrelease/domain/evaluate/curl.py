"""A URL or a curl command, as people paste it, as a request."""

from __future__ import annotations

import base64
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urlsplit

import re2

from grayrelease.domain.evaluate.request import Request
from grayrelease.domain.state import Reason

FLAGS: dict[str, str] = {
    "-H": "header",
    "--header": "header",
    "-b": "cookie",
    "--cookie": "cookie",
    "-A": "agent",
    "--user-agent": "agent",
    "-e": "referer",
    "--referer": "referer",
    "-u": "user",
    "--user": "user",
    "-X": "method",
    "--request": "method",
    "--url": "url",
    "--url-query": "query",
    "-d": "data",
    "--data": "data",
    "--data-raw": "data",
    "--data-ascii": "data",
    "--data-binary": "data",
    "--data-urlencode": "data",
    "--json": "json",
    "-F": "form",
    "--form": "form",
    "--form-string": "form",
    "-T": "upload",
    "--upload-file": "upload",
    "-G": "get",
    "--get": "get",
    "-I": "head",
    "--head": "head",
    "--compressed": "compressed",
}
"""Options that change the request, by what they do."""
WITHOUT_VALUE = ("get", "head", "compressed")
WITHOUT_EFFECT = frozenset(
    ("-k", "--insecure", "-s", "--silent", "-S", "--show-error", "-v", "--verbose", "-L", "--location")
    + ("-i", "--include", "-f", "--fail", "-g", "--globoff", "-N", "--no-buffer", "-4", "-6", "-O", "-#")
    + ("--http1.1", "--http1.0", "--http2", "--http2-prior-knowledge", "--http3", "--tlsv1.2", "-n", "-j")
    + (
        "--path-as-is",
        "--progress-bar",
        "--no-progress-meter",
        "--fail-with-body",
        "--anyauth",
        "--basic",
        "-q",
        "-J",
    )
)
"""Options without a value that leave the request as it is."""
WITH_VALUE = frozenset(
    ("-o", "--output", "-m", "--max-time", "--connect-timeout", "--retry", "-w", "--write-out", "-x")
    + ("--proxy", "--cacert", "--cert", "-E", "--key", "--resolve", "--connect-to", "-c", "--cookie-jar")
    + ("--interface", "--limit-rate", "-D", "--dump-header", "--retry-delay", "--max-redirs", "-r", "-y")
    + ("--ciphers", "--range", "--trace", "--trace-ascii", "--stderr", "-K", "--config", "-C", "-z")
)
OWN = {"user-agent": ("curl/8.5.0",), "accept": ("*/*",)}
"""What curl sends by itself; the version is one of many."""
PORTS = {"http": 80, "https": 443}
CARET = re2.compile(r"\^\r?\n|\^(.)")
FORM = "application/x-www-form-urlencoded"
SHORT = 2


class NotUnderstood(Exception):
    """What was pasted is no request; `reason` says why."""

    def __init__(self, code: str, **facts: str) -> None:
        self.reason = Reason(code, facts)
        super().__init__(code)


@dataclass
class _Said:
    """What the options say, before it is put together."""

    url: str = ""
    method: str = ""
    headers: dict[str, tuple[str, ...]] = field(default_factory=dict)
    removed: set[str] = field(default_factory=set)
    data: list[str] = field(default_factory=list)
    query: list[str] = field(default_factory=list)
    body: str = ""  # the method that a body brings
    get: bool = False
    cookies: list[str] = field(default_factory=list)


def parse(pasted: str) -> Request:
    """Return the request of a URL or a curl command. Raises NotUnderstood.

    The port is that of the URL; where the request arrives elsewhere (a gateway behind a load balancer),
    the caller replaces it.
    """
    text = pasted.strip()
    if not text:
        raise NotUnderstood("required")
    words = _words(text)
    if words[:1] not in (["curl"], ["curl.exe"]):
        if len(words) != 1:
            raise NotUnderstood("paste-neither")
        return _request(_Said(url=words[0]))
    said = _Said(headers=dict(OWN))
    for name, value in _options(words[1:]):
        _take(said, name, value)
    return _request(said)


def _words(text: str) -> list[str]:
    """Split as a shell does; Windows' `^` at line ends and quotes of the form $'…' are understood."""
    if '^"' in text:  # quoted for Windows' cmd
        text = CARET.sub(r"\1", text)
    joined = text.replace("\\\r\n", " ").replace("\\\n", " ").replace("^\r\n", " ").replace("^\n", " ")
    try:
        if "$'" in joined:
            return _ansi(joined)
        return shlex.split(joined, posix=True)
    except ValueError as error:
        raise NotUnderstood("paste-quotes") from error


def _ansi(text: str) -> list[str]:
    """Split a text with $'…', in which browsers write `\\u0021` and `\\'`."""
    pieces: list[str] = []
    rest = text
    while "$'" in rest:
        before, _, after = rest.partition("$'")
        inner, rest = _until_quote(after)
        pieces += (before, shlex.quote(inner))
    return shlex.split("".join(pieces) + rest, posix=True)


ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", "'": "'", '"': '"'}


def _until_quote(text: str) -> tuple[str, str]:
    """Return what stands before the closing quote, unescaped, and what follows it. Raises ValueError."""
    found: list[str] = []
    at = 0
    while text[at : at + 1] != "'":
        letter = text[at : at + 1]
        if not letter:
            raise ValueError("no closing quotation")
        if letter != "\\":
            found.append(letter)
            at += 1
            continue
        kind = text[at + 1 : at + 2]
        digits = {"u": 4, "x": 2}.get(kind, 0)
        code = text[at + 2 : at + 2 + digits]
        found.append(chr(int(code, 16)) if digits else ESCAPES.get(kind, f"\\{kind}"))
        at += 2 + digits
    return "".join(found), text[at + 1 :]


def _options(words: list[str]) -> Iterator[tuple[str, str]]:
    """Yield what each option does and its value. `-XPOST`, `-sSL` and `--request=POST` are understood."""
    left = iter(words)
    for word in left:
        name, value = _split(word)
        if name in WITH_VALUE:
            _ = value or next(left, "")
        elif name in FLAGS and FLAGS[name] not in WITHOUT_VALUE:
            given = value if value is not None else next(left, None)
            if given is None:
                raise NotUnderstood("paste-no-value", option=name)
            yield FLAGS[name], given
        elif name in FLAGS or name in WITHOUT_EFFECT:
            yield FLAGS.get(name, ""), ""
            if value and not name.startswith("--"):
                yield from _options([f"-{value}", *left])
                return
        elif word.startswith("-") and len(word) > 1:
            raise NotUnderstood("paste-option", option=word)
        else:
            yield "url", word


def _split(word: str) -> tuple[str, str | None]:
    if word.startswith("--"):
        name, equals, value = word.partition("=")
        return name, value if equals else None
    if word.startswith("-") and len(word) > SHORT:
        return word[:SHORT], word[SHORT:]
    return word, None


def _take(said: _Said, name: str, value: str) -> None:
    match name:
        case "header":
            _header(said, value)
        case "cookie":
            said.cookies += [value] if "=" in value else []  # else the name of a file
        case "agent":
            said.headers["user-agent"] = (value,)
        case "referer":
            said.headers["referer"] = (value,)
        case "user":
            said.headers["authorization"] = ("Basic " + base64.b64encode(value.encode()).decode(),)
        case "compressed":
            said.headers.setdefault("accept-encoding", ("deflate, gzip, br, zstd",))
        case "method" | "url":
            setattr(said, name, value)
        case "query":
            said.query.append(value)
        case "data" | "json" | "form" | "upload":
            _body(said, name, value)
        case "head":
            said.body = said.body or "HEAD"
        case "get":
            said.get = True


def _header(said: _Said, text: str) -> None:
    """`Name: value`; `Name;` is one without a value, `Name:` takes a header away that curl would send."""
    name, colon, value = text.partition(":")
    if not colon and text.rstrip().endswith(";"):
        _add(said, text.rstrip()[:-1].strip(), "")
    elif value.strip():
        _add(said, name.strip(), value.strip())
    else:
        said.removed.add(name.strip().lower())


def _add(said: _Said, name: str, value: str) -> None:
    if said.headers.get(name.lower()) == OWN.get(name.lower()):
        said.headers.pop(name.lower(), None)
    said.headers[name.lower()] = (*said.headers.get(name.lower(), ()), value)


def _body(said: _Said, kind: str, value: str) -> None:
    said.data.append(value)
    said.body = "PUT" if kind == "upload" else "POST"
    content = {"data": FORM, "json": "application/json", "form": "multipart/form-data"}.get(kind)
    if content:
        said.headers.setdefault("content-type", (content,))
    if kind == "json":
        said.headers.setdefault("accept", ("application/json",))


def _request(said: _Said) -> Request:
    if not said.url:
        raise NotUnderstood("paste-no-url")
    parts = _url(said.url)
    scheme = parts.scheme.lower()
    query = [parts.query, *said.query, *(said.data if said.get else ())]
    target = (parts.path or "/") + _joined(query, "?" in said.url)
    headers = {name: lines for name, lines in said.headers.items() if name not in said.removed}
    if said.cookies:
        headers["cookie"] = (*headers.get("cookie", ()), "; ".join(said.cookies))
    if said.get:
        headers.pop("content-type", None)
    host = headers.pop("host", (parts.netloc.rpartition("@")[2],))[0]
    return Request(
        method=said.method or ("GET" if said.get else said.body or "GET"),
        authority=host,
        path=target,
        port=_port(said.url) or PORTS[scheme],
        headers=headers,
        secure=scheme == "https",
    )


def _joined(query: list[str], marked: bool) -> str:
    text = "&".join(part for part in query if part)
    return f"?{text}" if text or marked else ""


def _url(text: str) -> SplitResult:
    whole = text if "://" in text else f"http://{text}"
    try:
        parts = urlsplit(whole)
    except ValueError as error:  # brackets that are no address
        raise NotUnderstood("paste-no-url") from error
    if parts.scheme.lower() not in PORTS or not parts.netloc:
        raise NotUnderstood("paste-no-url")
    return parts


def _port(text: str) -> int | None:
    try:
        return _url(text).port
    except ValueError as error:
        raise NotUnderstood("paste-no-url") from error
