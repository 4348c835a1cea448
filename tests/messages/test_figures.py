"""Numbers as a few characters."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from bot.messages.figures import bar, columns, count, fit, moment, percent, sparkline


@pytest.mark.parametrize(
    ("values", "line"),
    [
        ([0, 1, 2, 3, 4, 5, 6, 7], "▁▂▃▄▅▆▇█"),
        ([0, 1, 1000], "▁▂█"),
        ([5, None, 5], "█ █"),
        ([0, 0], "▁▁"),
        ([-3, 3], "▁█"),
        ([-3, -1], "▁▁"),
        ([None, None], "  "),
        ([], ""),
    ],
)
def test_a_sparkline_starts_at_zero_and_leaves_gaps_open(
    values: list[float | None], line: str
) -> None:
    assert sparkline(values) == line


@pytest.mark.parametrize(
    ("part", "whole", "drawn"),
    [
        (10, 10, "█████"),
        (5, 10, "██▌"),
        (0.001, 10, "▏"),
        (0, 10, ""),
        (20, 10, "█████"),
        (1, 0, ""),
    ],
)
def test_a_bar_is_drawn_in_eighths_and_never_longer_than_the_whole(
    part: float, whole: float, drawn: str
) -> None:
    assert bar(part, whole, width=5) == drawn


@pytest.mark.parametrize(
    ("part", "whole", "words"),
    [
        (62, 100, "62%"),
        (1, 1000, "<1%"),
        (0, 10, "0%"),
        (3, 0, "–"),
        (15, 10, "150%"),
        (-1, 4, "-25%"),
    ],
)
def test_a_percent_never_rounds_to_nothing_or_to_everything(
    part: float, whole: float, words: str
) -> None:
    assert percent(part, whole) == words


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "0"),
        (9_999, "9,999"),
        (10_000, "10K"),
        (12_345, "12.3K"),
        (412_000, "412K"),
        (999_949, "1M"),
        (999_400, "999K"),
        (4_060_000, "4.1M"),
        (99_960_000, "100M"),
        (7_100_000_000, "7.1B"),
        (-25_000, "-25K"),
    ],
)
def test_a_count_is_exact_when_small_and_short_when_large(number: float, words: str) -> None:
    assert count(number) == words


def test_a_moment_says_its_zone() -> None:
    at = datetime(2026, 11, 19, 7, 5, tzinfo=timezone(timedelta(hours=1)))
    assert moment(at) == "19 Nov 2026 06:05 UTC"


def test_east_asian_letters_take_two_columns_and_accents_none() -> None:
    assert [columns("abc"), columns("検索"), columns("e\u0301")] == [3, 4, 1]


@pytest.mark.parametrize(
    ("text", "shown"), [("search", "search"), ("search team", "search…"), ("検索チーム", "検索チ…")]
)
def test_a_cell_is_cut_by_its_width_on_the_screen(text: str, shown: str) -> None:
    assert fit(text, 7) == shown
