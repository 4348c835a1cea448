"""Which turn this worker takes next: what is due, by the claims of all workers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from bot.store.claims import Claims, Turn
from bot.worker.due import (
    CHECK,
    DigestTime,
    Due,
    Slot,
    TooLate,
    checks_missed,
    due_check,
    due_digest,
    latest,
)
from bot.worker.plan import Plan

MOST_ATTEMPTS = 5
"""Runs of one turn, before the next turn has to do."""
_PERIODS = {"daily": "day", "weekly": "week", "monthly": "month"}


@dataclass(frozen=True, slots=True)
class Job:
    """What a run is for: `check`, `digest/daily` …, or `plan`; `attempt` counts from 1."""

    name: str
    slot: str
    arguments: tuple[str, ...]
    attempt: int = 1


@dataclass(frozen=True, slots=True)
class Found:
    """The job whose turn was taken, if one was due; and how many turns were skipped, each."""

    job: Job | None = None
    skipped: Mapping[str, int] = field(default_factory=dict)


class Turns:
    """The turns of one plan, for one worker."""

    def __init__(self, plan: Plan, claims: Claims, config: str) -> None:
        self._plan = plan
        self._claims = claims
        self._config = config

    def take_next(self, now: datetime) -> Found:
        """Takes the next turn that is due, a check before digests."""
        skipped: dict[str, int] = {}
        job = None
        for found in self._due(now):
            skipped.update(found.skipped)
            if job := found.job:
                break
        return Found(job, {schedule: n for schedule, n in skipped.items() if n})

    def _due(self, now: datetime) -> Iterator[Found]:
        yield self._check(now)
        for digest in self._plan.timetable.digests:
            yield self._digest(digest, now)

    def _check(self, now: datetime) -> Found:
        slot = due_check(self._plan.timetable, now)
        turns = self._known_checks(slot, now)
        mine = _of_slot(turns, slot)
        if mine and not _may_run(mine, now):
            return Found()
        last = next((turn.slot for turn in turns if turn is not mine), None)
        missed = 0 if mine else checks_missed(slot, last, self._plan.timetable.check_every)
        lease = self._plan.lease
        if not self._claims.take(CHECK, slot.name, now, lease, missed=missed):
            return Found()
        self._claims.forget_old(CHECK, now)
        arguments = ("check", "--config", self._config)
        return Found(Job(CHECK, slot.name, arguments, _attempt(mine)), {CHECK: missed})

    def _known_checks(self, slot: Slot, now: datetime) -> Sequence[Turn]:
        """The newest checks. Those of a future that a clock ahead has claimed come again: better
        one too many than none until that future is there."""
        turns = self._claims.newest(CHECK)
        if not turns or not turns[0].is_ahead(now):
            return turns
        self._claims.forget_from(CHECK, slot.name)
        return self._claims.newest(CHECK, slot.name)

    def _digest(self, digest: DigestTime, now: datetime) -> Found:
        slot = latest(digest, self._plan.timetable.zone, now)
        if slot is None:
            return Found()
        turns = self._claims.newest(digest.schedule, slot.name)
        mine = _of_slot(turns, slot)
        if mine and not _may_run(mine, now):
            return Found()
        last = next((turn.slot for turn in turns if turn is not mine), None)
        due = due_digest(digest, self._plan.timetable, now, last)
        if due is None or (mine and isinstance(due, TooLate)):
            return Found()
        return self._taken(digest, due, now, _attempt(mine))

    def _taken(self, digest: DigestTime, due: Due | TooLate, now: datetime, attempt: int) -> Found:
        missed = [slot.name for slot in due.missed]
        skipped = {digest.schedule: self._claims.skip(digest.schedule, missed, now)}
        if isinstance(due, TooLate):
            return Found(None, skipped)
        turn = due.slot.name
        unserved = self._claims.unserved(digest.schedule, turn)
        lease = self._plan.lease
        if not self._claims.take(digest.schedule, turn, now, lease, missed=unserved):
            return Found(None, skipped)
        arguments = (
            *("digest", "--config", self._config, "--period", _PERIODS[digest.name]),
            *("--scheduled", turn, "--missed", str(unserved)),
        )
        return Found(Job(digest.schedule, turn, arguments, attempt), skipped)


def _of_slot(turns: Sequence[Turn], slot: Slot) -> Turn | None:
    return turns[0] if turns and turns[0].slot == slot.name else None


def _may_run(turn: Turn, now: datetime) -> bool:
    return turn.is_free(now) and turn.attempts < MOST_ATTEMPTS


def _attempt(turn: Turn | None) -> int:
    return turn.attempts + 1 if turn else 1
