"""What is remembered of alerts, and when things last happened."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.alerts.decide import Told
from bot.alerts.model import Finding, Severity
from bot.spend.calendar import Unit
from bot.store.alerts import AlertBook
from bot.store.database import Database
from bot.store.instants import from_text, to_text
from bot.store.pulses import CHECKED, FAILED, Pulse, Pulses
from tests.build import NOW, TODAY, finding, on, project

LATER = NOW + timedelta(hours=1)


def remember(database: Database, *some: Finding, now: datetime = NOW) -> None:
    with database.writing() as connection:
        for one in some:
            AlertBook(database).remember(connection, one, now)


def told(database: Database, *some: Finding) -> dict[str, Told]:
    with database.reading() as connection:
        return AlertBook(database).told(connection, [one.key for one in some])


def test_what_was_never_told_is_not_known(database: Database) -> None:
    remember(database, finding(project("other")))
    assert told(database, finding()) == {}


def test_what_was_told_is_known_by_its_key(database: Database) -> None:
    one, other = finding(step=80), finding(project("a"))
    remember(database, one, other)
    assert told(database, one, other, finding(project("b"))) == {
        one.key: Told(80, firing=True),
        other.key: Told(None, firing=True),
    }


@pytest.mark.parametrize(
    ("steps", "kept"),
    [
        ((50, 80), 80),
        ((80, 50), 80),
        ((80, 80), 80),
        ((None, 50), 50),
        ((50, None), 50),
        ((None, None), None),
    ],
)
def test_a_step_only_grows(
    database: Database, steps: tuple[float | None, ...], kept: float | None
) -> None:
    for step in steps:
        remember(database, finding(step=step))
    assert told(database, finding()) == {finding().key: Told(kept)}


def test_an_alert_that_is_undone_was_never_told(database: Database) -> None:
    def decide_and_fail() -> None:
        with database.writing() as connection:
            AlertBook(database).remember(connection, finding(), NOW)
            raise KeyError

    with pytest.raises(KeyError):
        decide_and_fail()
    assert told(database, finding()) == {}


def test_an_alert_keeps_its_first_moment_and_shows_its_last_words(database: Database) -> None:
    remember(database, finding(step=50, headline="half", severity=Severity.INFO))
    remember(database, finding(step=80, headline="most", severity=Severity.CRITICAL), now=LATER)
    (record,) = AlertBook(database).firing(TODAY)
    assert (record.key, record.rule) == (finding().key, "daily cap")
    assert (record.headline, record.step, record.severity) == ("most", 80, Severity.CRITICAL)
    assert (record.first_at, record.updated_at) == (NOW, LATER)


@pytest.mark.parametrize(
    ("when", "shown"),
    [
        ({"day": on("11-20")}, True),
        ({"day": on("11-12")}, True),  # ended on the 13th, a week ago
        ({"day": on("11-11")}, False),
        ({"day": on("11-01"), "unit": Unit.MONTH}, True),
        ({"day": on("10-01"), "unit": Unit.MONTH}, False),
    ],
)
def test_alerts_of_the_last_week_are_shown(
    database: Database, when: dict[str, Any], shown: bool
) -> None:
    remember(database, finding(**when))
    assert len(AlertBook(database).firing(TODAY)) == shown


def test_the_newest_alert_comes_first(database: Database) -> None:
    remember(database, finding(project("old")))
    remember(database, finding(project("new")), now=LATER)
    assert [record.first_at for record in AlertBook(database).firing(TODAY)] == [LATER, NOW]


def test_a_pulse_is_the_last_time_something_happened(database: Database) -> None:
    pulses = Pulses(database)
    assert pulses.last(CHECKED) is None
    pulses.beat(CHECKED, NOW, "2026-11-20")
    pulses.beat(FAILED, NOW, "no answer")
    pulses.beat(CHECKED, LATER)
    assert pulses.last(CHECKED) == Pulse(LATER, "")
    assert pulses.last(FAILED) == Pulse(NOW, "no answer")


def test_a_pulse_that_is_over_is_forgotten(database: Database) -> None:
    pulses = Pulses(database)
    pulses.beat(FAILED, NOW, "no answer")
    for _ in range(2):
        pulses.forget(FAILED)
        assert pulses.last(FAILED) is None


def test_an_instant_is_written_in_utc_to_the_microsecond() -> None:
    berlin = timezone(timedelta(hours=1))
    assert to_text(datetime(2026, 11, 20, 10, 30, tzinfo=berlin)) == "2026-11-20T09:30:00.000000Z"
    assert from_text("2026-11-20T09:30:00.000001Z") == datetime(
        2026, 11, 20, 9, 30, 0, 1, tzinfo=UTC
    )


INSTANTS = st.datetimes(timezones=st.just(UTC)).filter(lambda instant: instant.year >= 1970)


@given(INSTANTS, INSTANTS)
def test_instants_sort_as_their_text_does(one: datetime, other: datetime) -> None:
    assert (one < other) == (to_text(one) < to_text(other))
    assert from_text(to_text(one)) == one
    assert len(to_text(one)) == 27  # the width of the column


def test_the_days_that_alerts_told_of_are_known(database: Database) -> None:
    remember(database, finding(day=on("11-03")), finding(project(), unit=Unit.MONTH))
    with database.reading() as connection:
        assert AlertBook(database).days(connection) == {on("11-03")}
