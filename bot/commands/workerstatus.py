"""The worker in `bot status`: its last sign of life, what runs next, what was skipped."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from bot.commands.planning import timetable
from bot.config.load import Configuration
from bot.errors import StoreError
from bot.store.light import open_light
from bot.store.tallies import TICKED, counters, pulses
from bot.worker.due import next_turns


def worker_status(loaded: Configuration, now: datetime) -> dict[str, Any] | None:
    """None where no worker has left a sign of life, or left in peace."""
    light = open_light(loaded.store_url)
    try:
        ticks = [at for name, (at, _) in pulses(light).items() if name.startswith(TICKED)]
        skipped = counters(light)
    except StoreError:
        return None
    if not ticks:
        return None
    return {
        "last_tick": datetime.fromisoformat(max(ticks)).isoformat(timespec="seconds"),
        "next": [
            {"schedule": slot.schedule, "at": slot.at.isoformat(timespec="seconds")}
            for slot in next_turns(timetable(loaded), now)
        ],
        "skipped": {
            name.removeprefix("skipped/"): number
            for name, number in sorted(skipped.items())
            if name.startswith("skipped/")
        },
    }


def worker_lines(worker: dict[str, Any] | None) -> list[str]:
    """The same for people."""
    if worker is None:
        return []
    lines = [f"worker: last tick {worker['last_tick']}"]
    lines += [f"  next {turn['schedule']:15} {turn['at']}" for turn in worker["next"]]
    lines += [f"  {name} skipped: {number} times" for name, number in worker["skipped"].items()]
    return lines
