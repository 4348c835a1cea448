"""Spend adding up over a month (or any period) against its budget, with the forecast."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

from bot.messages.charts.days import Days, clear_of_gaps, day_axis, gaps, least
from bot.messages.charts.frame import (
    EDGE,
    HEIGHT,
    WIDTH,
    Box,
    Point,
    Scale,
    heading,
    marks_width,
    money_mark,
    rules,
)
from bot.messages.charts.palette import ALARM, INK, MAIN, MUTED, lighter
from bot.messages.figures import percent
from bot.spend.calendar import Period, Unit, day_name, period_name
from bot.spend.currency import Currency

if TYPE_CHECKING:  # matplotlib is imported when something is drawn
    from bot.messages.charts.canvas import Canvas

_FAR = 3.0  # a budget this many times everything else would flatten the line


class Outlook(NamedTuple):
    """What the period's total is expected to be at its end, in nanos."""

    low: int
    likely: int
    high: int


@dataclass(frozen=True, slots=True)
class MonthToDate:
    """A period's spend so far, day by day from its first, in nanos.

    `spent` may be shorter than the period. `open_day` is not over. Days in `missing` were not
    read whole: their values are the least they can be, and a band says so. `title` replaces the
    computed takeaway.
    """

    period: Period
    spent: tuple[int, ...]
    currency: Currency = field(kw_only=True)
    budget: int | None = None
    outlook: Outlook | None = None
    open_day: date | None = None
    missing: frozenset[date] = frozenset()
    title: str = ""

    @property
    def total(self) -> int:
        return sum(self.spent)

    def headline(self) -> str:
        """The takeaway: spent of the budget, and where it is heading."""
        if self.spent and not self.total and self.missing.issuperset(self._days()):
            return f"No data for {self._name()}"
        told = least(self.currency.rounded(self.total), self.total, self._gone)
        spent = f"{told[0].upper()}{told[1:]}"
        of = f" of {self.currency.rounded(self.budget)}" if self.budget is not None else ""
        heading_for = (
            f", heading for {self.currency.rounded(self.outlook.likely)}" if self.outlook else ""
        )
        return f"{spent}{of} spent in {self._name()}{heading_for}"

    @property
    def _gone(self) -> list[date]:
        """The days that were not read whole."""
        return [day for day in self.period.span if day in self.missing]

    def _days(self) -> list[date]:
        """The days that `spent` tells of."""
        return list(self.period.span)[: len(self.spent)]

    def _name(self) -> str:
        """The period as a headline says it: a month needs no year."""
        if self.period.unit is Unit.MONTH:
            return f"{self.period.start:%B}"
        return period_name(self.period)

    def alt(self) -> str:
        """What the picture shows, in words and numbers."""
        so_far = "" if self._is_over else " so far"
        spent = least(self.currency.text(self.total), self.total, self._gone)
        said = [f"Spend{so_far} in {period_name(self.period)}: {spent}"]
        if self.spent and not self._is_over:
            said.append(f" by {day_name(self._days()[-1])}")
        if self.budget is not None and (self.total or not self._gone):
            share = least(percent(self.total, self.budget), self.total, self._gone)
            said.append(f", {share} of the budget of {self.currency.as_set(self.budget)}")
        said.append(". ")
        if self.outlook:
            low, likely, high = map(self.currency.rounded, self.outlook)
            said.append(f"Expected at the end: {likely} (between {low} and {high}). ")
        if gone := len(self._gone):
            said.append(f"{gone} {'day was' if gone == 1 else 'days were'} not read whole. ")
        return "".join(said).strip()

    def draw(self, canvas: Canvas) -> None:
        """Draw it on an empty card."""
        top = heading(canvas, self.title or self.headline(), "Adding up by UTC day") + 18
        right = WIDTH - EDGE - self._room_beside(canvas)
        scale = self._scale(canvas, Box(EDGE, top, right, HEIGHT - 36))
        days = Days(self.period.span, scale.box)
        line = self._line(days, scale)
        rules(canvas, scale, money_mark(self.currency))
        limit = self._near_budget()
        line_y = None if limit is None else scale.y(limit)
        gaps(canvas, days, self.missing, line_y, self.spent)
        self._draw_outlook(canvas, line[-1], scale)
        if self.spent:
            self._draw_spent(canvas, line, scale)
        self._draw_budget(canvas, scale, days)
        day_axis(canvas, days)
        self._end_labels(canvas, line[-1], scale)

    def _room_beside(self, canvas: Canvas) -> float:
        """What the figure at the end of the line needs: an amount in yen may be long."""
        words = self.currency.rounded(self.outlook.likely) if self.outlook else ""
        return max(66, canvas.width(words, bold=True) + 6)

    def _scale(self, canvas: Canvas, box: Box) -> Scale:
        heights = [*accumulate(self.spent), *(self.outlook or ()), self._near_budget() or 0]
        high = max([*heights, 0]) or 10**9
        scale = Scale(min([*heights, 0]) * 1.08, high * 1.12, box)
        left = box.left + marks_width(canvas, scale, money_mark(self.currency)) + 8
        return scale._replace(box=box._replace(left=left))

    def _near_budget(self) -> int | None:
        """The budget if it can be drawn without flattening the line."""
        highest = max([self.total, *(self.outlook or ())])
        far = self.budget is not None and 0 < highest * _FAR < self.budget
        return None if far else self.budget

    def _line(self, days: Days, scale: Scale) -> list[Point]:
        """From zero at the period's start, a point at the end of each day."""
        start = (scale.box.left, scale.y(0))
        ends = enumerate(accumulate(self.spent), 1)
        return [start, *((scale.box.left + n * days.slot, scale.y(sum_)) for n, sum_ in ends)]

    def _draw_spent(self, canvas: Canvas, line: Sequence[Point], scale: Scale) -> None:
        zero = scale.y(0)
        canvas.area([*line, (line[-1][0], zero), (line[0][0], zero)], lighter(MAIN, 0.82), 0.8)
        solid = line[:-1] if self._is_open() and len(line) > 1 else line
        canvas.line(solid, MAIN, 2.6)
        canvas.line(line[len(solid) - 1 :], MAIN, 2.6, ":")
        canvas.dot(line[-1], MAIN)

    @property
    def _is_over(self) -> bool:
        return len(self.spent) == len(self.period.span) and not self._is_open()

    def _is_open(self) -> bool:
        return bool(self.spent) and self.open_day == self._days()[-1]

    def _draw_outlook(self, canvas: Canvas, last: Point, scale: Scale) -> None:
        if self.outlook is None:
            return
        right = scale.box.right
        low, likely, high = map(scale.y, self.outlook)
        canvas.area([last, (right, high), (right, low)], lighter(MAIN, 0.7), 0.55)
        canvas.line([last, (right, likely)], MAIN, 1.8, "--")

    def _draw_budget(self, canvas: Canvas, scale: Scale, days: Days) -> None:
        if self.budget is None:
            return
        words = f"budget {self.currency.rounded(self.budget)}"
        left, right = scale.box.left, scale.box.right
        if self._near_budget() is None:
            words = f"↑ {words}, far above"
            canvas.text((left + 2, scale.box.top - 7), words, colour=ALARM)
            return
        y = scale.y(self.budget)
        canvas.line([(left, y), (right, y)], ALARM, 1.6)
        x = clear_of_gaps(canvas, words, days, self.missing)
        canvas.text((x, y - 8), words, colour=ALARM, halo=True)

    def _end_labels(self, canvas: Canvas, last: Point, scale: Scale) -> None:
        """What has been spent, beside the last point; what is expected, beside the line's end."""
        if self.spent:
            words = self.currency.rounded(self.total) + (" so far" if self._is_open() else "")
            x = min(last[0] + 7, WIDTH - EDGE - canvas.width(words, bold=True))
            below = last[1] + 11 if last[1] + 20 < scale.box.bottom else last[1] - 12
            canvas.text((x, below), words, bold=True, colour=INK, halo=True)
        if self.outlook:
            likely = self.outlook.likely
            x, y = scale.box.right + 6, scale.y(likely)
            canvas.text((x, y), self.currency.rounded(likely), bold=True, colour=MAIN)
            canvas.text((x, y + 14), "expected", colour=MUTED)
