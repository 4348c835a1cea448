"""Logs: one line per event, and nothing in them that opens a door."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from io import StringIO

import pytest

from bot import logs
from bot.logs import JsonFormat, TextFormat, event, relay, safe


@pytest.fixture
def log() -> Iterator[StringIO]:
    """What the logger `bot` writes, as JSON."""
    stream = StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormat())
    logger = logging.getLogger("bot")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield stream
    logger.removeHandler(handler)
    logger.setLevel(logging.NOTSET)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\nb\x1b[31m\u202ec", "a b [31m c"),
        ("key sk-admin-abcdef123 refused", "key *** refused"),
        ("xoxb-1234-abcd and xapp-1-A12", "*** and ***"),
        ("Authorization: Bearer abc.def", "Authorization: ***"),
        ("POST https://hooks.slack.com/services/T0/B0/x", "POST ***"),
        ("postgresql://bot:pass@db/bot", "postgresql://***@db/bot"),
        ("disk-full risk-based", "disk-full risk-based"),
    ],
)
def test_a_line_is_one_line_without_secrets(text: str, shown: str) -> None:
    assert safe(text) == shown


def test_a_secret_that_looks_like_nothing_is_hidden_once_it_is_known() -> None:
    logs.hide("correct horse", "")
    assert safe("the correct horse said") == "the *** said"
    logs._hidden.clear()


def test_an_event_is_one_json_object(log: StringIO) -> None:
    event("bot.worker", logging.WARNING, "check ended\nbadly", exit=70, why="sk-admin-abcdef")
    told = json.loads(log.getvalue())
    assert told.pop("at").endswith("Z")
    assert told == {
        "level": "warning",
        "name": "worker",
        "message": "check ended badly",
        "exit": 70,
        "why": "***",
    }


def test_a_childs_line_is_passed_on_as_it_was_said(log: StringIO) -> None:
    line = '{"at": "x", "level": "error", "name": "delivery", "message": "no", "exit": 5}'
    assert relay(line) == "no"
    assert relay("Traceback (most recent call last):") == "Traceback (most recent call last):"
    first, second = map(json.loads, log.getvalue().splitlines())
    assert (first["level"], first["name"], first["message"], first["exit"]) == (
        *("error", "delivery", "no"),
        5,
    )
    assert (second["level"], second["message"]) == ("warning", "Traceback (most recent call last):")


def test_a_line_of_text_tells_the_time_and_what_belongs_to_it() -> None:
    record = logging.LogRecord("bot.worker", logging.INFO, "", 0, "check begins", None, None)
    record.created, record.fields = 1795844116.0, {"turn": "2026-11-28"}
    assert TextFormat().format(record) == (
        "2026-11-28T05:35:16Z info worker: check begins (turn=2026-11-28)"
    )
