"""A run may be killed at any line: the next one leaves everything told exactly once.

make sweep T=tests/sweeps K=every_line        all points; a fixed sample runs in the suite
"""

from __future__ import annotations

import copy
import shutil
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import pytest

from tests.cases.test_many_workers import Round
from tests.fakes import FakeSlack
from tests.sweeps.kill import die_at, live, points

SAMPLE = 6
"""Deaths per scene in the ordinary suite, most of them where messages are sent and marked."""


class Scene(NamedTuple):
    """What was told before, and the run that is killed: dollars a day, hours later, command."""

    before: tuple[tuple[str, float, str], ...]
    killed: tuple[str, float, str]


SCENES = {
    "first alerts": Scene((), ("30", 0, "check")),
    "an escalation": Scene((("12", 0, "check"),), ("30", 0, "check")),
    "a resolve": Scene((("30", 0, "check"),), ("5", 24, "check")),
    "a digest with charts": Scene((("30", 0, "check"),), ("30", 0, "digest")),
}


class Stage:
    """A scene as it is before the run, to be gone back to after every death."""

    def __init__(self, folder: Path, slack: FakeSlack, scene: Scene) -> None:
        self.database, self._slack = folder / "bot.db", slack
        self._round = Round(folder, f"sqlite:///{self.database}", slack)
        for usd, hours, command in scene.before:
            live(self._round.order(usd, hours, command))
        usd, hours, command = scene.killed
        self.order = self._round.order(usd, hours, command)
        if not self.database.exists():
            live({**self.order, "command": "check", "bill": {}})
        self._saved = shutil.copy(self.database, folder / "saved.db")
        self._said = copy.deepcopy(slack.messages)

    def back(self) -> None:
        shutil.copy(self._saved, self.database)
        Path(f"{self.database}-journal").unlink(missing_ok=True)
        self._slack.messages[:] = copy.deepcopy(self._said)

    def outcome(self) -> dict[str, Any]:
        """What is in Slack, and what is remembered, as far as a person could tell."""
        with closing(sqlite3.connect(self.database)) as database:
            assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            alerts = database.execute("SELECT key, state, top_step FROM alerts ORDER BY key")
            rows = database.execute("SELECT key, action, state FROM outbox ORDER BY key")
            kept = {"alerts": alerts.fetchall(), "outbox": rows.fetchall()}
        shown = Counter(message.key for message in self._slack.messages)
        return {"messages": shown, **kept}


@pytest.fixture(params=SCENES)
def stage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stage]:
    with FakeSlack() as slack:
        slack.processing_calls = 0
        yield Stage(tmp_path, slack, SCENES[request.param])


def sweep(stage: Stage, sample: int | None) -> tuple[int, int]:
    """Dies at the points, or at a fixed sample of them; how many there are, and were fatal."""
    stage.back()
    found = points(stage.order)
    expected = stage.outcome()
    assert set(expected["messages"].values()) == {1}
    chosen = list(found) if sample is None else _sample(found, sample)
    died = 0
    for point in chosen:
        stage.back()
        died += die_at(point, stage.order)
        live(stage.order)
        live(stage.order)
        assert stage.outcome() == expected, f"killed at line {point} of the run"
    return len(found), died


def _sample(found: dict[int, str], size: int) -> list[int]:
    sending = [number for number, where in found.items() if where == "delivery"]
    return sorted({*Random(7).sample(sending, size - 2), *Random(7).sample(list(found), 2)})


def test_whatever_line_a_run_is_killed_at_everything_is_told_once(stage: Stage) -> None:
    there, died = sweep(stage, SAMPLE)
    assert there > 500
    assert died >= SAMPLE - 1  # a line after the last change may not be reached again


@pytest.mark.sweep
def test_killed_at_every_line_everything_is_told_once(
    stage: Stage, record_property: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    there, died = sweep(stage, None)
    with capsys.disabled():
        print(f"\n{there} points, {died} deaths, 0 lost, 0 repeated")
    record_property("deaths", died)
