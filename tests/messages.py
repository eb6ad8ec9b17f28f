"""Finds every text that people see, in Python and in templates, without xgettext.

`python -m tests.messages` brings the .po file up to date.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path

import polib
from babel.messages.extract import extract
from django.conf import settings
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parent.parent
KEYWORDS = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}


@dataclass(frozen=True)
class Message:
    """A text as a .po file has it; `plural` and `context` may be empty."""

    text: str
    plural: str
    context: str


@cache
def messages() -> dict[Message, str]:
    """Return each text with the first place where it stands."""
    found: dict[Message, str] = {}
    for path, source in _sources():
        for line, texts, _, context in extract("python", BytesIO(source.encode()), KEYWORDS, ()):
            single, plural = texts if isinstance(texts, tuple) else (texts, "")
            place = f"{path.relative_to(ROOT)}:{line}"
            found.setdefault(Message(single, plural, context or ""), place)
    return found


def _sources() -> Iterator[tuple[Path, str]]:
    for path in sorted((ROOT / "grayrelease").rglob("*.py")):
        if "sandbox" not in path.parts:
            yield path, path.read_text()
    for path in sorted((ROOT / "templates").rglob("*.html")):
        yield path, _python(templatize(path.read_text(), origin=str(path)))


def _python(templatized: str) -> str:
    """Give each line of what `templatize` made its calls at its beginning, as Python wants them."""
    return "\n".join(line.strip() for line in templatized.splitlines())


def update(path: Path) -> None:
    """Bring a .po file up to date: new texts come in empty, those that stand nowhere go."""
    catalogue = polib.pofile(str(path), wrapwidth=100)
    known = {Message(each.msgid, each.msgid_plural, each.msgctxt or ""): each for each in catalogue}
    found = messages()
    for message in known.keys() - found.keys():
        catalogue.remove(known[message])
    for message in found:
        if message not in known:
            catalogue.append(_entry(message))
    catalogue.save()


def _entry(message: Message) -> polib.POEntry:
    plural = {"msgid_plural": message.plural, "msgstr_plural": {0: ""}} if message.plural else {"msgstr": ""}
    return polib.POEntry(msgid=message.text, msgctxt=message.context or None, **plural)


if __name__ == "__main__":
    settings.configure()
    update(ROOT / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po")
