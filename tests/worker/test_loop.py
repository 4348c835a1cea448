"""The processes: signals, limits, stopped processes, with real ones."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from freezegun import freeze_time

from bot.health import verdict
from bot.store.database import open_lasting
from bot.store.light import LightFile
from bot.worker.loop import GRACE_SECONDS, Ticker
from tests.worker.pretend import GRACE
from tests.worker.simulated import timetable, told_plan

PRETEND = Path(__file__).with_name("pretend.py")


class Place:
    """A folder in which a worker with pretended runs lives."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.database = home / "bot.db"
        open_lasting(f"sqlite:///{self.database}").close()
        self.behave("fine")
        self.plan(seconds=60)
        self.process: subprocess.Popen[str] | None = None

    def behave(self, how: str) -> None:
        (self.home / "behave.txt").write_text(how)

    def plan(self, *, seconds: float) -> None:
        plan = json.loads(told_plan(timetable(digests=[]), tick=1, seconds=seconds))
        plan["store_url"] = f"sqlite:///{self.database}"
        (self.home / "plan.json").write_text(json.dumps(plan))

    def start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(PRETEND), "worker"],
            cwd=self.home,
            stderr=subprocess.PIPE,
            text=True,
        )

    @property
    def pids(self) -> list[int]:
        file = self.home / "pids.txt"
        return [int(line) for line in file.read_text().split()] if file.exists() else []

    @property
    def states(self) -> list[str]:
        """How the checks of this worker ended."""
        rows = LightFile(self.database).rows("SELECT state, detail FROM claims")
        return [f"{state} {detail}".strip() for state, detail in rows]

    def leave(self, *signals: int) -> tuple[int, float, str]:
        """Exit code, seconds it took, and the log."""
        assert self.process
        begun = time.monotonic()
        for number in signals:
            self.process.send_signal(number)
            time.sleep(0.05)
        _, log = self.process.communicate(timeout=10)
        return self.process.returncode, time.monotonic() - begun, log

    def health(self, later: float = 0) -> str:
        """Why it is healthy or not, so many seconds from now, as seen from another host."""
        now = datetime.now(UTC) + timedelta(seconds=later)
        return str(verdict(LightFile(self.database), now, "elsewhere")["why"])


def until(holds: Callable[[], object], seconds: float = 8) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.02)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    found = Place(tmp_path)
    yield found
    for pid in found.pids:
        if is_alive(pid):
            os.kill(pid, signal.SIGKILL)
    if found.process and found.process.poll() is None:
        found.process.kill()
        found.process.communicate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_idle_worker_leaves_within_a_second_and_is_not_missed(
    place: Place, number: signal.Signals
) -> None:
    place.start()
    until(lambda: place.states == ["done ok"])
    code, seconds, log = place.leave(number)
    assert (code, seconds < 1) == (0, True)
    assert "check ended: ok" in log
    assert place.health() == "nothing was fetched yet"


def test_a_run_is_asked_to_stop_and_its_turn_is_free_for_the_next_worker(place: Place) -> None:
    place.behave("hang")
    place.start()
    until(lambda: place.pids)
    code, seconds, _ = place.leave(signal.SIGTERM)
    assert (code, seconds < 2) == (0, True)
    assert not is_alive(place.pids[0])
    assert place.states == ["failed"]
    place.behave("fine")
    place.start()
    until(lambda: place.states == ["done ok"])
    assert len(place.pids) == 2


def test_a_run_that_will_not_stop_gets_its_grace_and_is_ended(place: Place) -> None:
    place.behave("stubborn")
    place.start()
    until(lambda: place.pids)
    time.sleep(0.2)
    code, seconds, _ = place.leave(signal.SIGTERM)
    assert (code, GRACE < seconds < GRACE + 0.9) == (0, True)
    assert GRACE_SECONDS <= 4
    assert (place.home / "asked.txt").exists()
    assert not is_alive(place.pids[0])


def test_a_second_signal_ends_everything_at_once(place: Place) -> None:
    place.behave("stubborn")
    place.start()
    until(lambda: place.pids)
    time.sleep(0.2)
    code, seconds, _ = place.leave(signal.SIGTERM, signal.SIGTERM)
    assert (code, seconds < 1) == (0, True)
    assert not is_alive(place.pids[0])


def test_a_run_that_takes_too_long_is_ended_and_remembered(place: Place) -> None:
    place.behave("hang")
    place.plan(seconds=1)
    place.start()
    until(lambda: place.states == ["failed timeout"])
    place.leave(signal.SIGTERM)
    assert place.health() == "check took longer than worker.run_timeout and was ended"


def test_a_run_that_needs_too_much_memory_fails_alone(place: Place) -> None:
    place.behave("eat")
    place.start()
    until(lambda: place.states == ["failed crashed"])
    _, _, log = place.leave(signal.SIGTERM)
    assert "no more memory" in log
    assert place.health() == "check ended badly: no more memory"


def test_a_stopped_run_and_a_stopped_worker_are_seen_within_three_ticks(place: Place) -> None:
    place.behave("hang")
    place.start()
    until(lambda: place.pids)
    assert place.health() == "nothing was fetched yet"
    os.kill(place.pids[0], signal.SIGSTOP)
    until(lambda: place.health() == "the worker's check is stopped and does not move", 3)
    os.kill(place.pids[0], signal.SIGCONT)
    until(lambda: place.health() == "nothing was fetched yet", 3)
    assert place.process
    place.process.send_signal(signal.SIGSTOP)
    until(lambda: place.health(later=2).endswith("has not ticked for 4 seconds"), 4)
    place.process.send_signal(signal.SIGCONT)
    until(lambda: place.health() == "nothing was fetched yet", 3)


def test_a_worker_without_a_usable_configuration_says_so_and_ends(place: Place) -> None:
    (place.home / "plan.json").unlink()
    place.start()
    assert place.process
    _, log = place.process.communicate(timeout=10)
    assert place.process.returncode == 1
    assert "plan.json" in log


def test_a_clock_that_is_set_back_does_not_silence_the_ticker() -> None:
    ticks: list[int] = []
    with freeze_time("2026-11-20 09:00:00") as clock:
        ticker = Ticker(30, lambda: ticks.append(1))
        assert ticker.run_due() == 30
        clock.tick(30)
        ticker.run_due()
        assert len(ticks) == 1
        clock.move_to("2026-11-18 09:00:00")
        assert ticker.run_due() == 30
        clock.tick(30)
        ticker.run_due()
        assert len(ticks) == 2
