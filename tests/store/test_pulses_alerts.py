"""What is remembered of alerts, and when things last happened."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.alerts.decide import Circumstances, after, verdict
from bot.alerts.life import Alert
from bot.alerts.model import Finding
from bot.alerts.standing import Standing
from bot.spend.calendar import Unit
from bot.store.alerts import AlertBook
from bot.store.database import Database
from bot.store.instants import from_text, to_text
from bot.store.pulses import Pulse, Pulses
from bot.store.tallies import CHECKED, FAILED
from tests.build import NOW, TODAY, finding, on, pair, project

LATER = NOW + timedelta(hours=1)


def alert_of(one: Finding, now: datetime = NOW, **other: Any) -> Alert:
    found = after(verdict(one, None, Circumstances(now, TODAY)), now)
    assert found is not None
    return replace(found, **other)


def save(database: Database, *some: Alert, now: datetime = NOW) -> None:
    with database.writing() as connection:
        AlertBook(database).save(connection, some, now)


RICH = finding(
    pair(("project", None), ("model", "gpt-5")),
    step=33.5,
    limit=12,
    expected=0.25,
    facts=(("Spent", "$1"),),
    causes=("more requests",),
    last_day=TODAY,
    channel="#a",
)


def test_an_alert_is_kept_as_it_is_with_its_finding(database: Database) -> None:
    one = alert_of(
        RICH,
        acked_at=NOW,
        acked_by="ann",
        snoozed_until=LATER,
        place="p",
        channel="#a",
        worse=2,
        held_at=LATER,
    )
    save(database, one)
    assert AlertBook(database).one(RICH.key) == one
    changed = replace(one, standing=Standing.RESOLVED, step=None, acked_by=None)
    save(database, changed, now=LATER)
    assert AlertBook(database).one(RICH.key) == replace(changed, updated_at=LATER)
    assert AlertBook(database).one("nobody") is None


def test_an_alert_that_is_undone_was_never_told(database: Database) -> None:
    def decide_and_fail() -> None:
        with database.writing() as connection:
            AlertBook(database).save(connection, [alert_of(finding())], NOW)
            raise KeyError

    with pytest.raises(KeyError):
        decide_and_fail()
    assert AlertBook(database).open() == []


def test_open_alerts_are_held_and_others_are_known_by_their_key(database: Database) -> None:
    open_one = alert_of(finding(project("a")))
    over = alert_of(finding(project("b")), standing=Standing.CLOSED)
    save(database, open_one, over)
    book = AlertBook(database)
    with database.writing() as connection:
        assert list(book.held(connection)) == [open_one.key]
        many = [f"no{n}" for n in range(1_200)]
        assert list(book.known(connection, [*many, over.key])) == [over.key]


def test_the_oldest_day_held_back_is_that_of_what_was_never_told(database: Database) -> None:
    book = AlertBook(database)
    assert book.oldest_held_back() is None
    held = [alert_of(finding(day=on(day)), told_at=None) for day in ("11-13", "11-11")]
    closed = alert_of(finding(day=on("11-02")), told_at=None, standing=Standing.CLOSED)
    save(database, alert_of(finding(day=on("11-01"))), *held, closed)
    assert book.oldest_held_back() == on("11-11")


def test_the_newest_alert_comes_first(database: Database) -> None:
    save(database, alert_of(finding(project("old"))), alert_of(finding(project("new")), LATER))
    assert [record.first_at for record in AlertBook(database).open()] == [LATER, NOW]


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
    some = (finding(day=on("11-03")), finding(project(), unit=Unit.MONTH))
    save(database, *(alert_of(one) for one in some))
    with database.reading() as connection:
        assert AlertBook(database).days(connection) == {on("11-03")}
