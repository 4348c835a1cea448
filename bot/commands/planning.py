"""From the configuration to what the worker's parent must know of it."""

from __future__ import annotations

from typing import Any

from bot.config.load import Configuration
from bot.spend.calendar import Unit
from bot.worker.due import jitter
from bot.worker.plan import Signature

PERIODS = {Unit.DAY: "daily", Unit.WEEK: "weekly", Unit.MONTH: "monthly"}
"""What a digest of a period is called."""


def told_timetable(loaded: Configuration) -> dict[str, Any]:
    """All that the configuration schedules, as `bot.worker.plan` reads it."""
    schedule = loaded.settings.schedule
    return {
        "timezone": schedule.timezone,
        "check_every": schedule.check_every.total_seconds(),
        "jitter": jitter(loaded.store_url, schedule.check_every).total_seconds(),
        "digests": {
            name: {
                "at": at.at.isoformat(timespec="minutes"),
                "weekday": at.weekday,
                "of_month": at.of_month,
            }
            for name in PERIODS.values()
            if (at := getattr(schedule.digest, name))
        },
        "catch_up": schedule.catch_up.total_seconds(),
    }


def told_plan(loaded: Configuration, read: Signature) -> dict[str, Any]:
    """The plan as `bot.worker.plan` reads it; `read` is how the files looked."""
    worker = loaded.settings.worker
    return {
        **told_timetable(loaded),
        "run_timeout": worker.run_timeout.total_seconds(),
        "memory_mb": worker.memory_mb,
        "tick": worker.tick.total_seconds(),
        "listen": worker.listen,
        "interactive": loaded.settings.slack.interactive,
        "store_url": loaded.store_url,
        "read": read,
    }
