"""Each of the hostile names through everything that shows one, from a rule's judgement on.

Nothing in a name calls, links or formats; nothing crashes or takes long; and whoever reads it knows
which name it was.
"""

from __future__ import annotations

import html
import io
import json
import logging
import re
from html.parser import HTMLParser
from itertools import islice
from time import process_time
from typing import Any
from unicodedata import category, normalize

import pytest
from rich.console import Console

from bot.alerts.decide import Circumstances, verdict
from bot.logs import JsonFormat, TextFormat
from bot.messages.blockkit import blocks, fallback_text
from bot.messages.charts import Part, Series, Share, picture, svg
from bot.messages.charts.daily_cost import DailyCost
from bot.messages.charts.letters import label
from bot.messages.compose_alert import Address, compose_alert
from bot.messages.html import page
from bot.messages.model import Message
from bot.messages.text import render
from bot.spend.currency import USD
from bot.spend.names import clean
from tests.build import NOW, TODAY, daily, findings, ledger, rule
from tests.fakes.blockkit import problems
from tests.hostile_names import BY_INTENT, NAMES
from tests.messages.charts.plots import DAYS

CAP = rule("cap", per="project", limit_usd=5)
TO = Address("#llm-costs", None, NOW)
_TOKEN = re.compile(r"<[^>]*>")
_OWN_TOKEN = re.compile(r"<!date\^\d+\^\{date_short_pretty\} at \{time\}\|[^<>|]*>")
_SHOWS_NOTHING = frozenset("\u115f\u1160\u3164\uffa0\u2800")
SECONDS = 0.5


def alert(name: str) -> Message:
    """What is told of a project of this name that has passed its cap."""
    book = ledger(daily([9.0], project="proj_a"), names={"project": {"proj_a": name}})
    (found,) = findings(CAP, book, "11-19")
    circumstances = Circumstances(NOW, TODAY, steps=(100,))
    return compose_alert(verdict(found, None, circumstances), TO)


def core(name: str, most: int = 8) -> str:
    """The first letters and digits of a name that a person can see, whatever stands around them."""
    text = re.sub(
        r"\x1b\[[0-?]*[ -/]*[@-~]|\x9b[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*\x07", "", name[:400]
    )
    seen = (
        char for char in normalize("NFC", text) if char.isalnum() and char not in _SHOWS_NOTHING
    )
    return "".join(islice(seen, most))


def letters(text: str) -> str:
    """All letters and digits of a text, so that line breaks and escapes do not count."""
    return "".join(char for char in normalize("NFC", text) if char.isalnum())


def strings(value: Any) -> list[str]:
    """Every text in blocks."""
    if isinstance(value, dict):
        return [text for one in value.values() for text in strings(one)]
    if isinstance(value, list):
        return [text for one in value for text in strings(one)]
    return [value] if isinstance(value, str) else []


def objects(value: Any) -> list[dict[str, Any]]:
    """Every object in blocks."""
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    own = [value] if isinstance(value, dict) else []
    return [*own, *(found for one in inside for found in objects(one))]


def test_there_are_two_hundred_names_of_twenty_intents() -> None:
    assert len(NAMES) >= 200
    assert len(BY_INTENT) >= 20


@pytest.mark.parametrize("intent", BY_INTENT)
def test_an_alert_in_slack_names_the_name_and_does_nothing_else(intent: str) -> None:
    for name in BY_INTENT[intent]:
        begun = process_time()
        made = alert(name)
        shown, summary = blocks(made), fallback_text(made)
        assert process_time() - begun < SECONDS, name[:80]
        assert problems(shown) == []
        for one in objects(shown):
            acts = {"link", "user", "usergroup", "broadcast", "channel", "emoji", "mention"}
            assert one.get("type") not in acts
            assert "url" not in one
            if one.get("type") == "mrkdwn":
                assert one["verbatim"] is True
                assert not _TOKEN.sub(
                    lambda t: "" if _OWN_TOKEN.fullmatch(t[0]) else "<", one["text"]
                ).count("<")
            if one.get("type") == "plain_text":
                assert one["emoji"] is False
        assert "<" not in summary
        assert not re.sub("&(?:amp|lt|gt);", "", summary).count("&")
        assert core(name) in letters(html.unescape(summary)), name[:80]
        assert any(core(name) in letters(text) for text in strings(shown))


