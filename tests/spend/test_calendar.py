"""Days are UTC days; what is known of one depends on when it was last read."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.spend.calendar import (
    ONE_DAY,
    DayState,
    SettlingTimes,
    Span,
    Unit,
    day_name,
    midnight,
    period_name,
    period_of,
    utc_day,
)
from tests.build import at, on

DAY = on("11-19")
TIMES = SettlingTimes(grace=timedelta(hours=6), settle=timedelta(days=2))
OPEN, SETTLING, SETTLED, MISSING = (
    DayState.OPEN,
    DayState.SETTLING,
    DayState.SETTLED,
    DayState.MISSING,
)
DATES = st.dates(date(2000, 1, 1), date(2100, 1, 1))


@pytest.mark.parametrize(
    ("fetched", "now", "state", "after_a_failure"),
    [
        (None, "2026-11-19 12:00", MISSING, MISSING),
        (None, "2026-11-25 12:00", MISSING, MISSING),
        ("2026-11-19 00:00", "2026-11-19 00:00", OPEN, MISSING),
        ("2026-11-19 12:00", "2026-11-19 23:59", OPEN, MISSING),
        # Over, and what is held is a part of it.
        ("2026-11-19 23:59", "2026-11-20 00:00", MISSING, MISSING),
        ("2026-11-19 23:59", "2026-11-25 00:00", MISSING, MISSING),
        ("2026-11-20 00:00", "2026-11-20 00:00", SETTLING, MISSING),
        ("2026-11-20 09:00", "2026-11-21 23:59", SETTLING, MISSING),
        # Its settling time is over, but it has not been read since.
        ("2026-11-21 23:59", "2026-11-30 00:00", SETTLING, MISSING),
        ("2026-11-22 00:00", "2026-11-22 00:00", SETTLED, SETTLED),
        ("2026-11-22 00:00", "2027-11-22 00:00", SETTLED, SETTLED),
        # A replay of the past does not know what was read later.
        ("2026-11-30 00:00", "2026-11-19 12:00", OPEN, MISSING),
        ("2026-11-30 00:00", "2026-11-20 12:00", SETTLING, MISSING),
        ("2026-11-30 00:00", "2026-11-22 00:00", SETTLED, SETTLED),
    ],
)
def test_the_state_of_a_day(
    fetched: str | None, now: str, state: DayState, after_a_failure: DayState
) -> None:
    read = at(fetched) if fetched else None
    assert TIMES.state(DAY, read, failed=False, now=at(now)) is state
    assert TIMES.state(DAY, read, failed=True, now=at(now)) is after_a_failure


def test_without_settling_time_a_finished_day_is_settled() -> None:
    times = SettlingTimes(settle=timedelta(0))
    assert times.state(DAY, at("2026-11-20 00:00"), False, at("2026-11-20 00:00")) is SETTLED


@pytest.mark.parametrize(
    ("state", "now", "may"),
    [
        (OPEN, "2026-11-20 06:00", False),
        (MISSING, "2026-11-25 06:00", False),
        (SETTLING, "2026-11-20 05:59", False),
        (SETTLING, "2026-11-20 06:00", True),
        (SETTLED, "2026-11-20 05:59", False),
        (SETTLED, "2026-11-22 00:00", True),
    ],
)
def test_a_verdict_waits_for_a_finished_day_and_its_grace(
    state: DayState, now: str, may: bool
) -> None:
    assert TIMES.judgeable(DAY, state, at(now)) is may


@pytest.mark.parametrize(
    ("day", "unit", "start", "end", "name"),
    [
        ("2026-11-19", Unit.DAY, "2026-11-19", "2026-11-20", "Thu 19 Nov 2026"),
        ("2026-12-31", Unit.DAY, "2026-12-31", "2027-01-01", "Thu 31 Dec 2026"),
        ("2026-11-19", Unit.WEEK, "2026-11-16", "2026-11-23", "week 47 of 2026"),
        ("2026-11-16", Unit.WEEK, "2026-11-16", "2026-11-23", "week 47 of 2026"),
        ("2026-11-22", Unit.WEEK, "2026-11-16", "2026-11-23", "week 47 of 2026"),
        # 2026 has 53 ISO weeks; the first days of 2027 belong to the last of them.
        ("2027-01-03", Unit.WEEK, "2026-12-28", "2027-01-04", "week 53 of 2026"),
        ("2024-12-30", Unit.WEEK, "2024-12-30", "2025-01-06", "week 1 of 2025"),
        ("2026-11-19", Unit.MONTH, "2026-11-01", "2026-12-01", "November 2026"),
        ("2026-12-31", Unit.MONTH, "2026-12-01", "2027-01-01", "December 2026"),
        ("2028-02-29", Unit.MONTH, "2028-02-01", "2028-03-01", "February 2028"),
        ("2026-01-01", Unit.QUARTER, "2026-01-01", "2026-04-01", "Q1 2026"),
        ("2026-06-30", Unit.QUARTER, "2026-04-01", "2026-07-01", "Q2 2026"),
        ("2026-09-30", Unit.QUARTER, "2026-07-01", "2026-10-01", "Q3 2026"),
        ("2026-11-19", Unit.QUARTER, "2026-10-01", "2027-01-01", "Q4 2026"),
        ("2026-11-19", Unit.YEAR, "2026-01-01", "2027-01-01", "2026"),
    ],
)
def test_a_day_belongs_to_a_period(day: str, unit: Unit, start: str, end: str, name: str) -> None:
    period = period_of(on(day), unit)
    assert (period.start, period.end) == (on(start), on(end))
    assert (str(period), period_name(period)) == (name, name)
    assert period.last_day == on(end) - ONE_DAY


@given(DATES, st.sampled_from(Unit))
def test_periods_cover_every_day_once(day: date, unit: Unit) -> None:
    period = period_of(day, unit)
    assert day in period.span
    assert all(period_of(one, unit) == period for one in (period.start, period.last_day))
    assert period_of(period.end, unit).start == period.end


def test_a_span_holds_its_start_and_not_its_end() -> None:
    span = Span(on("11-18"), on("11-20"))
    assert list(span) == [on("11-18"), on("11-19")]
    assert len(span) == 2
    assert on("11-18") in span
    assert on("11-20") not in span
    assert list(Span(on("11-18"), on("11-18"))) == []


def test_a_span_cannot_end_before_it_starts() -> None:
    with pytest.raises(ValueError, match=r"cannot end \(2026-11-18\) before it starts"):
        Span(on("11-19"), on("11-18"))


def test_an_instant_falls_on_the_day_that_utc_has() -> None:
    kiritimati = timezone(timedelta(hours=14))
    assert utc_day(datetime(2026, 11, 20, 13, 59, tzinfo=kiritimati)) == on("11-19")
    assert midnight(DAY) == datetime(2026, 11, 19, tzinfo=UTC)
    assert day_name(DAY) == "Thu 19 Nov"
    assert day_name(on("11-05")) == "Thu 5 Nov"
