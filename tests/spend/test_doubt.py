"""Doubt: which readings of a day are not believed, and until when."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.spend.currency import USD
from bot.spend.doubt import Belief, Doubting, Known, Trusting
from bot.spend.money import from_dollars
from bot.spend.rows import CostDay, CostRow, UsageDay, UsageKind, UsageRow
from tests.build import NOW, TODAY, YESTERDAY

DOUBTING = Doubting()
KNOWN = Known(
    amounts={
        "a": from_dollars(100),
        "b": from_dollars(20),
    },
    total=from_dollars(120),
    is_whole=True,
    is_over=True,
    doubted=None,
    currency=USD,
)
NOTHING_KNOWN = replace(KNOWN, amounts={}, total=0, is_whole=False, is_over=False)
GONE = "Thu 19 Nov reads $100.00 where $120.00 was known, without 1 project of it"


def read(dollars: Mapping[str | None, float]) -> CostDay:
    rows = [
        CostRow(YESTERDAY, project, "gpt-5", None, from_dollars(usd))
        for project, usd in dollars.items()
    ]
    return CostDay(YESTERDAY, tuple(rows))


@pytest.mark.parametrize(
    ("dollars", "doubt"),
    [
        ({"a": 100, "b": 20}, None),
        ({"a": 130, "b": 25, "c": 1}, None),
        ({"a": 50, "b": 10}, None),  # a correction
        ({"a": 100, "b": -20}, None),  # a credit
        ({"a": 100}, GONE),
        ({"a": 100, "b": 0}, GONE),
        ({"a": 120}, None),  # moved
        ({"a": 100, "c": 20}, None),
        ({}, "Thu 19 Nov reads $0.00 where $120.00 was known, without 2 projects of it"),
    ],
)
def test_money_that_is_gone_is_doubted_and_what_shrinks_or_moved_is_not(
    dollars: Mapping[str | None, float], doubt: str | None
) -> None:
    assert DOUBTING.doubt(read(dollars), KNOWN, NOW) == doubt


def test_of_a_day_that_ran_a_missing_project_is_doubted_though_the_day_grew() -> None:
    running = replace(KNOWN, is_over=False)
    assert DOUBTING.doubt(read({"a": 400}), running, NOW) == GONE.replace("$100.00", "$400.00", 1)
    assert DOUBTING.doubt(read({"a": 100, "c": 25}), running, NOW) is None


@pytest.mark.parametrize(
    ("words", "hours", "believed"), [(GONE, 24, True), (GONE, 23, False), ("HTTP 500", 48, False)]
)
def test_what_is_read_the_same_for_a_day_is_believed(
    words: str, hours: int, believed: bool
) -> None:
    known = replace(KNOWN, doubted=(words, NOW - timedelta(hours=hours)))
    assert (DOUBTING.doubt(read({"a": 100}), known, NOW) is None) is believed


def test_zero_is_not_missing() -> None:
    assert DOUBTING.doubt(CostDay(YESTERDAY, ()), NOTHING_KNOWN, NOW) is None


def test_an_open_day_is_believed_whatever_is_gone() -> None:
    today = CostDay(TODAY, ())
    assert DOUBTING.doubt(today, replace(KNOWN, is_over=False), NOW) is None


def test_a_day_read_whole_that_comes_in_part_is_doubted() -> None:
    part = read({"a": 100, "b": 20})._replace(whole=False)
    assert DOUBTING.doubt(part, KNOWN, NOW) == "Thu 19 Nov came in part only"
    assert DOUBTING.doubt(part, NOTHING_KNOWN, NOW) is None


def test_use_that_is_gone_is_doubted() -> None:
    known = replace(KNOWN, amounts={}, total=7)
    row = UsageRow(YESTERDAY, UsageKind.COMPLETIONS, "a", "gpt-5", None)
    empty = UsageDay(YESTERDAY, UsageKind.COMPLETIONS, ())
    assert DOUBTING.doubt(empty, known, NOW) == "Thu 19 Nov shows no use where 7 rows were known"
    assert DOUBTING.doubt(empty._replace(rows=(row,)), known, NOW) is None


def test_whoever_asks_for_a_day_by_name_believes_it() -> None:
    trusting: Belief = Trusting()
    believes: Callable[..., str | None] = trusting.doubt
    assert believes(read({}), KNOWN, NOW) is None