@pytest.mark.parametrize("intent", BY_INTENT)
def test_an_alert_in_a_terminal_sends_no_code_to_it(intent: str) -> None:
    for name in BY_INTENT[intent]:
        out = io.StringIO()
        begun = process_time()
        render(
            alert(name), Console(file=out, width=80, force_terminal=True, color_system="truecolor")
        )
        assert process_time() - begun < SECONDS, name[:80]
        plain = re.sub(r"\x1b\[[0-9;]*m", "", out.getvalue())  # the colours are the bot's own
        bad = {category(char) for char in plain if char != "\n"} & {"Cc", "Cf", "Cs", "Co", "Cn"}
        assert not bad, ascii(plain)
        assert core(name) in letters(plain), name[:80]
        assert len(plain.splitlines()) < 40


class _Page(HTMLParser):
    """Tags with their attributes, and the text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[str] = []
        self.shown = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [name for name, _ in attrs]

    def handle_data(self, data: str) -> None:
        self.shown += data


def test_a_page_has_the_elements_it_has_for_any_name() -> None:
    usual = _Page(page([alert("Search")], NOW, "$"))
    for name in NAMES:
        begun = process_time()
        found = _Page(page([alert(name)], NOW, "$"))
        assert process_time() - begun < SECONDS, name[:80]
        assert found.tags == usual.tags, name[:80]
        assert set(found.attributes) == set(usual.attributes)
        assert core(name) in letters(found.shown), name[:80]


@pytest.mark.parametrize("form", [TextFormat(), JsonFormat()], ids=["text", "json"])
def test_a_log_stays_one_line_whatever_the_name(form: logging.Formatter) -> None:
    for name in NAMES:
        record = logging.LogRecord("bot.worker", logging.WARNING, "", 0, "%s", (name,), None)
        record.fields = {"project": name}
        begun = process_time()
        line = form.format(record)
        assert process_time() - begun < SECONDS, name[:80]
        assert len(line.splitlines()) == 1
        assert not re.search("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", line)
        told = json.loads(line)["message"] if line.startswith("{") else line
        assert core(name) in letters(told), name[:80]


def shares(names: tuple[str, ...]) -> Share:
    parts = tuple(Part(f"proj_{n}", name, 5_000 - n) for n, name in enumerate(names))
    return Share(parts, "November so far", currency=USD)


def test_the_words_for_a_picture_name_the_name_in_one_line() -> None:
    for name in NAMES:
        begun = process_time()
        alt = shares((name,)).alt()
        assert process_time() - begun < SECONDS, name[:80]
        assert alt.isprintable()
        assert len(alt) < 700
        assert core(name) in letters(alt), name[:80]


def test_a_label_in_a_picture_is_the_name_or_the_id() -> None:
    for name in NAMES:
        begun = process_time()
        shown = label(name, "proj_42")
        assert process_time() - begun < SECONDS, name[:80]
        assert 0 < len(shown) <= 40
        assert shown.isprintable()
        assert shown.count("?") <= max(clean(name).count("?"), sum(map(str.isalnum, shown)))


def drawn(names: tuple[str, ...]) -> None:
    """Both kinds of picture of these names; a letter without a glyph would be a warning."""
    series = tuple(Series(f"proj_{n}", name, (9,) * len(DAYS)) for n, name in enumerate(names))
    plot = DailyCost(DAYS, series, title=names[0], currency=USD)
    begun = process_time()
    chart = picture(plot, "daily.png")
    source = svg(shares(names)).decode()
    assert process_time() - begun < 2 * SECONDS * len(names)
    assert chart.png.startswith(b"\x89PNG")
    assert len(chart.png) < 100_000
    assert not re.search(r"<(?:script|a|image|text)|<[^!>]*\son\w+=|href=\"(?!#)", source)
    assert source.count("<svg") == 1


def test_names_are_drawn_without_a_crash_or_a_warning() -> None:
    for intent in ("mathtext", "surrogates", "scripts of the world"):
        drawn(BY_INTENT[intent][:8])


@pytest.mark.sweep
def test_every_name_is_drawn() -> None:
    for n in range(0, len(NAMES), 5):
        drawn(NAMES[n : n + 5])
