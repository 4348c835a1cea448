"""What `bot health` says, and how quickly."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from subprocess import DEVNULL

import pytest

from bot.health import verdict
from bot.store.light import Statement
from bot.store.tallies import CRASHED, MISREAD, TICKED, beat
from tests.build import NOW
from tests.worker.simulated import Memory

SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)
FETCHED = beat("fetched", NOW)


def why(*statements: Statement, later: timedelta = timedelta(0), host: str = "here") -> str:
    memory = Memory()
    memory.change(*statements)
    found = verdict(memory, NOW + later, host)
    return f"{'ok' if found['healthy'] else 'red'}: {found['why']}"


def ticked(host: str, *, hours_ago: float = 0, doing: str = "", stopped: bool = False) -> Statement:
    told = json.dumps({"tick": 30, "doing": doing, "stopped": stopped})
    return beat(TICKED + host, NOW - hours_ago * HOUR, told)


MISTAKE = beat(MISREAD, NOW, "config.yaml:3:1: no")
BOOM = beat(CRASHED + "check", NOW, "check ended badly: boom")
GOOD_ONE = "the configuration has mistakes, the last good one is used"


@pytest.mark.parametrize(
    ("statements", "later", "says"),
    [
        ([], 0, "red: nothing was fetched yet"),
        ([FETCHED], 60, "ok: last fetch 1 min ago"),
        ([FETCHED], 27 * 3600, "red: the last whole fetch is 27 hours old"),
        ([FETCHED, beat("failed", NOW, "no key")], 0, "red: no key"),
        ([FETCHED, ticked("here")], 90, "ok: last fetch 2 min ago, last tick 90 s ago"),
        ([FETCHED, ticked("here")], 91, "red: the worker on here has not ticked for 91 seconds"),
        ([FETCHED, ticked("pod")], 91, "red: the worker on pod has not ticked for 91 seconds"),
        (
            [FETCHED, ticked("here", hours_ago=1), ticked("pod")],
            0,
            "red: the worker on here has not ticked for 3600 seconds",
        ),
        ([FETCHED, ticked("old", hours_ago=27)], 0, "ok: last fetch 0 min ago"),
        (
            [FETCHED, ticked("here", doing="check", stopped=True)],
            0,
            "red: the worker's check is stopped and does not move",
        ),
        ([FETCHED, BOOM], 0, "red: check ended badly: boom"),
        ([FETCHED, MISTAKE], 0, f"red: {GOOD_ONE}: config.yaml:3:1: no"),
    ],
)
def test_what_health_says(statements: list[Statement], later: float, says: str) -> None:
    assert why(*statements, later=later * SECOND) == says


def test_health_takes_a_few_times_a_bare_interpreter(tmp_path: Path) -> None:
    """In turns, as often as it takes on a busy machine: the quickest of each counts."""
    (tmp_path / "config.yaml").write_text("slack: {channel: '#a'}\n")
    bare, health = [], []
    for _ in range(20):
        bare.append(seconds(tmp_path, "-c", "pass"))
        health.append(seconds(tmp_path, "-m", "bot", "health"))
        if min(health) < 6 * min(bare):
            return
    raise AssertionError(f"{min(health) / min(bare):.1f} times")


def seconds(home: Path, *arguments: str) -> float:
    begun = time.perf_counter()
    subprocess.run([sys.executable, *arguments], cwd=home, stdout=DEVNULL, check=False)
    return time.perf_counter() - begun
