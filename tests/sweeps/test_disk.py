"""Whatever the disk refuses, the run says so, the database stays whole, and the next run tells all.

make sweep T=tests/sweeps/test_disk.py        every call of every kind; a slice runs in the suite
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.fakes import FakeSlack
from tests.strace import NO_STRACE, PROGRAM
from tests.sweeps.disk import Failure, run
from tests.sweeps.kill import live
from tests.sweeps.test_kill import SCENES, Stage

pytestmark = pytest.mark.skipif(PROGRAM is None, reason=NO_STRACE)

FAILURES = (
    Failure("pwrite64", "ENOSPC"),
    Failure("pwrite64", "EIO"),
    Failure("fdatasync", "EIO"),
    Failure("openat", "EROFS"),
    Failure("unlink", "EIO"),
)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with FakeSlack() as slack:
        slack.processing_calls = 0
        yield Stage(tmp_path, slack, SCENES["first alerts"])


def expected(stage: Stage) -> dict[str, Any]:
    stage.back()
    live(stage.order)
    return stage.outcome()


def survives(stage: Stage, due: dict[str, Any], failure: Failure, when: str) -> None:
    stage.back()
    ran = run(stage.order, stage.file, failure, when)
    assert ran.code in (0, 3), ran.said
    assert "Traceback" not in ran.said
    if ran.code:
        where, way_out = ran.said.splitlines()
        assert where.startswith(f"sqlite:///{stage.file}")
        assert way_out.startswith("  ")
    with closing(sqlite3.connect(stage.file)) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    live(stage.order)
    live(stage.order)
    assert stage.outcome() == due, (failure, when)


@pytest.mark.parametrize(
    ("failure", "when"), [(FAILURES[0], "12+"), (FAILURES[2], "5"), (FAILURES[3], "9+")]
)
def test_after_a_disk_that_failed_everything_is_told_once(
    stage: Stage, failure: Failure, when: str
) -> None:
    survives(stage, expected(stage), failure, when)


@pytest.mark.sweep
@pytest.mark.parametrize("failure", FAILURES)
def test_whichever_call_the_disk_refuses_everything_is_told_once(
    stage: Stage, failure: Failure
) -> None:
    due = expected(stage)
    stage.back()
    calls = run(stage.order, stage.file, failure, "0").calls
    assert calls
    for n in range(1, calls + 1):
        survives(stage, due, failure, str(n))
        survives(stage, due, failure, f"{n}+")
