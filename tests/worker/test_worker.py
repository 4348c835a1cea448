"""A worker's life in simulated time: absences, clocks that jump, runs that fail, other workers."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from bot.errors import StoreError
from bot.health import verdict
from bot.store.light import Light, Row, Statement
from bot.store.tallies import counters, pulses
from tests.build import at
from tests.worker.simulated import DAILY, Ended, Life, Memory, timetable

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def dates(first: str, last: str) -> list[str]:
    found, end = [], datetime.fromisoformat(last)
    day = datetime.fromisoformat(first)
    while day <= end:
        found.append(day.date().isoformat())
        day += DAY
    return found


def test_a_day_has_its_checks_and_each_digest_that_falls_on_it_once() -> None:
    life = Life()
    life.live(at("2026-06-01 00:00"), at("2026-06-02 00:00"), 10 * MINUTE)  # a Monday, and a first
    assert len(life.checks) == 24
    assert [life.digests(period) for period in ("day", "week", "month")] == [
        {"2026-06-01": 1},
        {"2026-06-01": 1},
        {"2026-06-01": 1},
    ]
    kinds = [arguments[0] for when, arguments in life.runs if when == at("2026-06-01 09:00")]
    assert kinds == ["check", "digest", "digest", "digest"]


def test_a_run_is_told_its_configuration_and_its_turn() -> None:
    life = Life()
    life.tick(at("2026-11-20 09:00"))
    assert [arguments for _, arguments in life.runs] == [
        ("check", "--config", "config.yaml"),
        (
            *("digest", "--config", "config.yaml", "--period", "day"),
            *("--scheduled", "2026-11-20", "--missed", "0"),
        ),
    ]


def test_a_worker_that_cannot_read_an_edit_goes_on_and_is_not_healthy_until_it_can() -> None:
    life = Life()
    life.tick(at("2026-11-20 10:00"))
    life.plan_ends = Ended(code=3, last_words="rules.yaml:1:25: 'cpa' is not a kind of rule")
    life.worker._read = None  # an edit
    for now in (at("2026-11-20 11:00"), at("2026-11-20 11:01")):
        life.tick(now)
    found = verdict(life.light, at("2026-11-20 11:01"), "here")
    assert (found["healthy"], found["why"]) == (
        False,
        "the configuration was not read: rules.yaml:1:25: 'cpa' is not a kind of rule",
    )
    assert len(life.checks) == 2
    life.plan_ends = None
    for now in (at("2026-11-20 11:03"), at("2026-11-20 11:04")):
        life.tick(now)
    assert verdict(life.light, at("2026-11-20 11:04"), "here")["why"] == "nothing was fetched yet"


@pytest.mark.parametrize("days", [0, 1, 5, 30])
def test_after_an_absence_one_digest_says_what_was_missed(days: int) -> None:
    life = absent(days)
    last = (at("2026-11-20 10:00") + days * DAY).date().isoformat()
    assert life.digests() == Counter(["2026-11-20", *([last] if days else [])])
    assert life.missed == [0, *([days - 1] if days else [])]
    assert len(life.checks) == 2
    skipped = counters(life.light)
    assert skipped.get("skipped/digest/daily", 0) == max(0, days - 1)
    assert skipped.get("skipped/check", 0) == days * 24


def absent(days: float) -> Life:
    """Alive on 20 November until 09:10, and again at 10:10 so many days later."""
    life = Life(timetable(digests=[DAILY]))
    life.tick(at("2026-11-20 09:10"))
    life.restart()
    life.tick(at("2026-11-20 10:10") + timedelta(days=days))
    life.tick(at("2026-11-20 10:20") + timedelta(days=days))
    return life


@pytest.mark.sweep
def test_an_absence_of_any_half_hours_up_to_thirty_days_has_one_digest_at_most() -> None:
    for half_hours in range(30 * 48 + 1):
        life = absent(half_hours / 48)
        again = {k: n for k, n in life.digests().items() if k != "2026-11-20"}
        assert sum(again.values()) <= 1
        assert set(life.digests().values()) == {1}
        counted = counters(life.light).get("skipped/digest/daily", 0) + sum(again.values())
        last_turn = at("2026-11-20 01:10") + timedelta(days=half_hours / 48)
        assert counted == (last_turn.date() - at("2026-11-20 00:00").date()).days


def test_digests_too_late_to_catch_up_are_counted_and_told_by_the_next_one() -> None:
    life = Life(timetable(digests=[DAILY], catch_up=HOUR))
    life.tick(at("2026-11-20 09:00"))
    life.restart()
    life.live(at("2026-11-22 12:00"), at("2026-11-23 10:00"), HOUR / 2)
    assert life.digests() == {"2026-11-20": 1, "2026-11-23": 1}
    assert life.missed == [0, 2]
    assert counters(life.light)["skipped/digest/daily"] == 2


@pytest.mark.parametrize("jump", [-2 * DAY, -HOUR, HOUR, 2 * DAY])
def test_a_clock_that_jumps_and_is_set_right_again_repeats_and_loses_no_digest(
    jump: timedelta,
) -> None:
    for hour in range(0, 24, 5):
        assert digests_with_a_jump(jump, hour * HOUR) == dict.fromkeys(
            dates("2026-11-20", "2026-11-26"), 1
        )


def digests_with_a_jump(jump: timedelta, since: timedelta) -> dict[str, int]:
    """A week of digests; from an hour of the third day on the clock is wrong for seven hours."""
    life = Life(timetable(digests=[DAILY]))
    start = at("2026-11-20 00:00")
    for minutes in range(0, 7 * 24 * 60, 20):
        real = start + minutes * MINUTE
        is_wrong = start + 2 * DAY + since <= real < start + 2 * DAY + since + 7 * HOUR
        life.tick(real + jump if is_wrong else real)
    return {k: n for k, n in life.digests().items() if k >= "2026-11-20"}


def test_a_clock_set_back_for_good_does_not_silence_the_checks() -> None:
    life = Life(timetable(digests=[]))
    life.live(at("2026-11-20 00:00"), at("2026-11-22 00:00"), 10 * MINUTE)
    known = len(life.checks)
    life.live(at("2026-11-20 00:10"), at("2026-11-20 06:00"), 10 * MINUTE)
    assert len(life.checks) - known >= 4


def test_a_check_that_fails_is_tried_again_ever_later_until_the_next_has_its_turn() -> None:
    life = Life(timetable(digests=[]), outcome=lambda _: Ended(code=4))
    life.live(at("2026-11-20 09:00"), at("2026-11-20 10:00"), MINUTE)
    assert [when.strftime("%H:%M") for when in life.checks] == ["09:00", "09:05", "09:15", "09:35"]


def test_a_digest_that_crashes_is_tried_five_times_and_one_that_spoke_is_not() -> None:
    crashing = Life(timetable(digests=[DAILY]), outcome=lambda _: Ended(code=70))
    crashing.live(at("2026-11-20 09:00"), at("2026-11-21 08:00"), 5 * MINUTE)
    assert crashing.digests() == {"2026-11-20": 5}
    blind = Life(timetable(digests=[DAILY]), outcome=lambda _: Ended(code=4))
    blind.live(at("2026-11-20 09:00"), at("2026-11-21 08:00"), 5 * MINUTE)
    assert blind.digests() == {"2026-11-20": 1}


def test_how_a_run_ended_badly_is_remembered_until_it_goes_well() -> None:
    life = Life(timetable(digests=[]), outcome=lambda _: Ended(code=-9, last_words="boom"))
    life.tick(at("2026-11-20 09:00"))
    assert pulses(life.light)["crashed/check"][1] == "check ended badly: boom"
    life.outcome = lambda _: Ended()
    life.tick(at("2026-11-20 10:00"))
    assert "crashed/check" not in pulses(life.light)
    assert counters(life.light) == {"runs/check/crashed": 1, "runs/check/ok": 1}


def test_a_run_that_was_stopped_with_its_worker_is_taken_up_at_once_by_the_next() -> None:
    life = Life(timetable(digests=[DAILY]), outcome=lambda _: Ended(code=130))
    life.worker.tick(at("2026-11-20 09:00"))  # the plan
    life.worker.ended(at("2026-11-20 09:00"))
    life.worker.step(at("2026-11-20 09:00"))
    life.worker.ended(at("2026-11-20 09:00"), stopping=True)
    life.worker.leave()
    assert not [name for name in pulses(life.light) if name.startswith(("ticked", "crashed"))]
    life.outcome = lambda _: Ended()
    life.restart()
    life.tick(at("2026-11-20 09:01"))
    assert life.checks == [at("2026-11-20 00:00"), at("2026-11-20 09:01")]


def test_a_worker_that_died_in_a_run_is_stood_in_for_once_its_lease_is_over() -> None:
    memory = Memory()
    dead = Life(timetable(digests=[DAILY]), memory, name="dead:1")
    dead.worker.tick(at("2026-11-20 09:00"))  # the plan
    dead.worker.ended(at("2026-11-20 09:00"))
    dead.worker.step(at("2026-11-20 09:00"))
    assert [a[0] for _, a in dead.runs] == ["check"]
    heir = Life(timetable(digests=[DAILY]), memory, name="heir:2")
    heir.tick(at("2026-11-20 09:10"))
    assert [a[0] for _, a in heir.runs] == ["digest"]
    heir.tick(at("2026-11-20 09:16"))
    assert [a[0] for _, a in heir.runs] == ["digest", "check"]


def test_of_several_workers_on_one_database_one_takes_each_turn() -> None:
    memory = Memory()
    crew = [Life(light=memory, name=f"host{n}:{n}") for n in range(3)]
    now = at("2026-11-20 00:00")
    while now < at("2026-11-22 00:00"):
        for life in crew:
            life.tick(now)
        now += 20 * MINUTE
    assert sum((life.digests() for life in crew), Counter[str]()) == {
        "2026-11-20": 1,
        "2026-11-21": 1,
    }
    assert sum(len(life.checks) for life in crew) == 48


TROUBLE = (
    StoreError("locked"),
    OSError("no process"),
    MemoryError(),
    ValueError("no JSON"),
    KeyError("tick"),
)


class Storm:
    """A database behind which everything may raise, as long as the storm lasts."""

    def __init__(self, light: Light, chance: random.Random) -> None:
        self.rages, self.raised = True, 0
        self._light, self._chance = light, chance

    def rows(self, sql: str, *values: Any) -> list[Row]:
        self.maybe()
        return self._light.rows(sql, *values)

    def change(self, *statements: Statement) -> list[int]:
        self.maybe()
        found = self._light.change(*statements)
        self.maybe()
        return found

    def maybe(self) -> None:
        if self.rages and self._chance.random() < 0.5:
            self.raised += 1
            raise self._chance.choice(
                [
                    StoreError("locked"),
                    OSError("no process"),
                    MemoryError(),
                    ValueError("?"),
                    KeyError(),
                ]
            )


def test_ten_thousand_exceptions_stop_nothing() -> None:
    storm = Storm(Memory(), random.Random(7))
    life = Life(light=storm)

    def outcome(_arguments: Sequence[str]) -> Ended:
        storm.maybe()
        return Ended(code=random.Random(storm.raised).choice([0, 3, 4, 5, 70, -9]))

    life.outcome = outcome
    now = at("2026-01-01 00:00")
    while storm.raised < 10_000:
        life.tick(now)
        now += 10 * MINUTE
    assert set(life.digests().values()) <= {1, 2, 3, 4, 5}
    storm.rages, life.outcome, life.runs = False, lambda _: Ended(), []
    midnight = now.replace(hour=0, minute=0) + 2 * DAY
    life.live(midnight, midnight + DAY, 10 * MINUTE)
    assert len(life.checks) == 24
    assert set(life.digests().values()) == {1}
    assert midnight.date().isoformat() in life.digests()


@pytest.mark.sweep
def test_a_simulated_year_takes_less_than_a_minute_and_no_more_memory() -> None:
    year(Life(), 30)
    begun, before = monotonic(), resident_kb()
    life = Life()
    year(life, 365)
    assert monotonic() - begun < 60
    assert resident_kb() - before < 5 * 1024
    assert life.digests() == dict.fromkeys(dates("2026-01-01", "2026-12-31"), 1)
    assert (len(life.checks), len(life.digests("week")), len(life.digests("month"))) == (
        8760,
        52,
        12,
    )
    (rows,) = life.light.rows("SELECT count(*) FROM claims WHERE schedule = 'check'")[0]
    assert rows <= 4 * 24


def year(life: Life, days: int) -> None:
    start = at("2026-01-01 00:00")
    life.live(start, start + days * DAY, 5 * MINUTE)


def resident_kb() -> int:
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0])
