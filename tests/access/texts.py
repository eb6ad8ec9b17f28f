"""What of our own English texts a page shows, or says to a screen reader."""

from __future__ import annotations

import re
from functools import cache

import polib
from playwright.sync_api import Page

from tests.messages import ROOT
from tests.seed import ROLES

CATALOGUE = ROOT / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"
PLACES = re.compile(r"%\(\w+\)s|%%|\{\}|<[^>]+>")
TWO_WORDS = re.compile(r"[A-Za-z]{2,}.*\s[A-Za-z]{2,}")
SAID = ("aria-label", "placeholder", "title", "alt", "data-l", "data-text", "data-fresh", "data-old")
SHOWN = """said => {
    const seen = [document.title];
    const walk = document.createTreeWalker(document.documentElement, 5);  // elements and texts
    for (let node = walk.nextNode(); node; node = walk.nextNode()) {
        if (node.nodeType === Node.ELEMENT_NODE) {
            seen.push(...said.filter(name => node.hasAttribute(name)).map(name => node.getAttribute(name)));
        } else if (!["SCRIPT", "STYLE"].includes(node.parentNode.nodeName)) {
            seen.push(node.data);
        }
    }
    return seen.map(text => text.replace(/\\s+/g, " ").trim()).filter(text => text);
}"""


@cache
def english() -> tuple[frozenset[str], frozenset[str]]:
    """Return our texts as a whole, and what of them is telling inside of a longer one: two words or more."""
    entries = [each for each in polib.pofile(str(CATALOGUE)) if each.msgid != each.msgstr]
    texts = {text for each in entries for text in (each.msgid, each.msgid_plural) if text}
    parts = {_trimmed(part) for text in texts for part in PLACES.split(text)}
    return frozenset(texts), frozenset(part for part in parts if TWO_WORDS.search(part))


def _trimmed(part: str) -> str:
    return " ".join(part.split()).strip(" ,.:;()")


def english_left(page: Page) -> list[str]:
    """Return the texts of the page, title and labels included, which are English texts of ours."""
    whole, parts = english()
    shown: list[str] = page.evaluate(SHOWN, list(SAID))
    ours = [text for text in shown if text in whole or any(part in text for part in parts)]
    return [text for text in ours if text not in ROLES]  # these people are called after their roles
