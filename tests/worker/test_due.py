"""What is due by the clock on the wall, in every zone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo, available_timezones

import pytest

from bot.worker.due import (
    DigestTime,
    Due,
    Slot,
    TooLate,
    checks_missed,
    due_check,
    due_digest,
    instant,
    jitter,
    latest,
    next_turns,
)
from tests.build import at
from tests.worker.simulated import DAILY, MONTHLY, WEEKLY, timetable

HALF_HOURS = [time(n // 2, 30 * (n % 2)) for n in range(48)]
HALF_AN_HOUR = timedelta(minutes=30)


@pytest.mark.parametrize(
    ("day", "clock", "utc"),
    [
        ("2026-03-28", "02:30", "2026-03-28 01:30"),
        ("2026-03-29", "02:30", "2026-03-29 01:30"),  # there is none: half past three, once
        ("2026-10-25", "02:30", "2026-10-25 00:30"),  # there are two: the first
        ("2026-10-26", "02:30", "2026-10-26 01:30"),
    ],
)
def test_a_local_time_has_one_instant_also_where_the_clock_jumps(
    day: str, clock: str, utc: str
) -> None:
    berlin = ZoneInfo("Europe/Berlin")
    assert instant(date.fromisoformat(day), time.fromisoformat(clock), berlin) == at(utc)


@pytest.mark.parametrize(
    ("digest", "now", "turn"),
    [
        (DAILY, "2026-11-20 08:59", "2026-11-19"),
        (DAILY, "2026-11-20 09:00", "2026-11-20"),
        (WEEKLY, "2026-11-20 12:00", "2026-11-16"),
        (MONTHLY, "2026-11-20 12:00", "2026-11-01"),
        (MONTHLY, "2026-11-01 08:59", "2026-10-01"),
    ],
)
def test_the_latest_turn_is_the_last_one_whose_instant_has_come(
    digest: DigestTime, now: str, turn: str
) -> None:
    slot = latest(digest, ZoneInfo("UTC"), at(now))
    assert slot
    assert (slot.schedule, slot.name) == (f"digest/{digest.name}", turn)


def test_a_time_that_lands_on_the_next_date_belongs_to_the_date_it_was_scheduled_for() -> None:
    nuuk = ZoneInfo("America/Nuuk")  # 28 March 2026, 23:00 becomes 00:00 of the 29th
    late = DigestTime("daily", time(23, 30))
    slot = latest(late, nuuk, at("2026-03-29 01:30"))
    assert slot == Slot("digest/daily", "2026-03-28", at("2026-03-29 01:30"))
    assert slot.at.astimezone(nuuk).date() == date(2026, 3, 29)


def test_days_of_absence_make_one_digest_for_the_latest_date() -> None:
    due = due_digest(DAILY, timetable(), at("2026-11-20 10:00"), "2026-11-14")
    assert isinstance(due, Due)
    assert due.slot.name == "2026-11-20"
    assert [slot.name for slot in due.missed] == [f"2026-11-{n}" for n in range(15, 20)]


def test_a_digest_later_than_the_time_to_catch_up_is_not_made() -> None:
    strict = timetable(catch_up=timedelta(hours=1))
    due = due_digest(DAILY, strict, at("2026-11-20 10:01"), "2026-11-18")
    assert isinstance(due, TooLate)
    assert [slot.name for slot in due.missed] == ["2026-11-19", "2026-11-20"]
    assert isinstance(due_digest(DAILY, strict, at("2026-11-20 10:00"), "2026-11-19"), Due)


@pytest.mark.parametrize(
    ("now", "is_due"), [("2026-11-20 08:00", False), ("2026-11-20 15:00", True)]
)
def test_a_new_bot_begins_with_todays_digest_and_has_missed_nothing(now: str, is_due: bool) -> None:
    due = due_digest(DAILY, timetable(), at(now), None)
    assert (due == Due(Slot("digest/daily", "2026-11-20", at("2026-11-20 09:00")))) == is_due
    assert is_due or due is None


def test_checks_have_their_turn_by_the_interval_and_the_jitter() -> None:
    table = timetable(check_every=timedelta(hours=4))
    assert due_check(table, at("2026-11-20 11:59")).name == "2026-11-20T08:00:00Z"
    assert due_check(table, at("2026-11-20 12:00")).name == "2026-11-20T12:00:00Z"
    slot = due_check(table, at("2026-11-20 12:00"))
    assert checks_missed(slot, "2026-11-20T08:00:00Z", table.check_every) == 0
    assert checks_missed(slot, "2026-11-19T08:00:00Z", table.check_every) == 6
    assert checks_missed(slot, None, table.check_every) == 0


def test_the_jitter_is_the_same_for_the_same_bot_and_small() -> None:
    hour = timedelta(hours=1)
    found = {jitter(f"sqlite:///{n}.db", hour) for n in range(200)}
    assert jitter("a", hour) == jitter("a", hour)
    assert len(found) > 100
    assert timedelta(0) <= min(found) <= max(found) < timedelta(minutes=5)
    assert jitter("a", timedelta(minutes=1)) < timedelta(seconds=6)


def test_the_next_turns_come_soonest_first() -> None:
    assert [(s.schedule, s.name) for s in next_turns(timetable(), at("2026-11-20 09:00"))] == [
        ("check", "2026-11-20T10:00:00Z"),
        ("digest/daily", "2026-11-21"),
        ("digest/weekly", "2026-11-23"),
        ("digest/monthly", "2026-12-01"),
    ]


class Transition(NamedTuple):
    """A change of the clocks, and one zone that has it."""

    zone: str
    at: datetime


def transitions(years: range) -> list[Transition]:
    """Every change of the clocks in these years, once for all zones that share it."""
    found: dict[tuple[datetime, timedelta, timedelta], str] = {}
    start, end = datetime(years[0], 1, 1, tzinfo=UTC), datetime(years[-1] + 1, 1, 1, tzinfo=UTC)
    for name in sorted(available_timezones()):
        zone = ZoneInfo(name)
        day, before = start, start.astimezone(zone).utcoffset()
        while day < end:
            after = (day + timedelta(days=1)).astimezone(zone).utcoffset()
            assert before is not None
            assert after is not None
            if after != before:
                found.setdefault((_moment(day, zone), before, after), name)
            day, before = day + timedelta(days=1), after
    return sorted(Transition(zone, moment) for (moment, _, _), zone in found.items())


def _moment(day: datetime, zone: ZoneInfo) -> datetime:
    """To half an hour, in the 24 hours after `day`."""
    before = day.astimezone(zone).utcoffset()
    while (day + HALF_AN_HOUR).astimezone(zone).utcoffset() == before:
        day += HALF_AN_HOUR
    return day


def digests_around(moment: datetime, zone: str, clock: time) -> Iterator[tuple[str, int]]:
    """How often each local date around a change had its digest, by a tick every half hour."""
    table = timetable(zone, [DigestTime("daily", clock)])
    now, end = moment - timedelta(hours=30), moment + timedelta(hours=30)
    digest = table.digests[0]
    known = latest(digest, table.zone, now)
    assert known
    last, ran = known.name, Counter[str]()
    while now < end:
        due = due_digest(digest, table, now, last)
        if isinstance(due, Due):
            assert due.missed == ()
            ran[due.slot.name] += 1
            last = due.slot.name
        now += HALF_AN_HOUR
    now -= HALF_AN_HOUR  # the last tick
    day = date.fromisoformat(known.name) + timedelta(days=1)
    while instant(day, clock, table.zone) <= now:
        yield day.isoformat(), ran.pop(day.isoformat(), 0)
        day += timedelta(days=1)
    assert not ran


def wrong(some: list[Transition], clocks: list[time]) -> list[tuple[Transition, time, str, int]]:
    """Cases in which a local date did not have its one digest."""
    return [
        (transition, clock, day, number)
        for transition in some
        for clock in clocks
        for day, number in digests_around(transition.at, transition.zone, clock)
        if number != 1
    ]


def test_every_local_date_has_one_digest_whatever_the_clocks_do() -> None:
    some = [
        Transition("Europe/Berlin", at("2026-03-29 00:30")),
        Transition("Europe/Berlin", at("2026-10-25 00:30")),
        Transition("America/Nuuk", at("2026-03-29 00:30")),
        Transition("Australia/Lord_Howe", at("2026-04-04 14:30")),
    ]
    assert wrong(some, HALF_HOURS[::3]) == []


@pytest.mark.sweep
def test_every_zone_rule_and_change_of_the_clocks_from_2024_to_2030() -> None:
    every = transitions(range(2024, 2031))
    assert len(every) > 150
    assert wrong(every, HALF_HOURS) == []
