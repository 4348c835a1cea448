"""A worker with a clock that is told the time, and runs that end at once."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import CreateTable

from bot.store.light import Light, Row, Statement
from bot.store.schema import metadata
from bot.worker.due import DigestTime, Timetable
from bot.worker.plan import Limits, plan_json
from bot.worker.worker import Worker

DAILY = DigestTime("daily", time(9))
WEEKLY = DigestTime("weekly", time(9), weekday=0)
MONTHLY = DigestTime("monthly", time(9), of_month=1)
ALL = (DAILY, WEEKLY, MONTHLY)


class Memory:
    """A database in memory, as `bot.store.light` shows one."""

    def __init__(self) -> None:
        self.connection = sqlite3.connect(":memory:", isolation_level=None)
        for table in metadata.sorted_tables:
            self.connection.execute(str(CreateTable(table).compile(dialect=sqlite.dialect())))

    def rows(self, sql: str, *values: Any) -> list[Row]:
        return self.connection.execute(sql, values).fetchall()

    def change(self, *statements: Statement) -> list[int]:
        return [self.connection.execute(sql, values).rowcount for sql, values in statements]


def timetable(
    zone: str = "UTC",
    digests: Sequence[DigestTime] = ALL,
    *,
    check_every: timedelta = timedelta(hours=1),
    catch_up: timedelta = timedelta(hours=24),
) -> Timetable:
    """A timetable without jitter."""
    return Timetable(ZoneInfo(zone), check_every, timedelta(0), tuple(digests), catch_up)


def told_plan(table: Timetable, *, tick: float = 30, seconds: float = 900) -> str:
    """The JSON with which a child tells a plan."""
    return plan_json(
        {
            "timezone": table.zone.key,
            "check_every": table.check_every.total_seconds(),
            "jitter": table.jitter.total_seconds(),
            "digests": {
                d.name: {
                    "at": d.at.isoformat(timespec="minutes"),
                    "weekday": d.weekday,
                    "of_month": d.of_month,
                }
                for d in table.digests
            },
            "catch_up": table.catch_up.total_seconds(),
            "run_timeout": seconds,
            "memory_mb": 512,
            "tick": tick,
            "listen": "",
            "interactive": False,
            "store_url": "sqlite:////nowhere",
            "read": [],
        }
    )


@dataclass
class Ended:
    """A run that is over as soon as it has begun."""

    code: int | None = 0
    last_words: str = ""
    output: bytes = b""
    overdue: bool = False
    is_stopped: bool = False


@dataclass
class Life:
    """A worker's life: `runs` are the arguments of every run but plans, with its instant.

    `outcome` decides how a run ends; it may raise, then the run cannot be started. `plan_ends`: how
    the reading of the configuration ends, if not well.
    """

    table: Timetable = field(default_factory=timetable)
    light: Light = field(default_factory=Memory)
    outcome: Callable[[Sequence[str]], Ended] = lambda _arguments: Ended()
    name: str = "here:1"
    plan_ends: Ended | None = None
    runs: list[tuple[datetime, tuple[str, ...]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.now = datetime(2026, 11, 20, tzinfo=UTC)
        self.worker = self._born()

    def _born(self) -> Worker:
        return Worker(self.name, "config.yaml", self._start, lambda _url: self.light)

    def restart(self) -> None:
        """A new process."""
        self.worker = self._born()

    def _start(self, arguments: Sequence[str], _limits: Limits) -> Ended:
        if arguments[0] == "plan":
            return self.plan_ends or Ended(output=told_plan(self.table).encode())
        ended = self.outcome(arguments)
        self.runs.append((self.now, tuple(arguments)))
        return ended

    def tick(self, now: datetime) -> None:
        """One tick, and whatever it starts until nothing is due."""
        self.now = now
        self.worker.tick(now)
        while self.worker.run is not None:
            self.worker.ended(now)
            self.worker.step(now)

    def live(self, start: datetime, end: datetime, step: timedelta) -> None:
        """Ticks from start to before end."""
        now = start
        while now < end:
            self.tick(now)
            now += step

    def digests(self, period: str = "day") -> Counter[str]:
        """How often each scheduled local date had its digest."""
        return Counter(
            _option(arguments, "--scheduled")
            for _, arguments in self.runs
            if arguments[0] == "digest" and _option(arguments, "--period") == period
        )

    @property
    def missed(self) -> list[int]:
        """What each daily digest was told to have been missed before it."""
        return [
            int(_option(arguments, "--missed"))
            for _, arguments in self.runs
            if arguments[0] == "digest" and _option(arguments, "--period") == "day"
        ]

    @property
    def checks(self) -> list[datetime]:
        """When checks ran."""
        return [at for at, arguments in self.runs if arguments[0] == "check"]


def _option(arguments: Sequence[str], name: str) -> str:
    return arguments[list(arguments).index(name) + 1]
