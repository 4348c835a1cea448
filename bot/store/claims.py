"""Who takes which turn of a schedule: one row per schedule and turn, taken by one worker only.

    (no row) ──claim──> running ──> done
                           │  └───> failed ──claim, once its time has come──> running
                           └─ its lease runs out (the worker died) ──claim──> running
    (no row) ──skip───> skipped

What a run sends has a message key, so even a turn taken twice is told once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.store.instants import from_text, to_text
from bot.store.light import Light, Statement

RUNNING, DONE, FAILED, SKIPPED = "running", "done", "failed", "skipped"

WRONG_CLOCK = timedelta(minutes=10)
"""A row from further in the future was written by a clock that has been set back since."""

_KEPT = timedelta(days=3)
_COLUMNS = "schedule, slot, state, claimed_at, lease_until, attempts, missed"


@dataclass(frozen=True, slots=True)
class Turn:
    """A turn as recorded. `lease_until`: nobody else takes it before."""

    schedule: str
    slot: str
    state: str
    claimed_at: datetime
    lease_until: datetime
    attempts: int
    missed: int

    def is_ahead(self, now: datetime) -> bool:
        """Whether a clock wrote it that was ahead of ours."""
        return self.claimed_at - now > WRONG_CLOCK

    def is_free(self, now: datetime) -> bool:
        """Whether it may be claimed."""
        if self.state == SKIPPED:
            return self.claimed_at > now
        return self.state != DONE and (self.lease_until <= now or self.is_ahead(now))


class Claims:
    """The turns of one database, for one worker."""

    def __init__(self, light: Light, worker: str) -> None:
        self._light = light
        self._worker = worker

    def newest(self, schedule: str, up_to: str = "~") -> list[Turn]:
        """The two newest turns recorded, up to and with a slot; newest first."""
        sql = (
            f"SELECT {_COLUMNS} FROM claims WHERE schedule = ? AND slot <= ? "  # noqa: S608 - constant
            "ORDER BY slot DESC LIMIT 2"
        )
        return [_turn(row) for row in self._light.rows(sql, schedule, up_to)]

    def take(
        self, schedule: str, slot: str, now: datetime, lease: timedelta, *, missed: int = 0
    ) -> bool:
        """Takes a turn; False if another worker has it, or had it."""
        until = to_text(now + lease)
        new: Statement = (
            "INSERT INTO claims (schedule, slot, state, worker, claimed_at, lease_until, attempts, "
            "missed) VALUES (?, ?, ?, ?, ?, ?, 1, ?) ON CONFLICT DO NOTHING",
            (schedule, slot, RUNNING, self._worker, to_text(now), until, missed),
        )
        return self._light.change(new) == [1] or self._taken_over(schedule, slot, now, until)

    def _taken_over(self, schedule: str, slot: str, now: datetime, until: str) -> bool:
        """The same conditions as `Turn.is_free`, in the database: only one worker fulfils them."""
        over: Statement = (
            "UPDATE claims SET state = ?, worker = ?, claimed_at = ?, lease_until = ?, "
            "attempts = attempts + 1 WHERE schedule = ? AND slot = ? AND ("
            "(state IN (?, ?) AND (lease_until <= ? OR claimed_at > ?)) "
            "OR (state = ? AND claimed_at > ?))",
            (
                *(RUNNING, self._worker, to_text(now), until, schedule, slot),
                *(RUNNING, FAILED, to_text(now), to_text(now + WRONG_CLOCK)),
                *(SKIPPED, to_text(now)),
            ),
        )
        return self._light.change(over) == [1]

    def finish(self, schedule: str, slot: str, state: str, until: datetime, detail: str) -> None:
        """Notes how a turn of ours ended. A failed one may be taken again from `until` on."""
        sql = (
            "UPDATE claims SET state = ?, lease_until = ?, detail = ? "
            "WHERE schedule = ? AND slot = ? AND worker = ? AND state = ?"
        )
        mine = (schedule, slot, self._worker, RUNNING)
        self._light.change((sql, (state, to_text(until), detail, *mine)))

    def give_back(self, schedule: str, slot: str, now: datetime) -> None:
        """Hands on a turn of ours that was not run to its end: as if it had not been tried."""
        sql = (
            "UPDATE claims SET state = ?, lease_until = ?, attempts = attempts - 1 "
            "WHERE schedule = ? AND slot = ? AND worker = ? AND state = ?"
        )
        values = (FAILED, to_text(now), schedule, slot, self._worker, RUNNING)
        self._light.change((sql, values))

    def skip(self, schedule: str, slots: Sequence[str], now: datetime) -> int:
        """Records turns that nobody will take any more: how many were new."""
        row = "INSERT INTO claims (schedule, slot, state, worker, claimed_at, lease_until, attempts"
        sql = f"{row}, missed) VALUES (?, ?, ?, ?, ?, ?, 0, 0) ON CONFLICT DO NOTHING"
        at = to_text(now)
        rows = [(sql, (schedule, slot, SKIPPED, self._worker, at, at)) for slot in slots]
        return sum(self._light.change(*rows)) if rows else 0

    def unserved(self, schedule: str, slot: str) -> int:
        """How many turns in a row before this one were skipped."""
        sql = (
            "SELECT count(*) FROM claims WHERE schedule = ? AND state = ? AND slot < ? AND slot > "
            "(SELECT coalesce(max(slot), '') FROM claims WHERE schedule = ? AND state <> ? "
            "AND slot < ?)"
        )
        values = (schedule, SKIPPED, slot, schedule, SKIPPED, slot)
        return int(self._light.rows(sql, *values)[0][0])

    def forget_old(self, schedule: str, now: datetime) -> None:
        """Lets go of a schedule's turns of days ago."""
        sql = "DELETE FROM claims WHERE schedule = ? AND claimed_at < ?"
        self._light.change((sql, (schedule, to_text(now - _KEPT))))

    def forget_from(self, schedule: str, slot: str) -> None:
        """Lets go of a turn and all after it: for a schedule that may repeat itself."""
        self._light.change(
            ("DELETE FROM claims WHERE schedule = ? AND slot >= ?", (schedule, slot))
        )


def _turn(row: tuple[str, str, str, str, str, int, int]) -> Turn:
    schedule, slot, state, claimed_at, lease_until, attempts, missed = row
    times = from_text(claimed_at), from_text(lease_until)
    return Turn(schedule, slot, state, *times, attempts, missed)
