"""`bot status` from the beginning: configuration and rules judged, the database as it may be."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

from bot.commands.bearings import Bearings, Memory, read_bearings
from bot.commands.common import configuration
from bot.commands.planning import told_timetable
from bot.config.load import Configuration
from bot.store.database import open_glanced
from bot.store.glance import Glance, glance
from bot.store.together import Together


def seen_wholly(memory: Memory, config: Path | None, now: datetime) -> tuple[Bearings, Glance]:
    """What settings and database tell. Raises ConfigError with every mistake, and StoreError.

    That the settings are in order is noted for the next time.
    """
    of = memory.fingerprint()
    loaded = configuration(config)
    told = told_bearings(loaded)
    memory.note(told, of)
    bearings = read_bearings(told, loaded.store_url)
    with closing(open_glanced(loaded.store_url)) as database:
        return bearings, glance(Together(database), bearings.span(now), now)


def told_bearings(loaded: Configuration) -> dict[str, Any]:
    """What `bot status` needs of the settings, as JSON. No secret is in it."""
    settings = loaded.settings
    return {
        "history_days": settings.source.history_days,
        "grace_hours": settings.source.grace_hours,
        "settle_days": settings.source.settle_days,
        "timetable": told_timetable(loaded),
    }
