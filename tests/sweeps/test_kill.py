"""A run may be killed at any line: the next one leaves everything told exactly once.

make sweep T=tests/sweeps      every line; a fixed sample runs in the suite
DEATHS=20 make sweep …         fewer of those that are real, each of which takes a second or more
"""

from __future__ import annotations

import copy
import os
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import pytest

from bot.store.database import open_lasting
from tests.cases.test_many_workers import POST, Round
from tests.fakes import FakeSlack, Fault
from tests.files import in_memory
from tests.sweeps.kill import Picture, apart, die_at, live, pictures, points, stand_still_at, work

HISTORY = "/api/conversations.history"
DEATHS = int(os.environ.get("DEATHS", "100"))
"""Real deaths, and runs that stand still, in each scene of a sweep."""


class Scene(NamedTuple):
    """What was told before, the run that is killed, and what the network does to it.

    Runs are dollars a day, hours later, command.
    """

    before: tuple[tuple[str, float, str], ...]
    killed: tuple[str, float, str]
    faults: tuple[Fault, ...] = ()


FIRST = Scene((), ("30", 0, "check"))
ESCALATION = Scene((("12", 0, "check"),), ("30", 0, "check"))
DIGEST = Scene((("30", 0, "check"),), ("30", 0, "digest"))
SCENES = {
    "first alerts": FIRST,
    "an escalation": ESCALATION,
    "a resolve": Scene((("30", 0, "check"),), ("5", 24, "check")),
    "a digest with charts": DIGEST,
}
TROUBLED = {
    "an alert's answer is lost": FIRST._replace(faults=(Fault("drop_after", POST, after=1),)),
    "an alert is lost": FIRST._replace(faults=(Fault("drop_before", POST, after=1),)),
    "a reply's answer is lost": ESCALATION._replace(faults=(Fault("reset", POST, after=1),)),
    "a digest's answer is lost": DIGEST._replace(faults=(Fault("truncate", POST),)),
    "an answer and the look-ups after it are lost": FIRST._replace(
        faults=(Fault("drop_after", POST), Fault("drop_before", HISTORY, times=3))
    ),
}


class Stage:
    """A scene as it is before the run, to be gone back to after every death."""

    def __init__(self, folder: Path, slack: FakeSlack, scene: Scene) -> None:
        self.file, self.slack = folder / "bot.db", slack
        self._faults = scene.faults
        round_ = Round(folder, f"sqlite:///{self.file}?timeout=1", slack)
        for usd, hours, command in scene.before:
            live(round_.order(usd, hours, command))
        usd, hours, command = scene.killed
        self.order = round_.order(usd, hours, command)
        open_lasting(f"sqlite:///{self.file}").close()
        said = copy.deepcopy(slack.messages)
        self._saved = Picture(0, 0, self.file.read_bytes(), None, said)

    def back(self) -> None:
        self._saved.put_back(self.file, self.slack)
        self.slack.faults.clear()
        self.slack.faults.add(*self._faults)

    def outcome(self) -> dict[str, Any]:
        """What is in Slack, and what is remembered, as far as a person could tell."""
        with closing(sqlite3.connect(self.file)) as database:
            assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            alerts = database.execute("SELECT key, state, top_step FROM alerts ORDER BY key")
            rows = database.execute("SELECT key, action, state FROM outbox ORDER BY key")
            kept = {"alerts": alerts.fetchall(), "outbox": rows.fetchall()}
        return {"messages": Counter(message.key for message in self.slack.messages), **kept}

    def undisturbed(self) -> dict[str, Any]:
        """The outcome of the run when nothing happens to it.

        In this process, which then has imported and cached what its children would: they all
        execute the same lines.
        """
        self.back()
        self.slack.faults.clear()
        work(self.order)
        outcome = self.outcome()
        assert set(outcome["messages"].values()) == {1}
        assert {state for _, _, state in outcome["outbox"]} == {"sent"}
        return outcome

    def recovered(self) -> dict[str, Any]:
        """The outcome after two more runs, with the network well again."""
        self.slack.faults.clear()
        live(self.order)
        live(self.order)
        return self.outcome()


@contextmanager
def staged(scene: Scene) -> Iterator[Stage]:
    """The stage, in memory where there is such a place: thousands of deaths wait for no disk."""
    with (
        TemporaryDirectory(dir=in_memory()) as folder,
        FakeSlack() as slack,
    ):
        slack.processing_calls = 0
        yield Stage(Path(folder), slack, scene)


