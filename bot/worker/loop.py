"""The process `bot run`: it ticks, hears signals, looks after its child, and leaves when asked.

SIGTERM, SIGINT and SIGHUP mean "leave": idle at once; in a run, the run is asked to stop and gets
4 seconds. What it had half done the next run completes (`bot.store.outbox`). A second signal ends
everything at once. A pipe that signals write to wakes the wait: `Event.set` in a handler could
meet the lock of the very `Event.wait` it interrupts.
"""

from __future__ import annotations

import contextlib
import logging
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import schedule

from bot.logs import event, relay, write_logs
from bot.store.light import open_light
from bot.worker.children import Child, reap
from bot.worker.companion import Companion
from bot.worker.plan import Limits
from bot.worker.server import Listener
from bot.worker.worker import Worker

FIRST_TICK_SECONDS = 30.0
GRACE_SECONDS = 4.0
"""What a run gets to stop by itself when the worker leaves."""
TERM_TO_KILL_SECONDS = 1.0
"""And when its own time is over."""
PROGRAM = (sys.executable, "-m", "bot", "errand")
LISTEN = (sys.executable, "-m", "bot", "listen", "--child", "--log-format", "json", "--config")
_LEAVE = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class Bell:
    """Signals, heard without interrupting anything; `leave` counts those that ask to leave."""

    def __init__(self) -> None:
        self.leave = 0
        self._rings, self._hears = os.pipe()
        for end in (self._rings, self._hears):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(self._hears, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda _signal, _frame: None)
        for number in _LEAVE:
            if signal.getsignal(number) is not signal.SIG_IGN:  # nohup
                signal.signal(number, self._asked)

    def wait(self, seconds: float, pipes: Sequence[int] = ()) -> None:
        """Until a signal comes, one of the pipes has something to read, or the time is over."""
        select.select([self._rings, *pipes], [], [], max(0.0, seconds))
        with contextlib.suppress(BlockingIOError):
            os.read(self._rings, 4096)

    def _asked(self, _signal: int, _frame: object) -> None:
        self.leave += 1


class Ticker:
    """The library `schedule`, as a mere ticker: it knows nothing but "every so many seconds".

    It goes by the wall clock, so a clock that is set back would silence it (schedule issue 323):
    a wait longer than one tick begins anew.
    """

    def __init__(self, seconds: float, action: Callable[[], None]) -> None:
        self._action = action
        self._scheduler = schedule.Scheduler()
        self.every(seconds)

    def every(self, seconds: float) -> None:
        """Ticks at this distance from now on."""
        self._seconds = seconds
        self._scheduler.clear()
        self._scheduler.every(max(1, round(seconds))).seconds.do(self._action)

    def run_due(self) -> float:
        """Ticks if it is time. Returns the seconds to the next tick."""
        self._scheduler.run_pending()
        left = self._scheduler.idle_seconds
        if left is None or left > self._seconds + 1:
            self.every(self._seconds)
            left = self._seconds
        return max(0.0, left)


class Loop:
    """The parent process. `program` is what a child runs, given its errand; `grace` the seconds
    a run has to stop by itself."""

    def __init__(
        self, config: Path, program: Sequence[str] = PROGRAM, grace: float = GRACE_SECONDS
    ) -> None:
        self._grace = grace
        self._program = program
        self._bell = Bell()
        self._child: Child | None = None
        name = f"{socket.gethostname().partition('.')[0][:32]}:{os.getpid()}"
        self._worker = Worker(name, str(config), self._start, open_light)
        self._ticker = Ticker(FIRST_TICK_SECONDS, self._tick)
        self._listener = Listener()
        self._companion = Companion((*LISTEN, str(config)), time.monotonic)

    def run(self) -> int:
        """Until somebody asks to leave: exit code 0. Another code if it cannot even begin."""
        self._tick()
        while not self._bell.leave:
            self._attend()
            self._companion.tend()
            if self._worker.refused is not None:
                return _exit_code(self._worker.refused)
            patience = min(self._patience(), self._companion.patience)
            self._bell.wait(min(self._ticker.run_due(), patience), self._pipes())
        return self._left()

    def _tick(self) -> None:
        self._worker.tick(_now())

    def _start(self, arguments: Sequence[str], limits: Limits) -> Child:
        deadline = time.monotonic() + limits.seconds
        memory = ("--memory-mb", str(limits.memory_mb))
        self._child = Child([*self._program, *arguments, *memory], deadline, relay)
        return self._child

    def _attend(self) -> None:
        """Listens to the child, ends it when its time is over, and goes on when it has ended."""
        while child := self._child:
            child.listen()
            if not reap([child]):
                self._hurry(child)
                return
            self._over()
        reap([])

    def _over(self, stopping: bool = False) -> None:
        self._child = None
        before = self._worker.plan
        self._worker.ended(_now(), stopping)
        plan = self._worker.plan
        if plan and plan != before:
            self._ticker.every(plan.tick)
            self._listener.listen(plan)
            self._companion.want(plan.interactive)
            self._tick()  # the first sign of life
        elif not stopping:
            self._worker.step(_now())

    def _hurry(self, child: Child) -> None:
        late = time.monotonic() - child.deadline
        if late >= TERM_TO_KILL_SECONDS:
            child.kill()
        elif late >= 0 and not child.overdue:
            child.overdue = True
            child.signal(signal.SIGTERM)

    def _patience(self) -> float:
        """Seconds until the child has to be hurried; much, if there is none."""
        if self._child is None:
            return 3600.0
        left = self._child.deadline - time.monotonic()
        return left if left > 0 else TERM_TO_KILL_SECONDS / 4

    def _pipes(self) -> list[int]:
        return [*(self._child.pipes if self._child else []), *self._companion.pipes]

    def _left(self) -> int:
        child, until = self._child, time.monotonic() + self._grace
        event("bot.worker", logging.INFO, "leaving", running=bool(child))
        self._companion.leave()
        if child:
            child.signal(signal.SIGTERM)
            child.signal(signal.SIGCONT)  # a stopped process would not hear it
            while not reap([child]):
                if self._bell.leave > 1 or time.monotonic() >= until:
                    child.kill()
                self._bell.wait(0.05, self._pipes())
                child.listen()
            self._over(stopping=True)
        while not self._companion.is_gone(self._bell.leave > 1 or time.monotonic() >= until):
            self._bell.wait(0.05, self._pipes())
        self._worker.leave()
        self._listener.close()
        return 0


def run_worker(config: Path, log_format: str) -> int:
    """Works until told to leave. Exit code 0, or 3 if there never was a usable configuration."""
    write_logs(log_format)
    event("bot.worker", logging.INFO, "the worker begins", config=str(config), process=os.getpid())
    return Loop(config).run()


def _now() -> datetime:
    return datetime.now(UTC)


def _exit_code(code: int) -> int:
    return code if code > 0 else 70
