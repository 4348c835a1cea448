"""The child that stays."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bot.worker.companion import FIRST_PAUSE, LONGEST_PAUSE, WELL_AFTER, Companion


class Clock:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


class Beside:
    """A companion that notes each start, and does what it is told."""

    def __init__(self, home: Path) -> None:
        self.clock = Clock()
        self._starts = home / "starts.txt"
        self._code = home / "code.py"
        self.companion = Companion(
            (sys.executable, "-S", "-c", f"exec(open({str(self._code)!r}).read())"), self.clock
        )

    def does(self, what: str) -> None:
        self._code.write_text(f"import time\nopen({str(self._starts)!r}, 'a').write('x')\n{what}\n")

    @property
    def starts(self) -> int:
        return len(self._starts.read_text()) if self._starts.exists() else 0

    def tend_until(self, holds: Callable[[], object]) -> None:
        end = time.monotonic() + 5
        while not holds():
            assert time.monotonic() < end, "it did not come about"
            self.companion.tend()
            time.sleep(0.01)


@pytest.fixture
def beside(tmp_path: Path) -> Iterator[Beside]:
    made = Beside(tmp_path)
    yield made
    made.companion.leave()
    made.tend_until(lambda: made.companion.is_gone(hurry=True))


def test_it_runs_only_while_it_is_wanted(beside: Beside) -> None:
    beside.does("time.sleep(60)")
    beside.companion.tend()
    assert not beside.companion.pipes
    beside.companion.want(True)
    beside.tend_until(lambda: beside.starts == 1)
    beside.companion.want(False)
    beside.tend_until(lambda: not beside.companion.pipes)
    beside.companion.tend()
    assert beside.starts == 1


def test_it_begins_anew_when_the_configuration_has_changed(beside: Beside) -> None:
    beside.does("time.sleep(60)")
    beside.companion.want(True)
    beside.tend_until(lambda: beside.starts == 1)
    beside.companion.want(True)
    beside.clock.seconds += FIRST_PAUSE
    beside.tend_until(lambda: beside.starts == 2)


def test_one_that_ends_at_once_is_started_again_ever_later(beside: Beside) -> None:
    beside.does("raise SystemExit(5)")
    beside.companion.want(True)
    pauses = []
    for number in range(1, 4):
        beside.tend_until(lambda number=number: beside.starts == number)  # type: ignore[misc]
        beside.tend_until(lambda: not beside.companion.pipes)
        pauses.append(beside.companion.patience)
        beside.clock.seconds += beside.companion.patience
    assert pauses == [1, 2, 4]
    assert LONGEST_PAUSE == 300


def test_one_that_was_well_for_a_while_is_started_again_soon(beside: Beside) -> None:
    beside.does("raise SystemExit(5)")
    beside.companion.want(True)
    for number in (1, 2):
        beside.tend_until(lambda number=number: beside.starts == number)  # type: ignore[misc]
        beside.clock.seconds += WELL_AFTER + 1
        beside.tend_until(lambda: not beside.companion.pipes)
        assert beside.companion.patience == FIRST_PAUSE
        beside.clock.seconds += FIRST_PAUSE
