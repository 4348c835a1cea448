"""Instants as text that sorts: ISO 8601 in UTC, to the microsecond."""

from __future__ import annotations

from datetime import UTC, datetime


def to_text(instant: datetime) -> str:
    """An aware instant as `2026-11-20T09:30:00.000000Z`."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def from_text(text: str) -> datetime:
    """The aware instant that `to_text` wrote."""
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError(f"{text!r} is no instant: it has no offset")
    return instant.astimezone(UTC)
