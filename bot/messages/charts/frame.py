"""What charts share: the heading, a scale with round steps, days along the bottom, a key."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from math import ceil, floor, log10
from typing import TYPE_CHECKING, NamedTuple

from bot.messages.charts.palette import BAND, MUTED, RULE
from bot.messages.figures import count
from bot.spend.calendar import Span
from bot.spend.money import NANOS_PER_DOLLAR, usd, usd_round

if TYPE_CHECKING:  # matplotlib is imported when something is drawn
    from bot.messages.charts.canvas import Canvas

WIDTH, HEIGHT, EDGE = 480, 300, 18
"""The card and its margin, in units."""

BELOW = 48
"""Room below a chart of days for their names."""

SMALL, TITLE = 11.5, 16.0
"""Sizes of type, in units."""

_LEADING = 1.25


Point = tuple[float, float]


class Box(NamedTuple):
    """A rectangle of the card, y growing downwards."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def height(self) -> float:
        return self.bottom - self.top


class Scale(NamedTuple):
    """Values from `low` to `high` on the height of a box."""

    low: float
    high: float
    box: Box

    def y(self, value: float) -> float:
        """Where the value lies."""
        share = (value - self.low) / (self.high - self.low)
        return self.box.bottom - share * self.box.height

    def steps(self, most: int = 4) -> list[float]:
        """Round values within the scale, at most `most` of them above the lowest."""
        step = round_step((self.high - self.low) / most)
        first, last = ceil(self.low / step), floor(self.high / step)
        return [n * step for n in range(first, last + 1)]


def round_step(least: float) -> float:
    """The smallest of 1, 2, 2.5, 5 times a power of ten that is not below `least`."""
    power = 10.0 ** floor(log10(least))
    return next(times * power for times in (1, 2, 2.5, 5, 10) if times * power >= least * 0.9999)


def usd_mark(value: float, step: float) -> str:
    """Nano-dollars beside an axis, with the cents its steps need: `$1,200`, `$0.25`, `$1.5M`."""
    dollars, step = abs(value) / NANOS_PER_DOLLAR, step / NANOS_PER_DOLLAR
    sign = "-" if value < 0 else ""
    if not dollars:
        return "$0"
    if dollars >= 100_000:
        return f"{sign}${count(dollars)}"
    digits = 0
    while digits < 9 and abs(round(step, digits) - step) > step * 1e-6:
        digits += 1
    return f"{sign}${dollars:,.{digits and max(digits, 2)}f}"


def count_mark(value: float, _step: float) -> str:
    """A count beside an axis."""
    return count(value)


def heading(canvas: Canvas, title: str, subtitle: str) -> float:
    """The takeaway in bold, two lines at most, and what is shown; returns the y below them."""
    y = EDGE + TITLE / 2
    for line in _two_lines(canvas, title):
        canvas.text((EDGE, y), line, size=TITLE, bold=True)
        y += TITLE * _LEADING
    canvas.text((EDGE, y - 1), canvas.fitted(subtitle, WIDTH - 2 * EDGE), colour=MUTED)
    return y + SMALL


def _two_lines(canvas: Canvas, title: str) -> list[str]:
    room = WIDTH - 2 * EDGE
    if canvas.width(title, TITLE, bold=True) <= room:
        return [title]
    words = title.split()
    breaks = [(" ".join(words[:n]), " ".join(words[n:])) for n in range(1, len(words))]
    lines = min(breaks, key=lambda two: max(map(len, two)), default=(title,))
    if canvas.width(lines[0], TITLE, bold=True) > room:  # too long for two: fill the first
        whole = [two for two in breaks if canvas.width(two[0], TITLE, bold=True) <= room]
        lines = whole[-1] if whole else (title,)
    return [canvas.fitted(line, room, TITLE, bold=True) for line in lines]


Mark = Callable[[float, float], str]


def marks_width(canvas: Canvas, scale: Scale, mark: Mark) -> float:
    """Room that the axis's figures need."""
    return max(canvas.width(words) for _, words in _marks(scale, mark))


def rules(canvas: Canvas, scale: Scale, mark: Mark) -> None:
    """Faint lines at round values, their figures to the left."""
    for value, words in _marks(scale, mark):
        y = scale.y(value)
        canvas.line([(scale.box.left, y), (scale.box.right, y)], RULE if value else MUTED, 0.8)
        canvas.text((scale.box.left - 6, y), words, colour=MUTED, align="right")


def _marks(scale: Scale, mark: Mark) -> list[tuple[float, str]]:
    steps = scale.steps()
    step = steps[1] - steps[0] if len(steps) > 1 else (steps[0] or 1)
    return [(value, mark(value, step)) for value in steps]


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


def gaps(canvas: Canvas, days: Days, missing: frozenset[date], line: float | None = None) -> None:
    """A pale band over days without data, saying so once for each run of days.

    `line`: the y of a line across the box that the words must not lie on.
    """
    for first, number in _runs([day in missing for day in days.span]):
        left, width = days.box.left + first * days.slot, number * days.slot
        canvas.box((left, days.box.top), (width, days.box.height), BAND)
        room = canvas.width("no data")
        wide = width > room + 8
        half = 8 if wide else room / 2 + 3
        y = days.box.top + half
        if line is not None and abs(line - y) < half:
            y = line + half + 2
        at = (left + width / 2, y)
        canvas.text(at, "no data", colour=MUTED, align="center", turned=not wide)


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


class Entry(NamedTuple):
    """A line of a key: colour, name, figure."""

    colour: str
    name: str
    figure: str


def usd_key(amount: float) -> str:
    """Nano-dollars in a key: whole dollars from ten on."""
    if abs(amount) < 9.995 * NANOS_PER_DOLLAR:
        return usd(amount)
    return usd_round(round(amount / NANOS_PER_DOLLAR) * NANOS_PER_DOLLAR).removesuffix(".00")


_KEY_LINE, _KEY_GAP, _KEY_MOST = 19, 18, 158
_SWATCH = 16


def key_width(canvas: Canvas, entries: Sequence[Entry]) -> float:
    """Room to keep free to the right for the key: what its longest line needs, within reason."""
    if not entries:
        return 0
    needed = max(canvas.width(entry.name) + canvas.width(entry.figure) for entry in entries)
    return min(needed + _SWATCH + 10, _KEY_MOST) + _KEY_GAP


def key(canvas: Canvas, entries: Sequence[Entry], beside: Box) -> None:
    """Names with their colours and figures, to the right of a box, ending at its foot."""
    left, right = beside.right + _KEY_GAP, WIDTH - EDGE
    for n, entry in enumerate(reversed(entries)):
        y = beside.bottom - (n + 0.5) * _KEY_LINE
        canvas.box((left, y - 5), (10, 10), entry.colour)
        canvas.text((right, y), entry.figure, align="right", colour=MUTED)
        room = right - left - _SWATCH - canvas.width(entry.figure) - 8
        canvas.text((left + _SWATCH, y), canvas.fitted(entry.name, room))


def legend(canvas: Canvas, entries: Sequence[tuple[str, str]], top: float) -> float:
    """Colours and their words in lines across the card; returns the y below them."""
    x, y = float(EDGE), top + 10
    for colour, words in entries:
        shown = canvas.fitted(words, _LEGEND_WORDS)
        width = _SWATCH + canvas.width(shown)
        if x + width > WIDTH - EDGE and x > EDGE:
            x, y = EDGE, y + _KEY_LINE
        canvas.box((x, y - 5), (10, 10), colour)
        canvas.text((x + _SWATCH, y), shown)
        x += width + 14
    return y + 8 if entries else top


_LEGEND_WORDS = 120
