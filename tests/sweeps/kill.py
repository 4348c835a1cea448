"""Die or stand still at a line: by a signal to a forked child, or by a picture of what it leaves.

A death costs a fraction of a second, as everything is imported before the fork; fake servers go on
in the parent. Pictures cost less: what outlives a process that is killed are its database files, as
the kernel has them, and what Slack took. So one run is stopped at every line of `bot` it executes,
and each state of these not seen before is kept. A run may start again from every one of them, and
deaths at the same lines show that the pictures are true.

Lines are counted from when the database is open to the end of the run.
"""

from __future__ import annotations

import copy
import os
import pickle
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from types import FrameType
from typing import Any

import bot
from bot.config.load import load_configuration
from bot.delivery.errand import WRITING_SECONDS
from bot.wiring import real_app
from tests import crew
from tests.crew import BriskPostman
from tests.fakes import FakeSlack
from tests.fakes.slack_model import Message

BOT = str(Path(bot.__file__).parent)
Place = tuple[str, int]
"""A file and a line of it."""


class Lines:
    """A trace function: calls `at` with the number and place of every line of `bot`."""

    def __init__(self, at: Callable[[int, Place], None]) -> None:
        self._at = at
        self._count = 0

    def __call__(self, frame: FrameType, event: str, _argument: Any) -> Any:
        if not frame.f_code.co_filename.startswith(BOT):
            return None
        if event == "line":
            self._count += 1
            self._at(self._count, (frame.f_code.co_filename, frame.f_lineno))
        return self


LEASE = 0.02
"""Nobody else is at work: a message that is `sending` was left behind."""

STILL = 0.3
"""Seconds that a run stands still: longer than it may write after a claim, `WRITING`."""
WRITING = 0.2


def _nap(seconds: float) -> None:
    """Slack's pace of a message a second is no matter here."""
    time.sleep(min(seconds, LEASE / 4))


def work(order: Mapping[str, Any], trace: Any = None, *, writing: float = WRITING_SECONDS) -> None:
    """Carry the order out, traced while the database is open."""
    configuration = load_configuration(Path(order["config"]), order["environment"])
    with real_app(configuration, datetime.fromisoformat(order["now"])) as app:
        slack = configuration.settings.slack
        postman = BriskPostman(app.database, slack, LEASE, writing, _nap)
        sys.settrace(trace)
        try:
            crew.work(replace(app, postman=postman), order)
        finally:
            sys.settrace(None)


def apart(task: Callable[[], Any]) -> tuple[int, Any]:
    """Wait status and result of a task in a forked child; no result if it died."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:  # never returns into the test
        code = 1
        try:
            os.close(reader)
            with os.fdopen(writer, "wb") as pipe:
                pickle.dump(task(), pipe)
            code = 0
        finally:
            os._exit(code)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        told = pipe.read()
    _, status = os.waitpid(child, 0)
    return status, pickle.loads(told) if told else None  # noqa: S301 - written by our own child


def points(order: Mapping[str, Any]) -> dict[int, str]:
    """Where to die: of each line of the run its first, second and last execution, in order.

    Each point with the folder or module below `bot` that it lies in. Carries the order out once.
    """

    def counted() -> dict[int, str]:
        seen: dict[Place, list[int]] = {}
        work(order, Lines(lambda number, place: seen.setdefault(place, []).append(number)))
        found = {
            number: Path(file).relative_to(BOT).parts[0]
            for (file, _), numbers in seen.items()
            for number in (*numbers[:2], numbers[-1])
        }
        return dict(sorted(found.items()))

    status, found = apart(counted)
    assert status == 0
    return dict(found)


def die_at(point: int, order: Mapping[str, Any]) -> bool:
    """Carry the order out and die at that line; False if the run ended before."""

    def dying(number: int, _place: Place) -> None:
        if number == point:
            os.kill(os.getpid(), signal.SIGKILL)

    status, _ = apart(lambda: work(order, Lines(dying)))
    return os.WIFSIGNALED(status)


def stand_still_at(
    point: int, order: Mapping[str, Any], meanwhile: Callable[[], object]
) -> tuple[bool, int]:
    """Carry the order out, but at that line stand still for as long as something else takes.

    Whether the line was reached, and the exit status of the run, which then goes on.
    """

    def standing(number: int, _place: Place) -> None:
        if number == point:
            sys.settrace(None)
            os.kill(os.getpid(), signal.SIGSTOP)

    child = os.fork()
    if child == 0:  # never returns into the test
        code = 1
        try:
            work(order, Lines(standing), writing=WRITING)
            code = 0
        finally:
            os._exit(code)
    _, status = os.waitpid(child, os.WUNTRACED)
    if not os.WIFSTOPPED(status):
        return False, status
    meanwhile()
    time.sleep(STILL)
    os.kill(child, signal.SIGCONT)
    return True, os.waitpid(child, 0)[1]


@dataclass(frozen=True, slots=True)
class Picture:
    """What a death leaves at line `point`, and at the next ones, `lines` in all."""

    point: int
    lines: int
    database: bytes
    journal: bytes | None
    said: Sequence[Message]

    def put_back(self, file: Path, slack: FakeSlack) -> None:
        """Makes it so again."""
        file.write_bytes(self.database)
        journal = journal_of(file)
        journal.unlink(missing_ok=True)
        if self.journal is not None:
            journal.write_bytes(self.journal)
        slack.messages[:] = copy.deepcopy(self.said)


def journal_of(file: Path) -> Path:
    return Path(f"{file}-journal")


def pictures(order: Mapping[str, Any], file: Path, slack: FakeSlack) -> list[Picture]:
    """All that a death at any line can leave. Carries the order out once, in this process."""
    found: list[Picture] = []
    # One descriptor throughout: closing another would give up SQLite's locks in this process.
    descriptor = os.open(file, os.O_RDONLY)

    def look(number: int, _place: Place) -> None:
        database = os.pread(descriptor, os.fstat(descriptor).st_size, 0)
        journal = journal_of(file).read_bytes() if journal_of(file).exists() else None
        last = found[-1] if found else None
        same = last and (last.database, last.journal) == (database, journal)
        if last and same and last.said == slack.messages:
            found[-1] = replace(last, lines=last.lines + 1)
        else:
            found.append(Picture(number, 1, database, journal, copy.deepcopy(slack.messages)))

    try:
        work(order, Lines(look))
    finally:
        os.close(descriptor)
    return found


def live(order: Mapping[str, Any]) -> None:
    """Carry the order out to its end."""
    status, _ = apart(lambda: work(order))
    assert status == 0
