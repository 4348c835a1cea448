"""Globs, numbers and lengths of time as rules read and say them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pydantic import ValidationError

from bot.alerts.model import PER_REQUEST, Dimension, Measure
from bot.kinds.base import amount, per_words, times
from bot.spend.currency import USD
from bot.spend.durations import duration_words, parse_duration
from bot.spend.globs import matches
from bot.spend.metrics import Metric
from tests.build import ledger, rule


@pytest.mark.parametrize(
    ("globs", "member", "name", "fits"),
    [
        (("search*",), "proj_a", "Search team", True),
        (("proj_*",), "proj_a", "Search team", True),
        (("search",), "proj_a", "search team", False),
        (("a", "search*"), "x", "search", True),
        (("!search*",), "x", "chat", True),
        (("!search*",), "x", "search", False),
        (("!proj_a",), "proj_a", "search", False),
        (("search*", "!*-dev"), "x", "search-dev", False),
        (("!*-dev", "search*"), "x", "chat", False),
        (("*",), None, "(no project)", True),
        (("!*",), "x", "search", False),
        (("(no project)",), None, "(no project)", True),
        (("proj_*",), None, "(no project)", False),
        (("STRASSE",), "x", "straße", True),
        (("search?",), "x", "search1", True),
        (("search[12]",), "x", "search1", True),
        # A name fits itself, whatever the glob would mean.
        (("search [prod]",), "x", "Search [prod]", True),
        (("!search [prod]",), "x", "Search [prod]", False),
        (("a\nb",), "x", "a\nb", True),
    ],
)
def test_a_glob_fits_an_id_or_a_name(
    globs: tuple[str, ...], member: str | None, name: str, fits: bool
) -> None:
    assert matches(globs, member, name) is fits


@pytest.mark.parametrize(
    ("value", "measure", "said"),
    [
        (41_200_000_000, Measure.money(USD), "$41.20"),
        (105_000, Measure.money(USD, PER_REQUEST), "$0.000105"),
        (0.625, Measure.RATIO, "62.5%"),
        (0, Measure.REQUESTS, "0 requests"),
        (1, Measure.REQUESTS, "1 request"),
        (2, Measure.TOKENS, "2 tokens"),
        (12_300, Measure.REQUESTS, "12,300 requests"),
        (131_000, Measure.REQUESTS, "131,000 requests"),
        (999_999, Measure.TOKENS, "999,999 tokens"),
        (1_000_000, Measure.TOKENS, "1.00M tokens"),
        (4_123_456, Measure.TOKENS, "4.12M tokens"),
        (41_234_567, Measure.TOKENS, "41.2M tokens"),
        (12_345_678_901, Measure.TOKENS, "12,345.7M tokens"),
    ],
)
def test_a_number_is_said_with_its_unit(value: float, measure: Measure, said: str) -> None:
    assert amount(value, measure) == said


@pytest.mark.parametrize(
    ("ratio", "said"),
    [(1.5, "1.5×"), (9.94, "9.9×"), (9.96, "10×"), (31.4, "31×"), (999, "999×"),
     (1000, "over 1,000×"), (4e11, "over 1,000×")],
)  # fmt: skip
def test_a_ratio_is_said_in_the_digits_that_matter(ratio: float, said: str) -> None:
    assert times(ratio) == said


def test_dimensions_are_said_in_words() -> None:
    assert per_words((Dimension.API_KEY, Dimension.LINE_ITEM)) == "api key and line item"


@pytest.mark.parametrize(
    ("text", "length", "shortest"),
    [
        ("90s", timedelta(seconds=90), "90s"),
        ("30m", timedelta(minutes=30), "30m"),
        ("120m", timedelta(hours=2), "2h"),
        ("4 h", timedelta(hours=4), "4h"),
        (" 7d ", timedelta(days=7), "7d"),
        ("2w", timedelta(days=14), "14d"),
        ("36h", timedelta(hours=36), "36h"),
        ("0h", timedelta(0), "0s"),
    ],
)
def test_a_length_of_time_is_a_number_with_a_unit(
    text: str, length: timedelta, shortest: str
) -> None:
    assert parse_duration(text) == length
    assert duration_words(length) == shortest
    assert parse_duration(length) == parse_duration(shortest) == length


@pytest.mark.parametrize(
    "text", ["", "4", "h", "-4h", "1.5h", "4 hours", "4h30m", "9999999w", 4, None]
)
def test_other_lengths_of_time_are_refused_with_the_forms(text: object) -> None:
    with pytest.raises(ValueError, match="a number with a unit: 30m, 4h, 7d or 2w"):
        parse_duration(text)


def test_a_repeat_is_a_length_of_time() -> None:
    assert rule("cap", limit_usd=1, repeat_after="4h").repeat_after == timedelta(hours=4)
    with pytest.raises(ValidationError, match="a number with a unit"):
        rule("cap", limit_usd=1, repeat_after=4)


def test_every_metric_has_a_unit() -> None:
    for metric in Metric:
        one = rule("cap", limit_usd=1).model_copy(update={"metric": metric})
        assert one.measure_in(USD).is_money == metric.startswith("cost")


def test_a_subject_is_safe_to_show_and_keeps_its_id() -> None:
    book = ledger(names={"project": {"p\u202e": "\x1b[31mred\u200b\nteam" + "x" * 99}})
    subject = rule("cap", per="project", limit_usd=1).subject(book, ("p\u202e",))
    assert subject.ids == ("p\u202e",)
    assert subject.name.startswith("red teamxxx")
    assert len(subject.name) == 40


@pytest.mark.parametrize(
    ("per", "everyone"),
    [("organization", "the organisation"), ("api_key", "every api key"),
     (["project", "model"], "every project and model")],
)  # fmt: skip
def test_all_subjects_in_a_word(per: str | list[str], everyone: str) -> None:
    assert rule("cap", per=per, limit_usd=1).everyone == everyone
