from __future__ import annotations

import re

import polib
import pytest
from django.utils.translation import gettext, override

from grayrelease import words
from grayrelease.domain.reasons import REASONS
from grayrelease.domain.state import Phase
from grayrelease.templatetags.ui import percent
from tests.messages import ROOT, Message, messages

CATALOGUE = ROOT / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"
PLACES = re.compile(r"%\(\w+\)s|%%|\{\}")


def entries() -> dict[Message, polib.POEntry]:
    return {Message(e.msgid, e.msgid_plural, e.msgctxt or ""): e for e in polib.pofile(str(CATALOGUE))}


def chinese(entry: polib.POEntry) -> str:
    return str(entry.msgstr_plural[0] if entry.msgid_plural else entry.msgstr)


def test_every_text_has_a_chinese_translation() -> None:
    known = entries()
    missing = [
        f"{place}: {message.text}"
        for message, place in messages().items()
        if message not in known or not chinese(known[message]) or known[message].fuzzy
    ]
    assert missing == []


def test_no_translation_is_left_of_a_text_that_is_gone() -> None:
    assert entries().keys() - messages().keys() == set()


def test_translations_name_the_same_facts_as_their_texts() -> None:
    wrong = [
        entry.msgid
        for entry in entries().values()
        if sorted(PLACES.findall(entry.msgid_plural or entry.msgid)) != sorted(PLACES.findall(chinese(entry)))
    ]
    assert wrong == []


def test_the_templates_are_read_whole() -> None:
    texts = {message.text for message in messages()}
    assert {"Deploy sample app", "Roll back to %(stable)s", "%(ready)s of %(n)s pod ready"} <= texts
    used = [
        text
        for path in (ROOT / "templates").rglob("*.html")
        for text in re.findall(r'{% translate "([^"]+)"', path.read_text())
    ]
    assert [text for text in used if text.replace("%", "%%") not in texts] == []


@pytest.mark.parametrize("code", sorted(REASONS))
def test_each_reason_has_words_that_name_its_facts_only(code: str) -> None:
    named = set(re.findall(r"%\((\w+)\)s", str(words.REASONS[code])))
    assert named <= set(REASONS[code])


def test_no_words_are_left_of_a_reason_that_is_gone() -> None:
    assert words.REASONS.keys() == REASONS.keys()


def test_each_phase_has_a_word_and_a_look() -> None:
    assert words.PHASES.keys() == words.PHASE_LOOKS.keys() == set(Phase)


def test_a_share_is_said_in_percent_with_a_no_break_space() -> None:
    facts = {"version": "v2", "stable": "v1", "share": 194}
    said = words.sentence("running", facts)
    assert said == "19.4\u00a0% of all visitors meet v2; everyone else stays on v1"


def test_chinese_writes_percent_without_a_space() -> None:
    with override("zh-hans"):
        assert percent(200) == "20%"
        assert "20%" in words.sentence("running", {"version": "v2", "stable": "v1", "share": 200})
        assert gettext("Roll back") == "回滚"


def test_an_unknown_reason_is_shown_as_it_is() -> None:
    assert words.sentence("from-the-future", {"object": "x"}) == "from-the-future {'object': 'x'}"
