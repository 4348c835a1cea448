"""Days along the bottom of a chart: where each lies, their names, bands where there is no data."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from bot.messages.charts.frame import EDGE, WIDTH, Box
from bot.messages.charts.palette import BAND, MUTED
from bot.spend.calendar import Span

if TYPE_CHECKING:  # matplotlib is imported when something is drawn
    from bot.messages.charts.canvas import Canvas

BELOW = 48
"""Room below a chart of days for their names."""


class Days(NamedTuple):
    """Days side by side along a box."""

    span: Span
    box: Box

    @property
    def slot(self) -> float:
        return self.box.width / max(len(self.span), 1)

    def middle(self, n: int) -> float:
        """The x of the n-th day's middle."""
        return self.box.left + (n + 0.5) * self.slot

    def labels(self) -> Iterator[tuple[float, str]]:
        """Every day's label if there is room, else one in 2, 7, 14 …, the last day among them."""
        last = len(self.span) - 1
        every = next((n for n in (1, 2, 7, 14, 28, 91) if n * self.slot >= 46), last + 1)
        for n, day in enumerate(self.span):
            if (last - n) % every == 0:
                yield self.middle(n), day_mark(day)


def span_name(span: Span) -> str:
    """`21 October to 19 November 2026`, or the one day."""
    first, last = span.start, max(span)
    until = f"{last.day} {last:%B %Y}"
    if first == last:
        return until
    year = f" {first.year}" if first.year != last.year else ""
    return f"{first.day} {first:%B}{year} to {until}"


def least(words: str, total: int, missing: Collection[date]) -> str:
    """A total in words: the least it can be where days are missing, unknown where it is nothing."""
    if not missing:
        return words
    return f"at least {words}" if total else "an unknown amount"


def day_mark(day: date) -> str:
    """`19 Nov`."""
    return f"{day.day} {day:%b}"


def day_axis(canvas: Canvas, days: Days, open_day: date | None = None) -> None:
    """The days' names below the box, and "so far" below the day that is not over."""
    y = days.box.bottom + 13
    for x, words in days.labels():
        canvas.text((_within(canvas, x, words), y), words, colour=MUTED, align="center")
    if open_day is not None and open_day in days.span:
        x = days.middle((open_day - days.span.start).days)
        x = _within(canvas, x, day_mark(open_day))
        canvas.text((x, y + 14), "so far", colour=MUTED, align="center")


def _within(canvas: Canvas, x: float, words: str) -> float:
    half = canvas.width(words) / 2
    return min(max(x, EDGE + half), WIDTH - EDGE - half)


def gaps(
    canvas: Canvas,
    days: Days,
    missing: frozenset[date],
    line: float | None = None,
    known: Sequence[int] = (),
) -> None:
    """A pale band over days without data, saying so once for each run of days.

    `line`: the y of a line across the box that the words must not lie on. `known`: what is known
    of each day all the same; where it is anything, the words are `not whole`.
    """
    for first, number in _runs([day in missing for day in days.span]):
        left, width = days.box.left + first * days.slot, number * days.slot
        canvas.box((left, days.box.top), (width, days.box.height), BAND)
        words = "not whole" if any(known[first : first + number]) else "no data"
        room = canvas.width(words)
        wide = width > room + 8
        half = 8 if wide else room / 2 + 3
        y = days.box.top + half
        if line is not None and abs(line - y) < half:
            y = line + half + 2
        at = (left + width / 2, y)
        canvas.text(at, words, colour=MUTED, align="center", turned=not wide)


def clear_of_gaps(canvas: Canvas, words: str, days: Days, missing: frozenset[date]) -> float:
    """The leftmost x in the box where the words cross no band of missing days, if there is one."""
    left, width = days.box.left + 4, canvas.width(words)
    x = left
    for first, number in _runs([day in missing for day in days.span]):
        start = days.box.left + first * days.slot
        if x + width + 2 > start:
            x = start + number * days.slot + 6
    return x if x + width < days.box.right else left


def _runs(flags: Sequence[bool]) -> Iterator[tuple[int, int]]:
    """Where each run of True begins, and how long it is."""
    start = None
    for n, flag in enumerate([*flags, False]):
        if flag and start is None:
            start = n
        elif not flag and start is not None:
            yield start, n - start
            start = None
