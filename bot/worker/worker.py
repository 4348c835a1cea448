"""The worker between two ticks: what it runs, how that ended, and the sign of life it leaves.

Whatever raises is logged and counted, and the next tick goes on. One run at a time: alerts first.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from bot.errors import StoreError
from bot.logs import event
from bot.store import tallies
from bot.store.claims import DONE, FAILED, Claims
from bot.store.light import Light
from bot.worker.plan import Limits, Plan, Signature, read_plan, signature
from bot.worker.turns import Job, Turns

PLAN = "plan"
_ASK_AGAIN = timedelta(minutes=1)
_RESULTS = {0: "ok", 1: "ok", 3: "configuration", 4: "source", 5: "delivery"}
_GOOD_ENOUGH = {"check": {"ok"}, "digest": {"ok", "source"}}  # a digest says what it did not see
_PLAN_LIMITS = Limits(seconds=120, memory_mb=1024)


class Run(Protocol):
    """A child process, as far as the worker knows it."""

    @property
    def is_stopped(self) -> bool: ...
    @property
    def overdue(self) -> bool: ...
    @property
    def code(self) -> int | None: ...
    @property
    def last_words(self) -> str: ...
    @property
    def output(self) -> bytes: ...


Start = Callable[[Sequence[str], Limits], Run]
"""Starts a child on an errand, `check --config …`. May raise OSError."""


class Worker:
    """One worker. `name` (`host:process`) tells it from others that share the database."""

    def __init__(
        self, name: str, config: str, start: Start, opened: Callable[[str], Light]
    ) -> None:
        self.plan: Plan | None = None
        self.job: Job | None = None
        self.run: Run | None = None
        self.refused: int | None = None
        self._name = name
        self._config = config
        self._start = start
        self._opened = opened
        self._read: Signature | None = None
        self._ask_from: datetime | None = None
        self._complaint = ""
        self._unread = ""

    def tick(self, now: datetime) -> None:
        """Starts what is due, if nothing runs, and leaves a sign of life."""
        self._guarded("the tick failed", lambda: self._step(now))
        self._guarded("no sign of life could be left", lambda: self._beat(now))

    def step(self, now: datetime) -> None:
        """Starts what is due, if nothing runs."""
        self._guarded("the tick failed", lambda: self._step(now))

    def ended(self, now: datetime, stopping: bool = False) -> None:
        """The run has ended: notes how."""
        job, run = self.job, self.run
        self.job = self.run = None
        if job and run:
            self._guarded("a run's end was not noted", lambda: self._noted(job, run, now, stopping))

    def leave(self) -> None:
        """A worker that leaves in peace is not missed."""
        if self.plan:
            gone = tallies.forget(self._pulse)
            self._guarded("no farewell could be left", lambda: self._light.change(gone))

    # -- what is due

    def _step(self, now: datetime) -> None:
        if self.run is not None:
            return
        if self._must_ask(now):
            self._begin(Job(PLAN, "", (PLAN, "--config", self._config)), _PLAN_LIMITS)
        elif self.plan:
            claims = Claims(self._light, self._name)
            found = Turns(self.plan, claims, self._config).take_next(now)
            self._count_skipped(found.skipped)
            if found.job:
                self._launch(self.plan, found.job, now)

    def _must_ask(self, now: datetime) -> bool:
        if self._ask_from and timedelta(0) < self._ask_from - now <= _ASK_AGAIN:
            return False
        return self.plan is None or self._read != signature(self.plan.files)

    def _count_skipped(self, skipped: Mapping[str, int]) -> None:
        for schedule, number in skipped.items():
            self._light.change(tallies.count(f"skipped/{schedule}", number))
            event("bot.worker", logging.WARNING, f"{number} × {schedule} was missed", missed=number)

    # -- runs

    def _launch(self, plan: Plan, job: Job, now: datetime) -> None:
        try:
            self._begin(job, plan.limits)
        except Exception as error:
            self._finish(job, "crashed", now, f"it could not be started: {error}")
            raise

    def _begin(self, job: Job, limits: Limits) -> None:
        if job.name != PLAN:
            event("bot.worker", logging.INFO, f"{job.name} begins", turn=job.slot)
        self.run = self._start(job.arguments, limits)
        self.job = job

    def _noted(self, job: Job, run: Run, now: datetime, stopping: bool) -> None:
        if job.name == PLAN:
            self._planned(run, now)
            return
        result = "stopped" if stopping and run.code else _result(run)
        level = logging.INFO if result in ("ok", "stopped") else logging.WARNING
        told = f"{job.name} ended: {result}"
        event("bot.worker", level, told, turn=job.slot, exit=run.code, attempt=job.attempt)
        self._finish(job, result, now, run.last_words)

    def _planned(self, run: Run, now: datetime) -> None:
        if run.code == 0:
            self.plan = read_plan(run.output.decode())
            self._read, self._ask_from, self._unread = self.plan.read, None, ""
            return
        self._ask_from = now + _ASK_AGAIN
        if self.plan is None:
            self.refused = run.code
        else:
            self._unread = f"the configuration was not read: {run.last_words}"
            event("bot.worker", logging.ERROR, self._unread)

    def _finish(self, job: Job, result: str, now: datetime, words: str) -> None:
        claims = Claims(self._light, self._name)
        kind = job.name.partition("/")[0]
        if result in _GOOD_ENOUGH[kind]:
            claims.finish(job.name, job.slot, DONE, now, result)
        elif result == "stopped":
            claims.give_back(job.name, job.slot, now)
        else:
            claims.finish(job.name, job.slot, FAILED, now + _patience(job.attempt), result)
        badly = result in ("configuration", "crashed", "timeout")
        note = f"{job.name} {_sentence(result)}{f': {words}' if words else ''}"
        pulse = tallies.CRASHED + job.name
        self._light.change(
            tallies.count(f"runs/{job.name}/{result}"),
            tallies.beat(pulse, now, note) if badly else tallies.forget(pulse),
            *([tallies.beat(f"ran/{job.name}", now, job.slot)] if result == "ok" else []),
        )

    # -- signs of life

    def _beat(self, now: datetime) -> None:
        if self.plan is None:
            return
        told = {
            "tick": self.plan.tick,
            "doing": self.job.name if self.job else "",
            "stopped": bool(self.run and self.run.is_stopped),
            "unread": self._unread,
        }
        self._light.change(tallies.beat(self._pulse, now, json.dumps(told)))

    @property
    def _pulse(self) -> str:
        return tallies.TICKED + self._name.rpartition(":")[0]

    @property
    def _light(self) -> Light:
        assert self.plan is not None  # noqa: S101 - nothing is asked of it before
        return self._opened(self.plan.store_url)

    def _guarded(self, what: str, action: Callable[[], object]) -> None:
        """The boundary of the loop: nothing that raises ends it. The same is said once."""
        try:
            action()
        except Exception as error:  # noqa: BLE001 - whatever it is, the next tick comes
            if isinstance(error, StoreError):
                self._read = None  # the database may have to be made again
            words = f"{what}: {type(error).__name__}: {error}"
            if words != self._complaint:
                event("bot.worker", logging.ERROR, words)
            self._complaint = words
        else:
            self._complaint = ""


def _result(run: Run) -> str:
    if run.overdue:
        return "timeout"
    return _RESULTS.get(run.code or 0, "crashed")


def _patience(attempt: int) -> timedelta:
    """How long a failed turn waits: 5 minutes, then twice as long each time, up to an hour."""
    return min(timedelta(hours=1), timedelta(minutes=5 * 2 ** (attempt - 1)))


def _sentence(result: str) -> str:
    return {
        "configuration": "could not use its configuration",
        "timeout": "took longer than worker.run_timeout and was ended",
    }.get(result, "ended badly")
