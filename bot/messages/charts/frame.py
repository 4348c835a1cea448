"""What charts share: the heading, a scale with round steps, a key beside or above the drawing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil, floor, log10
from typing import TYPE_CHECKING, NamedTuple

from bot.messages.charts.palette import MUTED, RULE
from bot.messages.figures import count
from bot.spend.currency import Currency
from bot.spend.money import NANOS_PER_UNIT
from bot.spend.names import cut, visible

if TYPE_CHECKING:  # matplotlib is imported when something is drawn
    from bot.messages.charts.canvas import Canvas

WIDTH, HEIGHT, EDGE = 480, 300, 18
"""The card and its margin, in units."""

SMALL, TITLE = 11.5, 16.0
"""Sizes of type, in units."""

_LEADING = 1.25
_LONGEST_TITLE = 160  # letters; two lines hold about eighty


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


Mark = Callable[[float, float], str]
"""How an axis writes a value, given its step."""


def money_mark(currency: Currency) -> Mark:
    """Amounts beside an axis, with the coins its steps need: `$1,200`, `$0.25`, `€1.5M`."""

    def mark(value: float, step: float) -> str:
        units, step = abs(value) / NANOS_PER_UNIT, step / NANOS_PER_UNIT
        before = f"{'-' if value < 0 else ''}{currency.prefix}"
        if units >= 100_000:
            return f"{before}{count(units)}"
        digits = 0
        while units and digits < 9 and abs(round(step, digits) - step) > step * 1e-6:
            digits += 1
        return f"{before}{units:,.{digits and max(digits, currency.decimals)}f}"

    return mark


def count_mark(value: float, _step: float) -> str:
    """A count beside an axis."""
    return count(value)


def heading(canvas: Canvas, title: str, subtitle: str) -> float:
    """The takeaway in bold, two lines at most, and what is shown; returns the y below them."""
    y = EDGE + TITLE / 2
    for line in _two_lines(canvas, cut(visible(title).strip(), _LONGEST_TITLE)):
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


class Entry(NamedTuple):
    """A line of a key: colour, name, figure."""

    colour: str
    name: str
    figure: str


def key_figure(amount: float, currency: Currency) -> str:
    """An amount in a key: without coins from ten on."""
    if abs(amount) < 9.995 * NANOS_PER_UNIT:
        return currency.text(amount)
    return currency.as_set(round(amount / NANOS_PER_UNIT) * NANOS_PER_UNIT)


_KEY_LINE, _KEY_GAP, _KEY_MOST = 19, 18, 182
_SWATCH = 16


def key_width(canvas: Canvas, entries: Sequence[Entry]) -> float:
    """Room to keep free to the right for the key: what its longest line needs, within reason."""
    if not entries:
        return 0
    needed = max(canvas.width(entry.name) + canvas.width(entry.figure) for entry in entries)
    return min(needed + _SWATCH + 10, _KEY_MOST) + _KEY_GAP


def key(canvas: Canvas, entries: Sequence[Entry], beside: Box, title: str) -> None:
    """Names with their colours and figures, to the right of a box, ending at its foot.

    `title` stands over the figures: what they are of.
    """
    left, right = beside.right + _KEY_GAP, WIDTH - EDGE
    if entries:
        y = beside.bottom - (len(entries) + 0.5) * _KEY_LINE
        canvas.text((right, y), title, align="right", colour=MUTED)
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