def deaths(stage: Stage, size: int) -> tuple[int, int]:
    """Dies at a fixed sample of points; how many points there are, and how many were fatal."""
    expected = stage.undisturbed()
    stage.back()
    found = points(stage.order)
    died = 0
    for point in _sample(found, size):
        stage.back()
        died += die_at(point, stage.order)
        assert stage.recovered() == expected, f"killed at line {point} of the run"
    return len(found), died


def pauses(stage: Stage, size: int) -> int:
    """Stands still at a fixed sample of points while another run does all; how many it reached."""
    expected = stage.undisturbed()
    stage.back()
    reached = 0
    for point in _sample(points(stage.order), size):
        stage.back()
        # It fails where the one that stands still holds the lock of SQLite's only writer.
        stood, status = stand_still_at(point, stage.order, lambda: apart(lambda: work(stage.order)))
        assert status == 0, f"stood still at line {point} of the run"
        assert stage.recovered() == expected, f"stood still at line {point} of the run"
        reached += stood
    return reached


def all_deaths(stage: Stage) -> tuple[int, int]:
    """Goes on from all that a death can leave; how many lines and different remains there are."""
    expected = stage.undisturbed()
    stage.back()
    remains = pictures(stage.order, stage.file, stage.slack)
    for one in remains:
        one.put_back(stage.file, stage.slack)
        assert stage.recovered() == expected, f"killed at line {one.point} of the run"
    return sum(one.lines for one in remains), len(remains)


def _sample(found: dict[int, str], size: int) -> list[int]:
    """Most of them where messages are sent and marked."""
    sending = [number for number, where in found.items() if where == "delivery"]
    elsewhere = size // 4
    some = Random(7).sample(sending, size - elsewhere) + Random(7).sample(list(found), elsewhere)
    return sorted(set(some))


@pytest.mark.parametrize(("scene", "size"), [("an escalation", 2), ("a digest with charts", 1)])
def test_whatever_line_a_run_is_killed_at_everything_is_told_once(scene: str, size: int) -> None:
    with staged(SCENES[scene]) as stage:
        there, died = deaths(stage, size)
    assert there > 500
    assert died == size


def test_a_picture_is_what_a_death_leaves_and_can_be_gone_on_from() -> None:
    with staged(TROUBLED["an alert's answer is lost"]) as stage:
        expected = stage.undisturbed()
        stage.back()
        remains = pictures(stage.order, stage.file, stage.slack)
        posted = [one for one in remains if len(one.said) == 2]
        assert len(posted) > 3  # the second is there, its answer is not
        one = posted[1]
        stage.back()
        assert die_at(one.point, stage.order)
        dead = stage.outcome()
        one.put_back(stage.file, stage.slack)
        assert dead == stage.outcome(), f"killed at line {one.point} of the run"
        assert stage.recovered() == expected, f"killed at line {one.point} of the run"


def test_a_run_that_stood_still_while_another_did_all_repeats_nothing() -> None:
    with staged(FIRST) as stage:
        assert pauses(stage, 1) == 1


@pytest.mark.sweep
@pytest.mark.parametrize("scene", SCENES | TROUBLED)
def test_killed_at_every_line_everything_is_told_once(
    scene: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with staged((SCENES | TROUBLED)[scene]) as stage:
        lines, remains = all_deaths(stage)
    with capsys.disabled():
        print(f"\n{scene}: {lines} lines, {remains} different remains, 0 lost, 0 repeated")


@pytest.mark.sweep
@pytest.mark.parametrize("scene", SCENES)
def test_killed_for_real_at_many_lines_everything_is_told_once(
    scene: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with staged(SCENES[scene]) as stage:
        there, died = deaths(stage, DEATHS)
    with capsys.disabled():
        print(f"\n{scene}: {died} deaths by SIGKILL at {there} points, 0 lost, 0 repeated")


@pytest.mark.sweep
@pytest.mark.parametrize("scene", SCENES | TROUBLED)
def test_pictures_are_what_deaths_leave(scene: str) -> None:
    with staged((SCENES | TROUBLED)[scene]) as stage:
        stage.undisturbed()
        stage.back()
        remains = pictures(stage.order, stage.file, stage.slack)
        for one in Random(3).sample(remains[1:], 10):
            stage.back()
            assert die_at(one.point, stage.order)
            dead = stage.outcome()
            one.put_back(stage.file, stage.slack)
            assert dead == stage.outcome(), f"killed at line {one.point} of the run"


@pytest.mark.sweep
@pytest.mark.parametrize("scene", SCENES)
def test_runs_that_stood_still_at_many_lines_repeat_nothing(
    scene: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with staged(SCENES[scene]) as stage:
        reached = pauses(stage, DEATHS)
    with capsys.disabled():
        print(f"\n{scene}: {reached} runs stood still by SIGSTOP, 0 lost, 0 repeated")
