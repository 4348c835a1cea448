"""A history day by day, and below it a row for each rule with a dot on each day it spoke."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

from bot.messages.charts.days import BELOW, Days, day_axis, gaps, span_name
from bot.messages.charts.frame import (
    EDGE,
    HEIGHT,
    WIDTH,
    Box,
    Scale,
    heading,
    marks_width,
    money_mark,
    rules,
)
from bot.messages.charts.palette import ALARM, MAIN, MUTED, RULE, lighter
from bot.spend.calendar import Span, day_name
from bot.spend.currency import Currency
from bot.spend.names import clean

if TYPE_CHECKING:  # matplotlib is imported when something is drawn
    from bot.messages.charts.canvas import Canvas

_ROWS = 6
_ROW = 15
_NAMES_MOST = 130


@dataclass(frozen=True, slots=True)
class AlertHistory:
    """What each day cost, in nanos, and the days on which each rule spoke.

    `told` maps a rule's name to the days of its alerts, a day twice for two alerts. Days in
    `missing` have no data. `title` replaces the computed takeaway.
    """

    span: Span
    totals: tuple[int, ...]
    currency: Currency = field(kw_only=True)
    told: Mapping[str, Sequence[date]] = field(default_factory=dict)
    missing: frozenset[date] = frozenset()
    title: str = ""

    def rows(self) -> list[tuple[str, list[date]]]:
        """The rules that spoke, loudest first; the quieter ones of many as one row."""
        spoke = [(name, sorted(days)) for name, days in self.told.items() if days]
        spoke.sort(key=lambda row: (-len(row[1]), row[0]))
        if len(spoke) <= _ROWS:
            return spoke
        rest = spoke[_ROWS - 1 :]
        together = sorted(day for _, days in rest for day in days)
        return [*spoke[: _ROWS - 1], (f"{len(rest):,} others", together)]

    def headline(self) -> str:
        """The takeaway: how many alerts, and which rule told most of them."""
        rows, days = self.rows(), _days(len(self.span))
        count = sum(len(told) for _, told in rows)
        if not count:
            return f"No alert in {days}"
        said = f"{_alerts(count)} in {days}"
        first = clean(rows[0][0])
        return f"{said}, all from {first}" if len(rows) == 1 else f"{said}, most from {first}"

    def alt(self) -> str:
        """What the picture shows, in words and numbers."""
        top, day = max(zip(self._known(), self.span, strict=True))
        whole, highest = map(self.currency.text, (sum(self._known()), top))
        said = [
            f"Cost per UTC day, {span_name(self.span)}: {whole} in total, ",
            f"highest {highest} on {day_name(day)}. ",
        ]
        rows = [f"{clean(name)} {_alerts(len(days))}" for name, days in self.rows()]
        said.append(f"Told: {', '.join(rows)}." if rows else "No rule spoke.")
        if gone := len(self.missing & set(self.span)):
            said.append(f" No data for {_days(gone)}.")
        return "".join(said)

    def _known(self) -> list[int]:
        pairs = zip(self.span, self.totals, strict=True)
        return [0 if day in self.missing else total for day, total in pairs]

    def draw(self, canvas: Canvas) -> None:
        """Draw it on an empty card."""
        rows = [(canvas.label(name), days) for name, days in self.rows()]
        top = heading(canvas, self.title or self.headline(), self._subtitle()) + 18
        names = [f"{name} {len(days)}" for name, days in rows]
        beside = min(max(map(canvas.width, names), default=0), _NAMES_MOST)
        bottom = HEIGHT - BELOW + 10 - len(rows) * _ROW
        scale = self._scale(canvas, Box(EDGE, top, WIDTH - EDGE - beside - 10, bottom))
        days = Days(self.span, scale.box)
        rules(canvas, scale, money_mark(self.currency))
        gaps(canvas, days, self.missing)
        self._bars(canvas, days, scale)
        for n, (name, told) in enumerate(rows):
            self._row(canvas, days, bottom + (n + 0.75) * _ROW, name, told)
        lower = scale.box._replace(bottom=bottom + len(rows) * _ROW)
        day_axis(canvas, Days(self.span, lower))

    def _subtitle(self) -> str:
        count = sum(map(len, self.told.values()))
        rate = f" · {count * 7 / len(self.span):.1f} alerts a week" if len(self.span) else ""
        return f"Cost per UTC day · ● alert{rate}"

    def _scale(self, canvas: Canvas, box: Box) -> Scale:
        """The scale in what its figures on the left leave of the box."""
        known = self._known()
        high, low = max(known, default=0), min(0, *known) if known else 0
        scale = Scale(low * 1.05, (high if high > 0 else 1_000_000_000) * 1.05, box)
        return scale._replace(
            box=box._replace(left=EDGE + marks_width(canvas, scale, money_mark(self.currency)) + 8)
        )

    def _bars(self, canvas: Canvas, days: Days, scale: Scale) -> None:
        spoken = {day for told in self.told.values() for day in told}
        width = min(days.slot * 0.8, 40)
        for n, (day, total) in enumerate(zip(self.span, self._known(), strict=True)):
            top, foot = sorted((scale.y(total), scale.y(0)))
            colour = MAIN if day in spoken else lighter(MAIN, 0.55)
            if total:
                canvas.box((days.middle(n) - width / 2, top), (width, foot - top), colour)

    def _row(self, canvas: Canvas, days: Days, y: float, name: str, told: Sequence[date]) -> None:
        canvas.line([(days.box.left, y), (days.box.right, y)], RULE, 0.8)
        for day in dict.fromkeys(told):
            n = (day - self.span.start).days
            canvas.dot((days.middle(n), y), ALARM, 4.2 if told.count(day) > 1 else 3.2)
        count = str(len(told))
        room = WIDTH - EDGE - days.box.right - 10 - canvas.width(f" {count}")
        canvas.text((days.box.right + 8, y), canvas.fitted(name, room))
        canvas.text((WIDTH - EDGE, y), count, colour=MUTED, align="right")


def _alerts(count: int) -> str:
    return f"{count:,} alert{'' if count == 1 else 's'}"


def _days(count: int) -> str:
    return "1 day" if count == 1 else f"{count:,} days"
