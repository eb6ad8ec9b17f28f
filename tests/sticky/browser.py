"""Browsers: they keep cookies as RFC 6265 says, and send them all in one header."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Cookie:
    """A cookie with its attributes, their names in small letters; flags have no value."""

    name: str
    value: str
    attributes: dict[str, str]


def parse(text: str) -> Cookie:
    """Read a Set-Cookie header."""
    pair, *rest = text.split(";")
    name, _, value = pair.strip().partition("=")
    said = (part.strip().partition("=") for part in rest)
    return Cookie(name.strip(), value.strip(), {key.lower(): text for key, _, text in said})


@dataclass
class Browser:
    """One visitor's browser at one address. `others` are cookies that were there before."""

    others: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    secure: bool = True
    """The address is https: else cookies that are for https alone aren't kept."""
    drops: bool = False
    """It is no browser: cookies are dropped."""
    jar: dict[str, Cookie] = field(default_factory=dict)
    met: list[str] = field(default_factory=list)
    """The versions that answered, in order."""

    def request(self, host: str, path: str) -> bytes:
        sent = [*self.others.items(), *((each.name, each.value) for each in self.jar.values())]
        # The oldest need not come first once paths differ: here a cookie of the site's stands last.
        sent = sent[1:] + sent[:1]
        lines = [f"GET {path} HTTP/1.1", f"Host: {host}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        if sent:
            lines.append("Cookie: " + "; ".join(f"{name}={value}" for name, value in sent))
        return "\r\n".join([*lines, "", ""]).encode()

    def take(self, head: str) -> None:
        """Take an answer: its version and its cookies."""
        _, *lines = head.strip().split("\r\n")
        for name, _, value in (line.partition(": ") for line in lines):
            if name.lower() == "x-version":
                self.met.append(value)
            elif name.lower() == "set-cookie" and not self.drops:
                self._keep(parse(value))

    def _keep(self, cookie: Cookie) -> None:
        expired = cookie.attributes.get("max-age") == "0"
        if expired or ("secure" in cookie.attributes and not self.secure):
            self.jar.pop(cookie.name, None)
        else:
            self.jar[cookie.name] = cookie
