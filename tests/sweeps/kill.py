"""Die at a line: a run in a forked child that SIGKILLs itself at its n-th executed line of `bot`.

Everything is imported before the fork, so that a death costs a fraction of a second; fake servers
go on in the parent. Lines are counted from when the database is open to the end of the run.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from types import FrameType
from typing import Any

import bot
from bot.config.load import load_configuration
from bot.wiring import real_app
from tests import crew

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


def work(order: Mapping[str, Any], trace: Any = None) -> None:
    """Carry the order out, traced while the database is open."""
    crew.LEASE = 0.05  # nobody else is at work: a message that is `sending` was left behind
    configuration = load_configuration(Path(order["config"]), order["environment"])
    with real_app(configuration, datetime.fromisoformat(order["now"])) as app:
        sys.settrace(trace)
        try:
            crew.work(app, order)
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


def live(order: Mapping[str, Any]) -> None:
    """Carry the order out to its end."""
    status, _ = apart(lambda: work(order))
    assert status == 0
