"""Pulses and counters, written and read without SQLAlchemy (see `bot.store.light`)."""

from __future__ import annotations

from datetime import datetime

from bot.store.instants import to_text
from bot.store.light import Light, Statement

CHECKED = "checked"
"""The last check that ended; its detail is the last day judged, or the first it missed."""
FETCHED = "fetched"
"""The last fetch in which all costs came."""
FAILED = "failed"
"""The last run in which the source or a delivery failed; its detail says what."""
BLIND = "blind"
"""Since when a part of the bill cannot be read; its detail is `told` if people heard of it."""
MISSING = "missing"
"""The last check that ended; its detail is the number of days whose costs are not known."""
TICKED = "ticked/"
"""A worker's last tick, followed by its host: the detail is JSON, see `bot.worker.worker`."""
CRASHED = "crashed/"
"""A run that ended badly, followed by the job's name; forgotten when the job goes well again."""
MISREAD = "misread"
"""The configuration as it stands cannot be used; the detail says why."""


def beat(name: str, now: datetime, detail: str = "") -> Statement:
    """The statement that notes that it happened now."""
    return (
        "INSERT INTO pulses (name, at, detail) VALUES (?, ?, ?) "
        "ON CONFLICT (name) DO UPDATE SET at = excluded.at, detail = excluded.detail",
        (name[:40], to_text(now), detail),
    )


def forget(name: str) -> Statement:
    """The statement that notes that it is over."""
    return "DELETE FROM pulses WHERE name = ?", (name[:40],)


def count(name: str, by: int = 1) -> Statement:
    """The statement that adds to a counter; counters begin at 0."""
    return (
        "INSERT INTO counters (name, value) VALUES (?, ?) "
        "ON CONFLICT (name) DO UPDATE SET value = counters.value + excluded.value",
        (name, by),
    )


def pulses(light: Light) -> dict[str, tuple[str, str]]:
    """Every pulse: name -> (instant as text, detail)."""
    return {
        name: (at, detail) for name, at, detail in light.rows("SELECT name, at, detail FROM pulses")
    }


def counters(light: Light) -> dict[str, int]:
    """Every counter: `runs/<job>/<result>`, `skipped/<schedule>`."""
    return {name: int(value) for name, value in light.rows("SELECT name, value FROM counters")}
