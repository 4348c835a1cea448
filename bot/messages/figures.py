"""Numbers as a few characters: sparklines, bars, short counts, percents, widths in a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from unicodedata import east_asian_width

_LEVELS = "▁▂▃▄▅▆▇█"
_EIGHTHS = " ▏▎▍▌▋▊▉█"
_SCALES = ((10**15, "Q"), (10**12, "T"), (10**9, "B"), (10**6, "M"), (10**3, "K"))


def sparkline(values: Sequence[float | None]) -> str:
    """One character per value, `▁` for zero to `█` for the largest; a gap (None) is a space.

    The line starts at zero, so heights compare truly; anything above zero is taller than zero.
    What is below zero (credits) shows as zero.
    """
    top = max((value for value in values if value is not None), default=0)
    return "".join(" " if value is None else _LEVELS[_level(value, top)] for value in values)


def _level(value: float, top: float) -> int:
    if value <= 0:
        return 0
    return max(1, round(value / top * (len(_LEVELS) - 1)))


def bar(part: float, whole: float, width: int = 10) -> str:
    """A bar `width` characters long for the whole, in steps of an eighth: `█████▌`."""
    if whole <= 0 or part <= 0:
        return ""
    eighths = max(1, round(min(part / whole, 1) * width * 8))
    return "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()


def percent(part: float, whole: float) -> str:
    """`62%`; `<1%` and `>99%` for what would round to nothing or to everything; `–` of nothing."""
    if whole <= 0:
        return "–"
    share = part / whole
    if 0 < share < 0.005:
        return "<1%"
    if 0.995 <= share < 1:
        return ">99%"
    return f"{round(share * 100)}%"


def count(number: float) -> str:
    """A count for people: exact below 10,000, then three digits that matter: `12.3K`, `4.1M`."""
    whole = round(number)
    if abs(whole) < 10_000:
        return f"{whole:,}"
    # 999,950 rounds to a thousand of its unit: it is then one of the next.
    size, letter = next(scale for scale in _SCALES if abs(whole) >= 0.9995 * scale[0])
    amount = whole / size
    digits = 0 if abs(amount) >= 99.95 else 1
    return f"{amount:.{digits}f}".removesuffix(".0") + letter


def moment(at: datetime) -> str:
    """An aware instant where the reader's zone is not known: `19 Nov 2026 06:00 UTC`."""
    utc = at.astimezone(UTC)
    return f"{utc.day} {utc:%b %Y %H:%M} UTC"


def columns(text: str) -> int:
    """How many columns the text takes in a fixed-width font: East Asian letters take two."""
    return sum(0 if _is_mark(char) else 1 + (east_asian_width(char) in "WF") for char in text)


def _is_mark(char: str) -> bool:
    return "\u0300" <= char <= "\u036f" or char == "\ufe0f"


def fit(text: str, width: int) -> str:
    """The text if it is at most `width` columns wide, else its beginning and `…`."""
    if columns(text) <= width:
        return text
    taken, room = 0, width - 1
    for char in text:
        room -= columns(char)
        if room < 0:
            break
        taken += 1
    return text[:taken].rstrip() + "…"
