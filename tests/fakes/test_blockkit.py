"""What Slack takes and refuses in a message's blocks."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fakes.blockkit import problems, text_length

Json = dict[str, Any]


def plain(text: str = "x", **more: Any) -> Json:
    return {"type": "plain_text", "text": text, **more}


def mrkdwn(text: str = "x", **more: Any) -> Json:
    return {"type": "mrkdwn", "text": text, **more}


def section(**more: Any) -> Json:
    return {"type": "section", "text": mrkdwn(), **more}


def actions(*elements: Json) -> Json:
    return {"type": "actions", "elements": list(elements)}


def button(**more: Any) -> Json:
    return {"type": "button", "text": plain("Acknowledge"), "action_id": "ack", **more}


def image(**more: Any) -> Json:
    return {"type": "image", "alt_text": "Spend", **more}


def rich(*elements: Json, **part: Any) -> Json:
    content = {"type": "rich_text_section", "elements": list(elements), **part}
    return {"type": "rich_text", "elements": [content]}


def table(*rows: list[Json], **more: Any) -> Json:
    return {"type": "table", "rows": list(rows), **more}


def cell(text: str = "x") -> Json:
    return {"type": "raw_text", "text": text}


def option(**more: Any) -> Json:
    return {"text": plain("4 h"), "value": "4h", **more}


def chart(points: int = 3, series: int = 1, value: float = 1) -> Json:
    labels = [f"d{n}" for n in range(points)]
    data = [{"label": label, "value": value} for label in labels]
    lines = [{"name": f"s{n}", "data": data} for n in range(series)]
    drawn = {"type": "line", "series": lines, "axis_config": {"categories": labels}}
    return {"type": "data_visualization", "title": "Spend", "chart": drawn}


BULLETS = {
    "type": "rich_text",
    "elements": [
        {
            "type": "rich_text_list",
            "style": "bullet",
            "elements": [
                {
                    "type": "rich_text_section",
                    "elements": [{"type": "text", "text": "a", "style": {"bold": True}}],
                }
            ],
        }
    ],
}
FILE = {"id": "F0123456789"}
CONFIRM = {"title": plain(), "text": mrkdwn(), "confirm": plain("Yes"), "deny": plain("No")}


@pytest.mark.parametrize(
    "block",
    [
        {"type": "header", "text": plain("x" * 150, emoji=False)},
        section(text=mrkdwn("x" * 3000, verbatim=True), block_id="b", expand=True),
        {"type": "section", "fields": [mrkdwn("x" * 300), plain()] * 5},
        section(accessory=button(style="danger", confirm=CONFIRM)),
        section(accessory=image(image_url="https://example.com/a.png")),
        {"type": "context", "elements": [mrkdwn()] * 9 + [image(slack_file=FILE)]},
        {"type": "divider", "block_id": "d"},
        image(slack_file=FILE, title=plain()),
        image(slack_file={"url": "https://files.slack.com/a.png"}),
        actions(*[button(action_id=f"a{n}") for n in range(25)]),
        actions({"type": "overflow", "action_id": "o", "options": [option()] * 5}),
        actions({"type": "static_select", "placeholder": plain(), "options": [option()]}),
        actions(button(url="https://example.com", value="v", style="primary")),
        {"type": "markdown", "text": "**x**"},
        rich({"type": "text", "text": "proj <!channel>", "style": {"code": True}}),
        rich(
            {"type": "date", "timestamp": 1, "format": "{date}"}, {"type": "user", "user_id": "U"}
        ),
        BULLETS,
        table([cell(), {"type": "raw_number", "value": 1.5, "text": "$1.50"}], [cell(), BULLETS]),
        table(*[[cell()] * 20] * 100, column_settings=[{"align": "right"}, None]),
        chart(points=20, series=12),
        {"type": "container", "child_blocks": [section(), section()]},
    ],
    ids=lambda block: block["type"],
)
def test_these_blocks_are_fine(block: Json) -> None:
    assert problems([block]) == []


@pytest.mark.parametrize(
    ("block", "sentence"),
    [
        ("x", "must provide an object [json-pointer:/blocks/0]"),
        ({}, "missing required field: type [json-pointer:/blocks/0]"),
        ({"type": "alert"}, "unsupported type: alert [json-pointer:/blocks/0/type]"),
        ({"type": "input"}, "unsupported type: input [json-pointer:/blocks/0/type]"),
        (
            {"type": "divider", "text": "x"},
            "invalid additional property: text [json-pointer:/blocks/0]",
        ),
        (
            {"type": "divider", "block_id": "x" * 256},
            "must be less than 256 characters [json-pointer:/blocks/0/block_id]",
        ),
        (
            {"type": "header", "text": mrkdwn()},
            "must be a plain_text object [json-pointer:/blocks/0/text]",
        ),
        (
            {"type": "header", "text": plain("x" * 151)},
            "must be less than 151 characters [json-pointer:/blocks/0/text/text]",
        ),
        (
            {"type": "section"},
            "must define either `text` or `fields` [json-pointer:/blocks/0]",
        ),
        (
            section(text=mrkdwn("")),
            "must be more than 0 characters [json-pointer:/blocks/0/text/text]",
        ),
        (
            section(text=mrkdwn("x" * 3001)),
            "must be less than 3001 characters [json-pointer:/blocks/0/text/text]",
        ),
        (
            section(text=mrkdwn(emoji=True)),
            "invalid additional property: emoji [json-pointer:/blocks/0/text]",
        ),
        (
            section(fields=[mrkdwn()] * 11),
            "no more than 10 items allowed [json-pointer:/blocks/0/fields]",
        ),
        (
            section(fields=[mrkdwn("x" * 2001)]),
            "must be less than 2001 characters [json-pointer:/blocks/0/fields/0/text]",
        ),
        (
            {"type": "context", "elements": [mrkdwn()] * 11},
            "no more than 10 items allowed [json-pointer:/blocks/0/elements]",
        ),
        (
            {"type": "context", "elements": []},
            "no fewer than 1 items allowed [json-pointer:/blocks/0/elements]",
        ),
        (
            {"type": "image", "slack_file": FILE},
            "missing required field: alt_text [json-pointer:/blocks/0]",
        ),
        (
            image(),
            "must define exactly one of `image_url` or `slack_file` [json-pointer:/blocks/0]",
        ),
        (
            image(slack_file=FILE, image_url="https://example.com/a.png"),
            "must define exactly one of `image_url` or `slack_file` [json-pointer:/blocks/0]",
        ),
        (
            image(slack_file=FILE | {"url": "https://x"}),
            "must define exactly one of `id` or `url` [json-pointer:/blocks/0/slack_file]",
        ),
        (
            image(slack_file={"id": "f1"}),
            "does not match pattern F[A-Z0-9]{8,} [json-pointer:/blocks/0/slack_file/id]",
        ),
        (
            image(slack_file=FILE, alt_text="x" * 2001),
            "must be less than 2001 characters [json-pointer:/blocks/0/alt_text]",
        ),
        (
            actions(*[button(action_id=f"a{n}") for n in range(26)]),
            "no more than 25 items allowed [json-pointer:/blocks/0/elements]",
        ),
        (
            actions(button(), button()),
            '`action_id` "ack" already exists [json-pointer:/blocks/0/elements]',
        ),
        (
            actions(button(text=plain("x" * 76))),
            "must be less than 76 characters [json-pointer:/blocks/0/elements/0/text/text]",
        ),
        (
            actions(button(style="good")),
            "must be one of danger, primary [json-pointer:/blocks/0/elements/0/style]",
        ),
        (
            actions(button(value="x" * 2001)),
            "must be less than 2001 characters [json-pointer:/blocks/0/elements/0/value]",
        ),
        (
            actions({"type": "overflow", "options": [option()] * 6}),
            "no more than 5 items allowed [json-pointer:/blocks/0/elements/0/options]",
        ),
        (
            actions({"type": "overflow", "options": [option(type="option")]}),
            "invalid additional property: type [json-pointer:/blocks/0/elements/0/options/0]",
        ),
        (
            actions({"type": "knob"}),
            "unsupported type: knob [json-pointer:/blocks/0/elements/0/type]",
        ),
        (
            actions(button(confirm=CONFIRM | {"title": plain("x" * 101)})),
            "must be less than 101 characters "
            "[json-pointer:/blocks/0/elements/0/confirm/title/text]",
        ),
        (
            {"type": "rich_text", "elements": [plain()]},
            "unsupported type: plain_text [json-pointer:/blocks/0/elements/0/type]",
        ),
        (
            rich(mrkdwn()),
            "unsupported type: mrkdwn [json-pointer:/blocks/0/elements/0/elements/0/type]",
        ),
        (
            rich({"type": "text", "text": ""}),
            "must be more than 0 characters [json-pointer:/blocks/0/elements/0/elements/0/text]",
        ),
        (
            rich({"type": "text", "text": "x", "style": {"loud": True}}),
            "invalid additional property: loud "
            "[json-pointer:/blocks/0/elements/0/elements/0/style]",
        ),
        (table(*[[cell()]] * 101), "no more than 100 items allowed [json-pointer:/blocks/0/rows]"),
        (table([cell()] * 21), "no more than 20 items allowed [json-pointer:/blocks/0/rows/0]"),
        (
            table([cell("")]),
            "must be more than 0 characters [json-pointer:/blocks/0/rows/0/0/text]",
        ),
        (
            table(*[[cell("x" * 101)]] * 100),
            "must be less than 10001 characters in all [json-pointer:/blocks/0/rows]",
        ),
        (
            chart(points=21),
            "no more than 20 items allowed [json-pointer:/blocks/0/chart/series/0/data]",
        ),
        (chart(series=13), "no more than 12 items allowed [json-pointer:/blocks/0/chart/series]"),
        (
            {"type": "container", "child_blocks": [{"type": "section"}]},
            "must define either `text` or `fields` [json-pointer:/blocks/0/child_blocks/0]",
        ),
    ],
)
def test_these_blocks_are_refused(block: Any, sentence: str) -> None:
    assert sentence in problems([block])


@pytest.mark.parametrize(
    ("blocks", "sentence"),
    [
        ({}, "must provide an array [json-pointer:/blocks]"),
        ([{"type": "divider"}] * 51, "no more than 50 items allowed [json-pointer:/blocks]"),
        (
            [{"type": "divider", "block_id": "b"}] * 2,
            '`block_id` "b" already exists [json-pointer:/blocks]',
        ),
        ([table([cell()])] * 2, "only_one_table_allowed: 2 tables"),
        ([chart()] * 3, "no more than 2 data_visualization blocks allowed [json-pointer:/blocks]"),
        (
            [{"type": "markdown", "text": "x" * 6001}] * 2,
            "markdown blocks must be at most 12000 characters together [json-pointer:/blocks]",
        ),
        (
            [section(text=plain("x" * 2700))] * 5,
            "msg_blocks_too_long: 13500 characters, 13200 allowed",
        ),
    ],
)
def test_a_message_as_a_whole_has_limits(blocks: Any, sentence: str) -> None:
    assert problems(blocks) == [sentence]


def test_fifty_blocks_and_13200_characters_are_allowed() -> None:
    assert problems([{"type": "divider"}] * 50) == []
    assert problems([section(text=plain("x" * 2640))] * 5) == []


def test_text_is_counted_wherever_a_reader_sees_it() -> None:
    blocks = [
        section(fields=[plain("12345")]),
        image(slack_file=FILE, title=plain("123")),
        rich({"type": "text", "text": "1234"}),
    ]
    assert text_length(blocks) == len("x12345Spend1231234")
