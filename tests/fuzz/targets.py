"""One function per reader of hostile bytes. It returns for any bytes, or a claim is broken.

A target knows the reader from outside: claims are checked in another way than the reader works.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

from bot.config.problems import ConfigProblems
from bot.config.textfile import UnreadableError, decoded
from bot.config.yamlfile import parse
from bot.config.yamltree import MAX_DEPTH, MAX_NODES
from bot.messages.blockkit import fallback_text
from bot.messages.model import Header, Line, Link, Message, MessageType, Span
from bot.messages.slack_text import elements, small_print
from bot.sources.body import PIECE
from bot.sources.cost_pages import read_cost_page
from bot.sources.openai_pages import Page, PageError, Place, read_page
from bot.sources.openai_rows import BrokenDay, cost_days, usage_days
from bot.sources.paging import bucket_cursor
from bot.spend import line_item
from bot.spend.money import LARGEST_DOLLARS, NANOS_PER_UNIT
from bot.spend.names import visible
from bot.spend.rows import CostDay, UsageDay, UsageKind

Target = Callable[[bytes], None]
_PLACE = Place("costs")
UNREADABLE = "costs, page 1: the answer is not readable JSON"


def yaml(data: bytes) -> None:
    """A configuration is plain data with places, or one short report that points into it."""
    try:
        text = decoded(data)
    except UnreadableError:
        return
    try:
        document = parse(text, "fuzz.yaml")
    except ConfigProblems as refusal:
        _check_report(refusal, text)
        return
    assert _values_in(document.data, MAX_DEPTH) <= MAX_NODES
    assert document.place(()).file == "fuzz.yaml"


def _check_report(refusal: ConfigProblems, text: str) -> None:
    lines = len(re.split(r"\r\n|\r|\n", text))
    assert refusal.problems
    for problem in refusal.problems:
        assert 0 <= problem.place.line <= lines
        assert problem.message
    report = str(refusal)
    assert len(report) < 20_000
    assert all(line.isprintable() for line in report.split("\n")), report


def _values_in(value: Any, depth: int) -> int:
    assert depth >= 0
    if isinstance(value, dict):
        assert all(type(key) is str for key in value)
        return 1 + len(value) + sum(_values_in(one, depth - 1) for one in value.values())
    if isinstance(value, list):
        return 1 + sum(_values_in(one, depth - 1) for one in value)
    assert value is None or type(value) in (str, int, bool, Decimal)
    return 1


def pages(data: bytes) -> None:
    """A page is days that a database can hold, or a PageError; both readers of costs agree.

    The first byte says of which endpoint the page is, and how many bytes of a page of costs the
    fast reader looks at at a time.
    """
    body = data[1:]
    kinds = list(UsageKind)
    size, number = divmod(data[0] if data else 0, len(kinds) + 3)
    if number < len(kinds):
        _outcome(lambda: usage_days([read_page(body, _PLACE)], kinds[number]))
        return
    careful = _outcome(lambda: cost_days([_followed(read_page(body, _PLACE))]))
    piece = _PIECES[size]
    fast = _outcome(lambda: cost_days([_followed(read_cost_page(body, _PLACE, piece))]))
    # The careful reader gives a page up for a number nobody asked for; the fast one skips it.
    assert careful in (fast, [UNREADABLE]), (fast, careful)


_PIECES = (PIECE, 1, 2, 3, 5, 8, 13, 21, 34, 55, 63, 64, 65, 80, 100, 150, 200, 300, 500, 1_000)


def _followed(page: Page) -> Page:
    bucket_cursor(page)
    return page


_Days = Iterable[CostDay | UsageDay | BrokenDay]


def _outcome(read: Callable[[], _Days]) -> list[Any] | str:
    """The days with errors as words, or the words of the error of the page."""
    found: list[Any] = []
    try:
        for day in read():
            found.append(str(day.error) if isinstance(day, BrokenDay) else day)
            _check_day(day)
    except PageError as error:
        found.append(str(error))
    for word in found:
        assert not isinstance(word, str) or (len(word) < 500 and word.split("\n")[0].isprintable())
    return found


def _check_day(day: CostDay | UsageDay | BrokenDay) -> None:
    if isinstance(day, BrokenDay):
        return
    for row in day.rows:
        for value in row:
            assert not isinstance(value, str) or not re.search("[\x00\ud800-\udfff]", value)
            assert not isinstance(value, float) or abs(value) <= 1e22  # neither NaN nor infinite
    if isinstance(day, CostDay):
        largest = LARGEST_DOLLARS * NANOS_PER_UNIT * max(1, len(day.rows)) * 1_000
        assert all(type(row.nanos) is int and abs(row.nanos) <= largest for row in day.rows)


def line_items(data: bytes) -> None:
    """Any string of a bill keeps its money: it is understood, or kept under its raw name."""
    raw = _text(data)
    found = line_item.parse.__wrapped__(raw)
    assert found.raw == raw
    parts = (found.surface, found.tier, found.snapshot, found.family, found.component)
    if not found.parsed:
        assert (*parts, found.service, found.modality) == (None,) * 7
        return
    assert (found.service is None) != (found.family is None)
    assert found.tier is None or found.tier in line_item.TIERS
    for part in filter(None, parts):
        assert part == part.strip()
    if found.family:
        assert re.fullmatch(r"[a-z0-9][\w.:/-]*", found.family, re.ASCII)
        assert line_item.family(found.family) or found.family in raw
    respaced = raw.replace("|", " | ").replace(",", " , ")
    again = line_item.parse.__wrapped__(respaced)
    assert (again.family, again.tier, again.component) == (
        found.family,
        found.tier,
        found.component,
    )


def _text(data: bytes) -> str:
    """UTF-8; after a first byte 1 UTF-16 that may hold halves of surrogate pairs."""
    if data[:1] == b"\x01":
        return data[1 : len(data) - 1 + len(data) % 2].decode("utf-16-le", "surrogatepass")
    return data.decode("utf-8", "replace")


_TOKEN = re.compile(r"<[^>]*>?|>")
_OWN_LINK = "https://platform.openai.com/x?a=1&b=2"
_FORMATTED = re.compile(r"[*~`]|(?<![^\W_])_|_(?![^\W_])|:[^\s:]+:|^\s*(?:[-•]|\d+\.)\s", re.M)


def mrkdwn(data: bytes) -> None:
    """No name notifies, links or formats in Slack, and it reads there as it was written."""
    text = _text(data)
    span = Span(text)
    _check_literal((span,), visible(text))
    _check_literal((Span("by "), span, Span("!")), visible(f"by {visible(text)}!"))
    _check_link(text)
    summary = fallback_text(Message("key", MessageType.ALERT, "#c", text, (Header(text),)))
    assert not _TOKEN.search(summary)
    assert len(summary) <= 3_900
    if len(text) < 600:
        assert html.unescape(summary) == visible(text).strip()


def _check_literal(line: Line, shown: str) -> None:
    """The line as small print and as rich text, neither of them cut."""
    room = max(5_000, len(shown) * 6)
    for element in small_print(line, 10, room):
        if element["type"] == "mrkdwn":
            assert element["verbatim"] is True
            assert not _TOKEN.search(element["text"]), element
            assert not _FORMATTED.search(html.unescape(element["text"])), element
            assert html.unescape(element["text"]) == shown.strip()
        else:
            assert (element["type"], element["emoji"]) == ("plain_text", False)
            assert element["text"] == shown.strip()
    rich = elements(line, room)
    assert {element["type"] for element in rich} <= {"text"}
    assert "".join(element["text"] for element in rich) == shown


def _check_link(text: str) -> None:
    """A name as the words of a link of ours leads where we say; as an address it is none."""
    for element in small_print((Link(text, _OWN_LINK),), 10, 5_000):
        for token in _TOKEN.findall(element["text"]):
            assert token.startswith("<https://platform.openai.com/x?a=1&amp;b=2|"), element
    for element in small_print((Link("words", text),), 10, 8_000):
        for token in _TOKEN.findall(element["text"]):
            assert element["type"] == "mrkdwn"
            assert re.fullmatch(r"<https?://[^\s<>|]+\|words>", token), element


TARGETS: Mapping[str, Target] = {
    "yaml": yaml,
    "pages": pages,
    "line_item": line_items,
    "mrkdwn": mrkdwn,
}
