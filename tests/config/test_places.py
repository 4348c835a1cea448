"""A line that is shown holds no secret, and everything else stays in its column."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.config.places import Source, is_secret, masked, without_tokens
from tests.examples import examples

SECRET = "hunter2"


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("channel: x", "channel: x"),
        ("bot_token: hunter2", "bot_token: *******"),
        ("bot_token: 'hunter2, x' # why", "bot_token: ********* ** # why"),
        ("bot_token: hunter2, x", "bot_token: ******** *"),
        ("  Admin-Key:   hunter2", "  Admin-Key:   *******"),
        ('"password": "hunter2"', '"password": *********'),
        ("- webhook_url: hunter2", "- webhook_url: *******"),
        ("my.secret.x: hunter2", "my.secret.x: *******"),
        ("{token: hunter2, kind: cap}", "{token: *******, kind: cap}"),
        ("{token: [hunter2, hunter2], kind: cap}", "{token: ********* ********* ***** ****"),
        ('{token: "hunter2, }", kind: cap}', "{token: ********* **, kind: cap}"),
        ("a: {token: ${TOKEN}, kind: cap}", "a: {token: ${TOKEN}, kind: cap}"),
        ("bot_token: ${SLACK_BOT_TOKEN:-}", "bot_token: ${SLACK_BOT_TOKEN:-}"),
        ('bot_token: "${SLACK_BOT_TOKEN}"  # x', 'bot_token: "${SLACK_BOT_TOKEN}"  # x'),
        ("bot_token: ${X}hunter2", "bot_token: ***********"),
        ("break_down_by: [project, api_key]", "break_down_by: [project, api_key]"),
        ("per: api_key", "per: api_key"),
        ("admin_kye: sk-admin-abcdef123", "admin_kye: sk-***************"),
        ("x: xoxb-12345678-abc y", "x: xoxb-************ y"),
        ("x: postgresql://me:hunter2@host/db", "x: postgresql://******************"),
        ("x: 0123456789abcdef0123456789abcdef", "x: ********************************"),
        ("model: gpt-4o-mini-2024-07-18", "model: gpt-4o-mini-2024-07-18"),
    ],
)
def test_what_may_be_a_secret_is_starred(line: str, shown: str) -> None:
    assert masked([line], 0) == shown


@pytest.mark.parametrize(
    ("lines", "shown"),
    [
        (["bot_token:", "  hunter2"], "  *******"),
        (["bot_token: |", "  a", "", "  hunter2"], "  *******"),
        (["- bot_token: >-", "    hunter2"], "    *******"),
        (["bot_token: ${X}", "channel: x"], "channel: x"),
        (["- key: a", "  channel: x"], "  channel: x"),
        (["slack:", "  channel: x"], "  channel: x"),
    ],
)
def test_what_stands_below_a_telling_name_is_starred(lines: list[str], shown: str) -> None:
    assert masked(lines, len(lines) - 1) == shown


def test_a_line_nobody_wrote_by_hand_is_not_shown() -> None:
    place = Source("f", "x" * 3_000).place(0, 2_500)
    assert (place.column, place.text_of_line) == (2_501, "")


def test_a_place_past_the_end_is_the_end() -> None:
    assert Source("f", "ab\ncd").place(9, 9) == ("f", 2, 3, "cd")
    assert Source("f", "ab\ncd").place(0, 9) == ("f", 1, 3, "ab")
    assert Source("f", "").place(0, 0) == ("f", 1, 1, "")


@pytest.mark.parametrize(
    ("path", "secret"),
    [
        (("slack", "bot_token"), True),
        (("source", "Admin_Key"), True),
        (("store", "url"), True),
        (("secrets", 3, "x"), True),
        (("rules", 0, "per"), False),
        ((), False),
    ],
)
def test_a_name_on_the_way_tells_of_a_secret(path: tuple[str | int, ...], secret: bool) -> None:
    assert is_secret(path) is secret


def test_tokens_are_starred_anywhere() -> None:
    assert without_tokens("not sk-proj-abc123, nor xapp-1-AAAAAA") == (
        "not sk-***********, nor xapp-********"
    )


@examples(30)
@given(st.text(alphabet="ab :,{}[]\"'#-$", max_size=30), st.sampled_from(["token", "api_key"]))
def test_masking_moves_no_column_and_shows_no_secret(before: str, name: str) -> None:
    line = f"{before} {name}: {SECRET}"
    shown = masked([line], 0)
    assert len(shown) == len(line)
    assert SECRET not in shown
