"""Doubt: which readings of a day are not believed, and until when."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, timedelta

import pytest

from bot.spend.calendar import SettlingTimes
from bot.spend.doubt import Belief, Doubt, Doubting, Known, Trusting
from bot.spend.money import from_dollars
from bot.spend.rows import CostDay, CostRow, UsageDay, UsageKind, UsageRow
from tests.build import NOW, TODAY, YESTERDAY

DOUBTING = Doubting(SettlingTimes())
KNOWN = Known(
    amounts={
        ("project", "a"): from_dollars(100),
        ("project", "b"): from_dollars(20),
        ("line_item", "gpt-5"): from_dollars(120),
        ("api_key", None): from_dollars(120),
    },
    total=from_dollars(120),
    is_whole=True,
    is_over=True,
    doubted=None,
    busy=14,
    idle=0,
)
NOTHING_KNOWN = replace(KNOWN, amounts={}, total=0, is_whole=False, is_over=False)
GONE = "Thu 19 Nov reads $100.00 where $120.00 was known, without 1 project of it"


def read(dollars: Mapping[str | None, float]) -> CostDay:
    rows = [
        CostRow(YESTERDAY, project, "gpt-5", None, from_dollars(usd))
        for project, usd in dollars.items()
    ]
    return CostDay(YESTERDAY, tuple(rows))


def words(doubt: Doubt | None) -> str | None:
    return doubt and doubt.words


@pytest.mark.parametrize(
    ("dollars", "doubt"),
    [
        ({"a": 100, "b": 20}, None),
        ({"a": 130, "b": 25, "c": 1}, None),
        ({"a": 50, "b": 10}, None),  # a correction
        ({"a": 100, "b": -20}, None),  # a credit
        ({"a": 100}, GONE),
        ({"a": 100, "b": 0}, None),  # taken back
        (
            {"a": 0, "b": 0},
            "Thu 19 Nov reads $0.00 where $120.00 was known, without 2 projects of it",
        ),
        ({"a": 120}, None),  # moved
        ({"a": 100, "c": 20}, None),
        ({}, "Thu 19 Nov reads $0.00 where $120.00 was known, without 2 projects of it"),
    ],
)
def test_money_that_is_gone_is_doubted_and_what_shrinks_or_moved_is_not(
    dollars: Mapping[str | None, float], doubt: str | None
) -> None:
    assert words(DOUBTING.doubt(read(dollars), KNOWN, NOW)) == doubt


def test_of_a_day_that_ran_a_missing_project_is_doubted_though_the_day_grew() -> None:
    running = replace(KNOWN, is_over=False)
    grown = DOUBTING.doubt(read({"a": 400}), running, NOW)
    assert words(grown) == GONE.replace("$100.00", "$400.00", 1)
    assert DOUBTING.doubt(read({"a": 100, "c": 25}), running, NOW) is None


@pytest.mark.parametrize(
    ("earlier", "hours", "believed"), [(GONE, 24, True), (GONE, 23, False), ("HTTP 500", 48, False)]
)
def test_what_is_read_the_same_for_a_day_is_believed(
    earlier: str, hours: int, believed: bool
) -> None:
    known = replace(KNOWN, doubted=(earlier, NOW - timedelta(hours=hours)))
    assert (DOUBTING.doubt(read({"a": 100}), known, NOW) is None) is believed


@pytest.mark.parametrize(
    ("busy", "idle", "day", "hours", "doubted"),
    [
        (14, 0, YESTERDAY, 0, True),
        (10, 0, YESTERDAY, 0, True),
        (9, 0, YESTERDAY, 0, False),  # too little is known
        (13, 1, YESTERDAY, 0, False),  # idle days are usual
        (14, 0, TODAY, 0, False),  # it may still come
        (14, 0, YESTERDAY, 48, False),  # settled: so it is
    ],
)
def test_a_day_without_anything_is_doubted_where_no_day_ever_is(
    busy: int, idle: int, day: date, hours: int, doubted: bool
) -> None:
    known = replace(NOTHING_KNOWN, busy=busy, idle=idle)
    found = DOUBTING.doubt(CostDay(day, ()), known, NOW + timedelta(hours=hours))
    assert words(found) == (
        "Thu 19 Nov shows no spend at all; every known day of the two weeks before had some"
        if doubted
        else None
    )


def test_a_day_read_whole_that_comes_in_part_is_doubted() -> None:
    part = read({"a": 100, "b": 20})._replace(whole=False)
    assert words(DOUBTING.doubt(part, KNOWN, NOW)) == "Thu 19 Nov came in part only"
    assert DOUBTING.doubt(part, NOTHING_KNOWN, NOW) is None


def test_use_that_is_gone_is_doubted() -> None:
    known = replace(KNOWN, amounts={}, total=7)
    row = UsageRow(YESTERDAY, UsageKind.COMPLETIONS, "a", "gpt-5", None)
    empty = UsageDay(YESTERDAY, UsageKind.COMPLETIONS, ())
    assert words(DOUBTING.doubt(empty, known, NOW)) == (
        "Thu 19 Nov shows no use where 7 rows were known"
    )
    assert DOUBTING.doubt(empty._replace(rows=(row,)), known, NOW) is None


def test_whoever_asks_for_a_day_by_name_believes_it() -> None:
    trusting: Belief = Trusting()
    believes: Callable[..., Doubt | None] = trusting.doubt
    assert believes(read({}), KNOWN, NOW) is None
