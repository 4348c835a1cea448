"""Stacked bars, one for each day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from bot.messages.charts.days import Days
from bot.messages.charts.frame import Scale
from bot.messages.charts.palette import PAPER
from bot.messages.charts.series import Series
from bot.spend.calendar import ONE_DAY

if TYPE_CHECKING:  # matplotlib is imported when something is drawn
    from bot.messages.charts.canvas import Canvas


@dataclass(frozen=True, slots=True)
class Bars:
    """The stacked bars: what was spent upwards from zero, credits downwards.

    Days that are known in part are striped.
    """

    canvas: Canvas
    days: Days
    scale: Scale
    partly: frozenset[date]

    def draw(self, shown: Sequence[Series], colours: Mapping[str, str]) -> None:
        """Draw the series over each other, each in its colour by id, in nanos."""
        for n in range(len(self.days.span)):
            up = down = 0
            for one in shown:
                value = one.values[n]
                base = up if value > 0 else down
                self._segment(n, base, base + value, colours[one.id])
                up, down = up + max(value, 0), down + min(value, 0)

    def _segment(self, n: int, start: int, end: int, colour: str) -> None:
        if start == end:
            return
        width = min(self.days.slot * 0.8, 40)
        top, bottom = sorted((self.scale.y(start), self.scale.y(end)))
        corner = (self.days.middle(n) - width / 2, top)
        is_part = self.days.span.start + n * ONE_DAY in self.partly
        draw = self.canvas.unfinished_box if is_part else self.canvas.box
        draw(corner, (width, bottom - top), colour)
        if bottom - top > 3:  # a thin line of paper keeps neighbours apart without their colours
            self.canvas.box(corner, (width, 0.7), PAPER)
