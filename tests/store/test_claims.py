"""Turns of a schedule: one worker takes each, whoever dies and whatever the clock says."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from bot.errors import StoreError
from bot.store.claims import DONE, FAILED, RUNNING, SKIPPED, Claims
from bot.store.database import open_lasting
from bot.store.light import Light, open_light
from bot.store.tallies import beat, count, counters, forget, pulses
from tests.build import NOW

LEASE = timedelta(minutes=16)
HOUR = timedelta(hours=1)
DAILY = "digest/daily"


@pytest.fixture
def light(tmp_path: Path) -> Light:
    url = f"sqlite:///{tmp_path}/bot.db"
    open_lasting(url).close()
    return open_light(url)


@pytest.fixture
def claims(light: Light) -> Claims:
    return Claims(light, "here:1")


def take(claims: Claims, slot: str = "2026-11-20", hours: float = 0) -> bool:
    return claims.take(DAILY, slot, NOW + hours * HOUR, LEASE)


def test_a_turn_is_taken_once(claims: Claims, light: Light) -> None:
    assert [take(claims), take(claims), take(Claims(light, "there:2"))] == [True, False, False]
    (turn,) = claims.newest(DAILY)
    assert (turn.slot, turn.state, turn.attempts) == ("2026-11-20", RUNNING, 1)


def test_of_workers_that_come_at_the_same_moment_one_takes_the_turn(light: Light) -> None:
    crew = [Claims(light, f"host:{n}") for n in range(5)]
    with ThreadPoolExecutor(5) as pool:
        for n in range(10):
            won = list(pool.map(lambda claims, slot=f"{n}": take(claims, slot), crew))
            assert sum(won) == 1


def test_a_turn_whose_worker_died_is_taken_over_when_its_lease_is_over(
    claims: Claims, light: Light
) -> None:
    heir = Claims(light, "there:2")
    take(claims)
    assert [take(heir, hours=0.2), take(heir, hours=0.3)] == [False, True]
    claims.finish(DAILY, "2026-11-20", DONE, NOW, "ok")  # the dead one wakes up: not its turn now
    assert [turn.state for turn in heir.newest(DAILY)] == [RUNNING]
    heir.finish(DAILY, "2026-11-20", DONE, NOW, "ok")
    assert take(claims, hours=99) is False


def test_a_failed_turn_waits_and_one_given_back_does_not(claims: Claims) -> None:
    take(claims)
    claims.finish(DAILY, "2026-11-20", FAILED, NOW + HOUR, "crashed")
    assert [take(claims, hours=0.9), take(claims, hours=1)] == [False, True]
    claims.give_back(DAILY, "2026-11-20", NOW)
    (turn,) = claims.newest(DAILY)
    assert (turn.state, turn.attempts, turn.is_free(NOW)) == (FAILED, 1, True)


def test_turns_skipped_in_a_row_are_counted_up_to_the_last_one_served(claims: Claims) -> None:
    take(claims, "2026-11-16")
    assert claims.skip(DAILY, ["2026-11-17", "2026-11-18"], NOW) == 2
    assert claims.skip(DAILY, ["2026-11-18", "2026-11-19"], NOW) == 1
    assert claims.unserved(DAILY, "2026-11-20") == 3
    assert claims.unserved("digest/weekly", "2026-11-20") == 0
    assert [turn.state for turn in claims.newest(DAILY)] == [SKIPPED, SKIPPED]


def test_what_a_clock_that_was_ahead_has_claimed_is_free_again(claims: Claims) -> None:
    claims.skip(DAILY, ["2026-11-21"], NOW + 48 * HOUR)
    assert take(claims, "2026-11-21", hours=24)
    take(claims, "2026-11-23", hours=72)
    assert take(claims, "2026-11-23", hours=0)


def test_old_turns_and_turns_of_a_future_that_is_gone_are_let_go(claims: Claims) -> None:
    for hours in (0, 1, 2):
        claims.take("check", f"{hours}", NOW + hours * HOUR, LEASE)
    claims.forget_from("check", "2")
    claims.forget_old("check", NOW + 72.5 * HOUR)
    assert [turn.slot for turn in claims.newest("check")] == ["1"]


def test_counters_add_up_and_pulses_come_and_go(light: Light) -> None:
    light.change(count("runs/check/ok"), count("runs/check/ok", 2), beat("misread", NOW, "why"))
    light.change(beat("misread", NOW + HOUR, "why not"))
    assert counters(light) == {"runs/check/ok": 3}
    assert pulses(light) == {"misread": ("2026-11-20T10:00:00.000000Z", "why not")}
    light.change(forget("misread"))
    assert pulses(light) == {}


def test_a_transaction_that_fails_changes_nothing(light: Light) -> None:
    with pytest.raises(StoreError, match="no such table: nowhere"):
        light.change(count("a"), ("DELETE FROM nowhere", ()))
    assert counters(light) == {}


def test_a_missing_database_is_told_and_not_made(tmp_path: Path) -> None:
    light = open_light(f"sqlite:///{tmp_path}/none.db")
    with pytest.raises(StoreError, match="there is no database yet at"):
        light.rows("SELECT 1")
    with pytest.raises(StoreError, match="unable to open"):
        light.change(count("a"))
    assert not (tmp_path / "none.db").exists()
