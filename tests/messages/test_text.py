"""A message in a terminal."""

from __future__ import annotations

import io
import re
from typing import Literal

import pytest
from hypothesis import HealthCheck, given
from rich.console import Console

from bot.messages.model import (
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
    MessageType,
    Note,
    Span,
    Style,
    Table,
)
from bot.messages.text import render
from tests.examples import examples
from tests.messages.hostile import AT, NAMES, message, messages
from tests.snapshots import matches

ALERT = Message(
    "key",
    MessageType.ALERT,
    "#search-team",
    "Search passed 80% of its November budget",
    (
        Header("Search passed 80% of its November budget"),
        Lines(
            (
                (
                    Span("Search", Style.BOLD),
                    Span(" spent $8,120 of $10,000 since 1 November, because "),
                    Span("gpt-5", Style.CODE),
                    Span(" answered twice as many requests as in October. "),
                    Mention("S0ONCALL"),
                ),
                (Span("First seen "), Instant(AT), Span(". "), Link("Runbook", "https://a.io/r")),
            )
        ),
        Facts((("Spent", "$8,120.00"), ("Budget", "$10,000.00"), ("Day of month", "20 of 30"))),
        Note((Span("rule monthly budget, as of "), Instant(AT))),
    ),
)

DIGEST = message(
    Header("$412 yesterday, 12% more than usual"),
    Table(
        (("Project", Align.LEFT), ("Yesterday", Align.RIGHT), ("14 days", Align.LEFT)),
        (
            ("Search", "$255.10", "▃▃▄▃▃▁▁▃▄▄▃▅▇█"),
            ("検索チーム 🚀", "$88.02", "▁▁▁ ▁▁▁▁▁▁▂▂▂█"),
            (
                "A project with a name that nobody will ever read to its end, on purpose",
                "$0.0042",
                "",
            ),
            ("[red]$\\frac$[/red] <!channel>", "-$3.00", "▁"),
        ),
        "Spend by project",
    ),
    Lines(
        (
            (
                Span(
                    "Search rose most: $255.10, usually about $148, since Thursday's launch did it"
                ),
            ),
            (Span("2 projects spent for the first time", Style.MUTED),),
        ),
        bullets=True,
    ),
    Chart("cost-per-day.png", "Search took 62% of $9,120 in 30 days.", b""),
    Divider(),
    Note((Span("All days settled. As of "), Instant(AT))),
)


def printed(said: Message, width: int = 80, *, terminal: bool = False) -> str:
    """What the terminal, or the pipe, receives."""
    out = io.StringIO()
    colours: Literal["standard"] | None = "standard" if terminal else None
    console = Console(
        file=out, width=width, force_terminal=terminal, color_system=colours, _environ={}
    )
    render(said, console)
    return out.getvalue()


@pytest.mark.parametrize(
    ("said", "width", "name"),
    [(ALERT, 80, "alert.txt"), (DIGEST, 80, "digest.txt"), (DIGEST, 48, "digest-narrow.txt")],
)
def test_a_message_reads_well_in_a_terminal(said: Message, width: int, name: str) -> None:
    matches(printed(said, width), name, __file__)


def test_a_wide_terminal_gets_the_same_eighty_columns() -> None:
    assert printed(DIGEST, 200) == printed(DIGEST, 80)


def test_colour_changes_no_letter() -> None:
    coloured = printed(DIGEST, terminal=True)
    assert "\x1b[1m" in coloured
    assert re.sub(r"\x1b\[[\d;]*m", "", coloured) == printed(DIGEST)


@examples(12, HealthCheck)
@given(messages)
def test_whatever_is_said_no_control_code_reaches_the_pipe(said: Message) -> None:
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e\ud800-\udfff]", printed(said))


@pytest.mark.parametrize("name", ["[red]x[/red]", ":skull:", "[link=https://e]x[/]", "\\[x]", "%s"])
def test_a_name_is_printed_letter_by_letter(name: str) -> None:
    shown = printed(message(Header(name), Facts(((name, name),)), Lines(((Span(name),),))))
    assert shown.count(name) == 4


def test_an_escape_code_in_a_name_is_not_obeyed() -> None:
    assert "\x1b" not in printed(message(*[Header(name) for name in NAMES]))
