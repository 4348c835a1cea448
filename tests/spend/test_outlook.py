"""Where a period ends, by what is known of each of its days."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.spend.calendar import DayState, Unit, period_of
from bot.spend.forecast import TooYoung
from bot.spend.ledger import Ledger
from bot.spend.metrics import Additive
from bot.spend.money import from_dollars
from bot.spend.outlook import NoOutlook, Outlook, TooManyMissing, _Together, announce, outlooks
from tests.build import TODAY, at, daily, ledger, on, spend
from tests.examples import examples

MISSING = DayState.MISSING


def outlook_of(book: Ledger, unit: Unit = Unit.MONTH) -> Outlook | NoOutlook:
    table = book.sums(Additive.COST, ("organization",))
    (found,) = outlooks(book, table, period_of(book.today, unit))
    return found


def foreseen(book: Ledger, unit: Unit = Unit.MONTH) -> Outlook:
    found = outlook_of(book, unit)
    assert isinstance(found, Outlook)
    return found


def dollars(outlook: Outlook) -> float:
    return outlook.forecast.total / from_dollars(1)


FLAT = daily([10] * 88, until=on("11-17"))
"""$10 a day up to the last settled day; 18 and 19 November are settling, 20 November is open."""


@pytest.mark.parametrize(
    ("late", "end"),
    [
        ({}, 300.0),  # nothing arrived of three days: each brings its $10 yet
        ({"11-18": 10, "11-19": 10, "11-20": 2}, 300),  # a part of today is not all of it
        ({"11-18": 10, "11-19": 4, "11-20": 2}, 300),  # nor of yesterday, whose bill is late
        ({"11-18": 10, "11-19": 25, "11-20": 2}, 315),  # more than usual counts as it is
        ({"11-18": 10, "11-19": 10, "11-20": 40}, 336.25),  # and 15 of today's 24 hours are to come
    ],
)
def test_days_that_are_not_settled_never_lower_the_forecast(
    late: dict[str, float], end: float
) -> None:
    assert dollars(foreseen(ledger(FLAT, spend(late)))) == pytest.approx(end)


def test_days_that_are_not_settled_teach_nothing() -> None:
    wild = foreseen(ledger(FLAT, spend({"11-18": 500, "11-19": 500})))
    assert wild.forecast.per_day[-1] == pytest.approx(from_dollars(10))


def test_a_missing_day_between_is_estimated_and_named() -> None:
    bill = [entry for entry in FLAT if entry.day != on("11-05")]
    found = foreseen(ledger(bill, states={"11-05": MISSING}))
    assert dollars(found) == pytest.approx(300)
    assert found.missing == (on("11-05"),)
    assert found.remaining[0] == on("11-05")


@pytest.mark.parametrize(("gaps", "blind"), [(4, False), (5, True)])
def test_a_month_of_which_more_than_a_seventh_is_missing_is_not_foreseen(
    gaps: int, blind: bool
) -> None:
    states = {f"11-{day:02}": MISSING for day in range(2, 2 + gaps)}
    found = outlook_of(ledger(FLAT, states=states))
    assert isinstance(found, TooManyMissing) is blind


def test_a_year_seen_for_90_days_only_is_not_foreseen_in_november_but_in_march() -> None:
    assert isinstance(outlook_of(ledger(FLAT), Unit.YEAR), TooManyMissing)
    march = ledger(daily([10] * 88, until=on("2028-03-28")), now=at("2028-03-31 00:00"), days=91)
    found = foreseen(march, Unit.YEAR)
    assert dollars(found) == pytest.approx(3660)  # a leap year
    assert len(found.remaining) == 366 - 88


def test_a_period_that_begins_today_is_foreseen_whole() -> None:
    book = ledger(daily([10] * 88, until=on("11-28")), now=at("2026-12-01 00:00"))
    found = foreseen(book)
    assert (found.elapsed, len(found.remaining)) == (0, 31)
    assert dollars(found) == pytest.approx(310)


@pytest.mark.parametrize("days", [1, 13])
def test_under_two_settled_weeks_there_is_none(days: int) -> None:
    assert outlook_of(ledger(daily([10] * days, until=on("11-17")))) == TooYoung(days)


def test_a_ledger_without_a_settled_day_foresees_nothing() -> None:
    assert outlook_of(ledger(spend({"11-20": 5}), days=2)) == TooManyMissing(
        tuple(on(f"11-{day:02}") for day in range(1, 19))
    )


def test_planned_days_are_no_history_and_bring_their_money() -> None:
    bill = (FLAT, spend({"11-12": 390}))
    book = ledger(*bill)
    table = book.sums(Additive.COST, ("organization",))
    planned = {on("11-12"): 0.0, on("11-25"): float(from_dollars(100))}
    (found,) = outlooks(book, table, period_of(TODAY, Unit.MONTH), planned=planned)
    assert isinstance(found, Outlook)
    assert dollars(found) == pytest.approx(300 + 390 + 100)


def test_a_period_that_does_not_hold_today_is_refused() -> None:
    book = ledger(FLAT)
    table = book.sums(Additive.COST, ("organization",))
    with pytest.raises(ValueError, match="October 2026 does not hold 2026-11-20"):
        outlooks(book, table, period_of(on("10-05"), Unit.MONTH))


def test_a_limit_that_the_late_days_will_pass_falls_today_at_the_earliest() -> None:
    found = foreseen(ledger(FLAT, spend({"11-18": 5, "11-19": 0, "11-20": 0})))
    assert found.falls_on(from_dollars(180)) == TODAY
    assert found.falls_on(from_dollars(200)) == TODAY
    assert found.falls_on(from_dollars(205)) == on("11-21")
    assert found.falls_on(from_dollars(301)) is None
    assert found.falls_on(from_dollars(170)) is None  # it is passed already


@given(
    st.lists(st.integers(0, 1000), min_size=16, max_size=90),
    st.sets(st.integers(1, 20), max_size=4),
    st.sampled_from([Unit.WEEK, Unit.MONTH, Unit.QUARTER]),
)
@examples(5)
def test_no_outlook_ends_below_what_is_known(values: list[int], gaps: set[int], unit: Unit) -> None:
    states = {f"11-{day:02}": MISSING for day in gaps}
    book = ledger(daily(values, until=TODAY), states=states)
    for found in outlooks(
        book, book.sums(Additive.COST, ("organization",)), period_of(TODAY, unit)
    ):
        if isinstance(found, Outlook):
            end = found.forecast
            assert found.elapsed <= end.low <= end.total <= end.high
            assert all(brings >= 0 for brings in end.per_day)
            assert len(end.per_day) == len(found.remaining)


def test_subjects_announced_are_foreseen_together_and_as_alone() -> None:
    bills = [daily([n, 2 * n, 30] * 25, project=f"p{n}") for n in range(1, 6)]
    month = period_of(TODAY, Unit.MONTH)
    alone, book = ledger(*bills), ledger(*bills)
    tables = [book.sums(Additive.COST, ("project",)).only(np.array([n])) for n in (1, 3)]
    for table in tables:
        announce(book, table, month)
    found = [outlooks(book, table, month)[0] for table in tables]
    (together,) = [each for each in book._memory.values() if isinstance(each, _Together)]
    assert sorted(together.ends) == [1, 3]  # one forecast, of both
    whole = outlooks(alone, alone.sums(Additive.COST, ("project",)), month)
    for each, expected in zip(found, (whole[1], whole[3]), strict=True):
        assert isinstance(each, Outlook)
        assert isinstance(expected, Outlook)
        assert each.forecast.total == pytest.approx(expected.forecast.total, rel=1e-12)
