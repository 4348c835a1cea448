"""Input and output tokens per day, side by side, as OpenAI's cookbook shows them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from bot.messages.charts.days import BELOW, Days, day_axis, gaps, span_name
from bot.messages.charts.frame import (
    EDGE,
    HEIGHT,
    WIDTH,
    Box,
    Scale,
    count_mark,
    heading,
    legend,
    marks_width,
    rules,
)
from bot.messages.charts.palette import MAIN, SECOND
from bot.messages.figures import count
from bot.spend.calendar import Span, day_name

if TYPE_CHECKING:  # matplotlib is imported when something is drawn
    from bot.messages.charts.canvas import Canvas


@dataclass(frozen=True, slots=True)
class TokensPerDay:
    """Input and output tokens on each day of a span.

    `open_day` is not over: it is drawn paler and called "so far". Days in `missing` have no data,
    whatever their values say. `title` replaces the computed takeaway.
    """

    span: Span
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    open_day: date | None = None
    missing: frozenset[date] = frozenset()
    title: str = ""

    def _known(self, values: tuple[int, ...]) -> list[int]:
        days = zip(self.span, values, strict=True)
        return [0 if day in self.missing else value for day, value in days]

    def headline(self) -> str:
        """The takeaway: how many tokens went in for each that came out."""
        read, written = sum(self._known(self.inputs)), sum(self._known(self.outputs))
        if self.missing.issuperset(self.span):
            return "No data about tokens"
        if not read and not written:
            return "No tokens used"
        if not written:
            return f"{count(read)} input tokens, no output"
        if read < written:
            return f"{count(read)} input tokens for {count(written)} of output"
        return f"{read / written:,.1f} input tokens for every output token".replace(".0 ", " ")

    def alt(self) -> str:
        """What the picture shows, in words and numbers."""
        read, written = self._known(self.inputs), self._known(self.outputs)
        said = f"Tokens per day, {span_name(self.span)}: {count(sum(read))} input"
        said += f" and {count(sum(written))} output"
        if any(read):
            most, day = max(zip(read, self.span, strict=True))
            said += f", most input on {day_name(day)} ({count(most)})"
        if gone := sum(day in self.missing for day in self.span):
            said += f". No data for {gone} {'day' if gone == 1 else 'days'}"
        if self.open_day is not None and self.open_day in self.span:
            said += f". {day_name(self.open_day)} is not over"
        return said + "."

    def draw(self, canvas: Canvas) -> None:
        """Draw it on an empty card."""
        top = heading(canvas, self.title or self.headline(), "Tokens per UTC day")
        read, written = self._known(self.inputs), self._known(self.outputs)
        entries = [(MAIN, f"input {count(sum(read))}"), (SECOND, f"output {count(sum(written))}")]
        top = legend(canvas, entries, top) + 12
        box = Box(EDGE, top, WIDTH - EDGE, HEIGHT - BELOW)
        scale = Scale(0, max([*read, *written, 4]) * 1.08, box)
        left = EDGE + marks_width(canvas, scale, count_mark) + 8
        scale = scale._replace(box=scale.box._replace(left=left))
        days = Days(self.span, scale.box)
        rules(canvas, scale, count_mark)
        gaps(canvas, days, self.missing)
        for n, day in enumerate(self.span):
            draw = canvas.unfinished_box if day == self.open_day else canvas.box
            width = min(days.slot * 0.42, 36)
            for x, value, colour in ((-width, read[n], MAIN), (0, written[n], SECOND)):
                tall = scale.box.bottom - scale.y(max(value, 0))
                draw((days.middle(n) + x, scale.box.bottom - tall), (width, tall), colour)
        day_axis(canvas, days, self.open_day)
