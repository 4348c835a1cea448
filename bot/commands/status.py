"""`bot status`.

The quick way loads neither pydantic nor SQLAlchemy: it goes by what is remembered of the settings,
and asks the SQLite file itself. Where it does not know its way, all is loaded and judged, and
mistakes are told. Both ways ask the same questions and show the answers the same way.
"""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path

from bot.commands.bearings import Bearings, Memory
from bot.commands.printing import print_json
from bot.commands.statusdocument import status_document
from bot.commands.statustext import status_lines
from bot.config.whereabouts import config_path
from bot.errors import StoreError
from bot.store.glance import Glance, empty_glance, glance
from bot.store.light import plain_file


def run_status(*, config: Path | None, output: str, as_of: datetime | None) -> int:
    """What fires, what waits, how fresh the data is. Exit 5 while a message cannot be delivered."""
    now = as_of or datetime.now(UTC)
    memory = Memory(config_path(config), os.environ)
    bearings, seen = _quickly(memory, now) or _wholly(memory, config, now)
    document = status_document(bearings, seen, now)
    if output == "json":
        print_json(document)
    else:
        sys.stdout.write("\n".join(status_lines(document, now)) + "\n")
    return 5 if any(entry.error for entry in seen.waiting) else 0


def _quickly(memory: Memory, now: datetime) -> tuple[Bearings, Glance] | None:
    """None where the quick way does not lead on."""
    bearings = memory.recalled()
    if bearings is None or (file := plain_file(bearings.store_url, wait=0.0)) is None:
        return None
    if not file.exists():
        return bearings, empty_glance()
    try:
        return bearings, glance(file, bearings.span(now), now)
    except (StoreError, ValueError):  # locked, to be repaired, of another version
        return None


def _wholly(memory: Memory, config: Path | None, now: datetime) -> tuple[Bearings, Glance]:
    from bot.commands.wholestatus import seen_wholly  # noqa: PLC0415 - the heavy way

    return seen_wholly(memory, config, now)
