"""Messages as a page: what Slack would show, and nothing that a name could do to it."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import HealthCheck, given

from bot.messages.html import page
from bot.messages.model import (
    Action,
    Align,
    Chart,
    Divider,
    Facts,
    Header,
    Instant,
    Lines,
    Link,
    Mention,
    Message,
    Note,
    Span,
    Style,
    Table,
)
from tests.examples import examples
from tests.messages.hostile import AT, NAMES, message, messages

PNG = b"\x89PNG\r\n\x1a\nnot really"
HEAD = {"html", "head", "meta", "title", "style", "body", "nav", "label", "input", "main", "h1"}
BLOCKS = {"article", "h2", "div", "p", "ul", "li", "pre", "hr", "img"}
TAGS = HEAD | BLOCKS | {"span", "b", "time", "code", "br", "a"}


class Read(HTMLParser):
    """What a browser finds: tags, links, sources, and the text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.links: list[str] = []
        self.sources: list[str] = []
        self.handlers: list[str] = []
        self.shown = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            if name == "href":
                self.links.append(value or "")
            if name == "src":
                self.sources.append(value or "")
            if name.startswith("on"):
                self.handlers.append(name)

    def handle_data(self, data: str) -> None:
        self.shown += data


def read(*some: Message) -> Read:
    return Read(page(some, AT, "$"))


def test_a_page_shows_every_part_of_a_message() -> None:
    found = read(
        message(
            Header("Search is over"),
            Lines(((Span("Search", Style.BOLD), Span(" of "), Mention("S0ONCALL")),)),
            Lines(((Span("one"),), (Link("Runbook", "https://a.io/r"),)), bullets=True),
            Facts((("Spent", "$8,120.00"), ("Of_ the *cap", "81%"))),
            Table((("Project", Align.LEFT), ("USD", Align.RIGHT)), (("Search", "8,120"),)),
            Divider(),
            Chart("day.png", "Search took all", PNG),
            Note((Span("as of "), Instant(AT))),
        )
    )
    for words in ("Search is over", "@S0ONCALL", "Runbook", "$8,120.00", "Of_ the *cap", "8,120"):
        assert words in found.shown
    assert "20 Nov 2026 06:00 UTC" in found.shown
    assert found.links == ["https://a.io/r"]
    assert [source[:22] for source in found.sources] == ["data:image/png;base64,"]
    assert found.tags <= TAGS


def test_a_page_needs_nothing_from_elsewhere() -> None:
    text = page([message(Header("a"), Chart("a.png", "alt", PNG))], AT, "$")
    assert "http" not in text
    assert "url(" not in text
    assert "@import" not in text


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_text_and_nothing_else(name: str) -> None:
    hostile = f"{name}</style></title><script>alert(1)</script><img src=x onerror=alert(1)>"
    found = read(
        message(
            Header(hostile),
            Lines(((Span(hostile), Span(hostile, Style.CODE)),)),
            Facts(((hostile, hostile),)),
            Table(((hostile, Align.LEFT),), ((hostile,),), hostile),
            Chart("a.png", hostile, PNG),
            Note((Span(hostile),)),
        )
    )
    assert found.tags <= TAGS
    assert (found.links, found.handlers) == ([], [])
    assert len(found.sources) == 1


@examples(20, [HealthCheck.too_slow])
@given(messages)
def test_any_message_becomes_a_page_of_known_elements(some: Message) -> None:
    found = read(some)
    assert found.tags <= TAGS
    assert found.handlers == []
    assert all(link.startswith(("http://", "https://")) for link in found.links)


def test_messages_stand_under_their_channels() -> None:
    shown = read(message(Header("one")), message(Header("two"))).shown
    assert shown.count("#llm-costs") == 1
    assert shown.index("one") < shown.index("two")


def one(words: str, key: str, action: Action = Action.POST, parent: str | None = None) -> Message:
    return replace(message(Header(words)), key=key, action=action, parent=parent)


def test_replies_are_in_the_thread_of_their_message_whatever_comes_between() -> None:
    some = (
        one("storm", "storm"),
        one("digest", "digest"),
        one("first", "a", Action.REPLY, "storm"),
        one("step", "a@80", Action.REPLY, "a"),
    )
    text = page(some, AT, "$")
    assert text.count('class="thread"') == 1
    order = [text.index(f">{words}<") for words in ("storm", "first", "step", "digest")]
    assert order == sorted(order)
    assert "earlier message" not in text


def test_what_belongs_to_a_message_that_is_not_on_the_page_says_so() -> None:
    shown = read(
        one("step", "b@80", Action.REPLY, "b"), one("new", "c@2", Action.UPDATE, "c")
    ).shown
    assert "in the thread of an earlier message" in shown
    assert "in the place of an earlier message" in shown
