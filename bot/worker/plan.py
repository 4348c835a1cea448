"""What the parent must know of the configuration: small, plain, and told by a child as JSON.

The parent never reads YAML: it would need pydantic, and twice the memory. It looks whether the
files have changed, and only then asks again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from bot.worker.due import DigestTime, Timetable

Signature = tuple[tuple[str, int, int, int], ...]


@dataclass(frozen=True, slots=True)
class Limits:
    """What one run may use: seconds of wall clock, MB of memory."""

    seconds: float
    memory_mb: int


@dataclass(frozen=True, slots=True)
class Plan:
    """The schedules, the limits, the database, and how the files looked that it was read from.

    `listen` is `host:port` for `/metrics`, empty for none; `interactive`: there are buttons to
    listen to; `tick` the seconds between two ticks.
    """

    timetable: Timetable
    limits: Limits
    store_url: str
    listen: str
    interactive: bool
    tick: float
    read: Signature

    @property
    def files(self) -> tuple[str, ...]:
        """The files and folders it was read from."""
        return tuple(name for name, *_ in self.read)

    @property
    def lease(self) -> timedelta:
        """How long a run may hold its turn: it is over by then."""
        return timedelta(seconds=self.limits.seconds + 60)


def plan_json(plan: Mapping[str, Any]) -> str:
    """The plan as a child hands it over, on one line."""
    return json.dumps(plan, separators=(",", ":"))


def read_plan(text: str) -> Plan:
    """The plan a child told. Raises ValueError or KeyError for anything else."""
    told = json.loads(text)
    return Plan(
        timetable=read_timetable(told),
        limits=Limits(told["run_timeout"], told["memory_mb"]),
        store_url=told["store_url"],
        listen=told["listen"],
        interactive=told["interactive"],
        tick=told["tick"],
        read=tuple((name, mtime, size, inode) for name, mtime, size, inode in told["read"]),
    )


def read_timetable(told: Mapping[str, Any]) -> Timetable:
    """The schedules of a plan as told. Raises ValueError, KeyError or TypeError as above."""
    return Timetable(
        zone=ZoneInfo(told["timezone"]),
        check_every=timedelta(seconds=told["check_every"]),
        jitter=timedelta(seconds=told["jitter"]),
        digests=tuple(_digest(name, at) for name, at in told["digests"].items()),
        catch_up=timedelta(seconds=told["catch_up"]),
    )


def _digest(name: str, told: Mapping[str, Any]) -> DigestTime:
    at = time.fromisoformat(told["at"])
    return DigestTime(name, at, told["weekday"], told["of_month"])


def signature(files: Iterable[str]) -> Signature:
    """Changes when one of the files does; a folder's changes when a file comes or goes."""
    found = []
    for name in files:
        try:
            known = Path(name).stat()
        except OSError:
            found.append((name, 0, 0, 0))
        else:
            found.append((name, known.st_mtime_ns, known.st_size, known.st_ino))
    return tuple(found)
