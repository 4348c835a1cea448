"""The child that stays: `bot listen`, started anew when it ends, ever later if it ends at once."""

from __future__ import annotations

import logging
import signal
from collections.abc import Callable, Sequence

from bot.logs import event, relay
from bot.worker.children import Child, reap

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 300.0
"""Seconds before it is started again, the first time and at most."""
WELL_AFTER = 60.0
"""Seconds after which it counts as well, and the pauses begin anew."""


class Companion:
    """Keeps a program running while it is wanted. Instants are monotonic seconds."""

    def __init__(self, program: Sequence[str], now: Callable[[], float]) -> None:
        self._program = program
        self._now = now
        self._child: Child | None = None
        self._begun = self._start_from = 0.0
        self._pause = FIRST_PAUSE
        self._wanted = self._asked = False

    @property
    def pipes(self) -> list[int]:
        """File descriptors to wait for."""
        return self._child.pipes if self._child else []

    @property
    def patience(self) -> float:
        """Seconds until it has to be tended again."""
        if self._child or not self._wanted:
            return 3600.0
        return max(0.0, self._start_from - self._now())

    def want(self, wanted: bool) -> None:
        """Whether it is to run from now on. What runs already ends, and begins anew."""
        self._wanted = wanted
        self._start_from, self._pause = self._now(), FIRST_PAUSE
        if self._child:
            self._asked = True
            self._child.signal(signal.SIGTERM)

    def tend(self) -> None:
        """Listens to it, and starts it if it is wanted and its pause is over. Never waits."""
        if child := self._child:
            child.listen()
            if reap([child]):
                self._child = None
                self._over(child)
        if self._wanted and not self._child and self._now() >= self._start_from:
            self._start()

    def leave(self) -> None:
        """Asks it to end, for good."""
        self._wanted = False
        if self._child:
            self._child.signal(signal.SIGTERM)
            self._child.signal(signal.SIGCONT)

    def is_gone(self, hurry: bool) -> bool:
        """Whether it has ended; in a hurry it is ended."""
        if self._child and hurry:
            self._child.kill()
        self.tend()
        return self._child is None

    def _start(self) -> None:
        self._begun = self._now()
        try:
            self._child = Child(self._program, float("inf"), relay)
        except OSError as error:
            self._wait(f"could not be started: {error}")

    def _over(self, child: Child) -> None:
        if self._now() - self._begun > WELL_AFTER:
            self._pause = FIRST_PAUSE
        asked, self._asked = self._asked, False
        if self._wanted and not asked:
            words = f": {child.last_words}" if child.code and child.code > 0 else ""
            self._wait(f"ended with exit code {child.code}{words}")

    def _wait(self, why: str) -> None:
        event("bot.worker", logging.WARNING, f"listening to Slack {why}", again_in=self._pause)
        self._start_from = self._now() + self._pause
        self._pause = min(LONGEST_PAUSE, self._pause * 2)
