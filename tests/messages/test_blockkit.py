"""A message as Block Kit: limits kept by construction, names never more than text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given

from bot.messages.blockkit import blocks, fallback_text
from bot.messages.model import (
    Align,
    Block,
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
from bot.messages.placeholders import called, mentioned
from bot.messages.slack_text import weight
from tests.examples import examples
from tests.fakes.blockkit import problems
from tests.messages.hostile import AT, NAMES, message, messages

FILES = {"cost.png": "F0123ABCDE"}
PROJECTS = (("Project", Align.LEFT), ("Yesterday", Align.RIGHT), ("Month", Align.RIGHT))


def parts(value: Any) -> Iterator[dict[str, Any]]:
    """Every object in blocks, however deep."""
    if isinstance(value, dict):
        yield value
        yield from parts(list(value.values()))
    elif isinstance(value, list):
        for item in value:
            yield from parts(item)


def table(rows: int) -> Table:
    found = tuple((NAMES[n % len(NAMES)], f"${n:,}.00", f"${n * 30:,}.00") for n in range(rows))
    return Table(PROJECTS, found, "Projects")


def only(block: Block, **images: str) -> dict[str, Any]:
    """The one Slack block that a block becomes."""
    (made,) = blocks(message(block), images or FILES)
    return made


@examples(30, HealthCheck)
@given(messages)
@example(message(*[Lines(((Span("x" * 40_000),),) * 3)] * 60))
@example(message(*[table(1_000)] * 20))
@example(message(*[Facts((("a" * 900, "*" * 9_000),) * 300)] * 20))
@example(message(*[Divider()] * 200))
@example(message())
def test_slack_takes_whatever_is_said_and_nothing_in_a_name_acts(said: Message) -> None:
    made = blocks(said, FILES)
    assert problems(made) == []
    assert weight(made) < 10_000
    for part in parts(made):
        kind = part.get("type")
        assert kind not in {"link", "user", "usergroup", "broadcast", "channel", "emoji"}
        assert kind != "plain_text" or part["emoji"] is False
        if kind == "mrkdwn":
            dates = "<!date^1795154400^{date_short_pretty} at {time}|20 Nov 2026 06:00 UTC>"
            assert part["verbatim"] is True
            assert "<" not in part["text"].replace(dates, "")


@examples(20)
@given(messages)
@example(message(summary="&" * 5_000))
@example(message(summary="x" * 3_899 + "<"))
def test_the_notification_is_escaped_and_fits(said: Message) -> None:
    text = fallback_text(said)
    assert len(text) <= 3_900
    assert "<" not in text
    assert ">" not in text
    assert not text.replace("&amp;", "").replace("&lt;", "").replace("&gt;", "").count("&")


def test_the_notification_is_the_summary_in_full() -> None:
    said = message(summary="R&D spent $312 <!channel>")
    assert fallback_text(said) == "R&amp;D spent $312 &lt;!channel&gt;"


def test_a_headline_is_plain_text_of_at_most_150_letters() -> None:
    assert only(Header(":skull: *Search* passed its cap")) == {
        "type": "header",
        "text": {"type": "plain_text", "text": ":skull: *Search* passed its cap", "emoji": False},
    }
    assert len(only(Header("x" * 500))["text"]["text"]) == 150


def test_lines_are_rich_text_and_only_pieces_of_ours_link_or_call() -> None:
    line = (
        Mention("S0ONCALL"),
        Mention("U0ALICE"),
        Mention("here"),
        Span(" <@U0EVIL> "),
        Span("search", Style.BOLD),
        Span("gpt-5", Style.CODE),
        Instant(AT),
        Link("the runbook", "https://example.com/runbook?a=1&b=2"),
    )
    assert only(Lines((line, (Span("Second"),)))) == {
        "type": "rich_text",
        "elements": [
            {
                "type": "rich_text_section",
                "elements": [
                    {"type": "usergroup", "usergroup_id": "S0ONCALL"},
                    {"type": "user", "user_id": "U0ALICE"},
                    {"type": "broadcast", "range": "here"},
                    {"type": "text", "text": " <@U0EVIL> "},
                    {"type": "text", "text": "search", "style": {"bold": True}},
                    {"type": "text", "text": "gpt-5", "style": {"code": True}},
                    {
                        "type": "date",
                        "timestamp": 1795154400,
                        "format": "{date_short_pretty} at {time}",
                        "fallback": "20 Nov 2026 06:00 UTC",
                    },
                    {
                        "type": "link",
                        "url": "https://example.com/runbook?a=1&b=2",
                        "text": "the runbook",
                    },
                    {"type": "text", "text": "\n"},
                    {"type": "text", "text": "Second"},
                ],
            }
        ],
    }


def test_bullets_are_a_list_cut_with_the_number_left_out() -> None:
    made = only(Lines(tuple((Span(f"line {n} " + "x" * 90),) for n in range(100)), bullets=True))
    (found,) = made["elements"]
    assert (found["type"], found["style"]) == ("rich_text_list", "bullet")
    shown = len(found["elements"]) - 1
    assert found["elements"][-1]["elements"][0]["text"] == f"… and {100 - shown} more"
    assert 20 < shown < 40


@pytest.mark.parametrize("url", ["javascript:alert(1)", "https://a b", "", "https://a>b"])
def test_a_link_that_is_no_web_address_is_only_its_words(url: str) -> None:
    made = only(Lines(((Link("run *book*", url),),)))
    assert made["elements"][0]["elements"] == [{"type": "text", "text": "run *book*"}]
    (element,) = only(Note((Link("run *book*", url),)))["elements"]
    assert element == {"type": "plain_text", "text": "run *book*", "emoji": False}


def test_a_mention_by_handle_waits_to_be_looked_up_and_else_is_only_text() -> None:
    made = only(
        Lines(
            (
                (
                    Mention("U1|<!channel>"),
                    Span(" look"),
                ),
            )
        )
    )
    who = {"type": "budget_bot_mention", "mention": "U1|<!channel>"}
    assert made["elements"][0]["elements"] == [who, {"type": "text", "text": " look"}]
    (text,) = called([made], {})
    assert text["elements"][0]["elements"][0] == {"type": "text", "text": "U1|<!channel>"}
    found = {"type": "user", "user_id": "U0ALICE"}
    (someone,) = called([made], {"U1|<!channel>": found})
    assert someone["elements"][0]["elements"][0] == found
    assert mentioned([made]) == ("U1|<!channel>",)


def test_small_print_shows_a_handle_and_calls_nobody() -> None:
    (element,) = only(Note((Mention("@search-oncall"), Span(" · now"))))["elements"]
    assert element == {"type": "mrkdwn", "text": "@search-oncall · now", "verbatim": True}


def test_facts_are_bold_labels_over_values() -> None:
    assert only(Facts((("Spent", "$312"), ("Project", "data_platform R&D"))))["fields"] == [
        {"type": "mrkdwn", "text": "*Spent*\n$312", "verbatim": True},
        {"type": "mrkdwn", "text": "*Project*\ndata_platform R&amp;D", "verbatim": True},
    ]


@pytest.mark.parametrize(
    "value",
    ["*x*", "_x_", "~x~", "`x`", ":x:", "<!here>", "> x", "- x", "• x", "2. x", "a _b_ c"],
)
def test_facts_that_could_be_markup_are_plain_text(value: str) -> None:
    fields = only(Facts((("Spent", "$312"), ("Project", value))))["fields"]
    assert fields == [
        {"type": "plain_text", "text": "Spent\n$312", "emoji": False},
        {"type": "plain_text", "text": f"Project\n{value}", "emoji": False},
    ]


def test_more_than_ten_facts_take_a_second_section_and_more_than_twenty_are_counted() -> None:
    made = blocks(message(Facts(tuple((f"Fact {n}", "1") for n in range(32)))))
    assert [len(block["fields"]) for block in made[:2]] == [10, 10]
    assert made[2]["elements"][0]["text"] == "… and 12 more"


def test_a_table_is_fixed_width_text_that_a_phone_does_not_wrap() -> None:
    rows = (
        ("Customer support assistant (EMEA)", "$1,204.00", "$31,882.10"),
        ("検索", "$88.20", "$3,120.44"),
        ("<!channel>", "$0.0042", "-$3.00"),
    )
    made = only(Table(PROJECTS, rows, "Spend by project"))
    title, body = made["elements"]
    assert title["elements"] == [
        {"type": "text", "text": "Spend by project", "style": {"bold": True}}
    ]
    assert body["type"] == "rich_text_preformatted"
    assert body["elements"][0]["text"].splitlines() == [
        "Project              Yesterday       Month",
        "Customer support a…  $1,204.00  $31,882.10",
        "検索                    $88.20   $3,120.44",
        "<!channel>             $0.0042      -$3.00",
    ]


def test_a_long_table_ends_with_the_number_of_rows_left_out() -> None:
    text = only(table(1_000))["elements"][1]["elements"][0]["text"]
    shown = len(text.splitlines()) - 2
    assert text.splitlines()[-1] == f"… and {1_000 - shown} more"
    assert len(text) < 3_000


def test_figures_of_a_table_are_never_cut_for_room() -> None:
    wide = Table(
        (("", Align.LEFT), *(("", Align.RIGHT),) * 5), (("n" * 60, *("$123,456.78",) * 5),)
    )
    text = only(wide)["elements"][0]["elements"][0]["text"]
    assert text == "  ".join(["nnnnnnn…", *["$123,456.78"] * 5])


def test_a_chart_is_its_uploaded_file_and_is_left_out_without_one() -> None:
    chart = Chart("cost.png", "Search took 62%", b"png")
    assert only(chart) == {
        "type": "image",
        "slack_file": {"id": "F0123ABCDE"},
        "alt_text": "Search took 62%",
    }
    assert blocks(message(chart), {}) == []


def test_small_print_shows_moments_in_the_readers_zone() -> None:
    assert only(Note((Span("As of "), Instant(AT), Span(", rule R&D cap")))) == {
        "type": "context",
        "elements": [
            {
                "type": "mrkdwn",
                "text": "As of <!date^1795154400^{date_short_pretty} at {time}"
                "|20 Nov 2026 06:00 UTC>, rule R&amp;D cap",
                "verbatim": True,
            }
        ],
    }


def test_small_print_with_markup_characters_is_set_apart_as_plain_text() -> None:
    made = only(
        Note((Span("Rule *cap* as of "), Instant(AT), Link("see | *here*", "https://a.io")))
    )
    assert [element["type"] for element in made["elements"]] == ["plain_text", "mrkdwn", "mrkdwn"]
    assert made["elements"][0]["text"] == "Rule *cap* as of"
    assert made["elements"][2]["text"] == "<https://a.io|see    here >"


def test_markup_split_over_two_spans_is_still_seen() -> None:
    made = only(Note((Span(":sku"), Span("ll:"))))
    assert made["elements"] == [{"type": "plain_text", "text": ":skull:", "emoji": False}]


def test_what_does_not_fit_a_message_is_counted() -> None:
    made = blocks(message(*[Lines(((Span("x" * 500),),))] * 30))
    assert made[-1]["elements"][0]["text"] == f"… and {30 - len(made) + 1} more parts"
    assert 17 <= len(made) <= 19


def test_empty_parts_are_left_out_since_slack_refuses_empty_text() -> None:
    empty = message(
        Header(" "), Lines(()), Lines(((Span(""),),)), Facts(()), Table((), ()), Note((Span(" "),))
    )
    assert blocks(empty) == []
