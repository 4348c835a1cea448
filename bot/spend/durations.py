"""Lengths of time as people write them: `30m`, `4h`, `7d`, `2w`."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
FORM = re.compile(r"(\d{1,6})\s*([smhdw])")


def parse_duration(text: Any) -> timedelta:
    """The length of time that `4h` says. Raises ValueError with the accepted forms."""
    if isinstance(text, timedelta):
        return text
    found = FORM.fullmatch(text.strip()) if isinstance(text, str) else None
    if not found:
        raise ValueError("a length of time is a number with a unit: 30m, 4h, 7d or 2w")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def duration_words(length: timedelta) -> str:
    """`4h`, `7d`: the shortest way to write it."""
    seconds = int(length.total_seconds())
    for letter, size in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds and seconds % size == 0:
            return f"{seconds // size}{letter}"
    return f"{seconds}s"
