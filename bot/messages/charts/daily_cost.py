"""Cost per day, stacked by project, with the cap, what is not over, what is missing, alerts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

from bot.messages.charts.bars import Bars
from bot.messages.charts.days import (
    BELOW,
    Days,
    clear_of_gaps,
    day_axis,
    gaps,
    least,
    span_name,
)
from bot.messages.charts.frame import (
    EDGE,
    HEIGHT,
    WIDTH,
    Box,
    Entry,
    Scale,
    heading,
    key,
    key_figure,
    key_width,
    marks_width,
    money_mark,
    rules,
)
from bot.messages.charts.palette import ALARM, INK, OTHER
from bot.messages.charts.series import OTHER_ID, Series, colour_of, fold, members_of, short
from bot.messages.figures import percent
from bot.spend.calendar import ONE_DAY, Span, day_name
from bot.spend.currency import Currency

if TYPE_CHECKING:  # matplotlib is imported when something is drawn
    from bot.messages.charts.canvas import Canvas

_PROJECTS = 6
_FAR = 2.5  # a cap this many times the highest day would flatten every bar


@dataclass(frozen=True, slots=True)
class DailyCost:
    """What each project cost on each day of a span (about 30), in nanos.

    `open_day` is not over: it is drawn paler and called "so far". Days in `missing` were not read
    whole: their values are the least they can be, and so are sums with them. `alerts`: days to
    mark. `title` replaces the computed takeaway; `colours` keeps those another chart of the
    message has given.
    """

    span: Span
    projects: tuple[Series, ...]
    currency: Currency = field(kw_only=True)
    cap: int | None = None
    open_day: date | None = None
    missing: frozenset[date] = frozenset()
    alerts: frozenset[date] = frozenset()
    usual: tuple[tuple[float, float] | None, ...] = ()
    """Per day of the span, between what it would usually lie; None where nobody knows."""
    title: str = ""
    colours: Mapping[str, str] = field(default_factory=dict)

    def totals(self) -> list[int]:
        """What each day cost, as far as it is known."""
        columns = zip(self.span, *(one.values for one in self.projects), strict=True)
        return [sum(values) for _, *values in columns]

    def _shown(self) -> list[Series]:
        return fold(self.projects, _PROJECTS)

    def headline(self) -> str:
        """The takeaway: days above the cap, else the project that cost most."""
        return self._takeaway(short(self._shown()))

    @property
    def _many(self) -> int:
        return members_of(self.projects)

    def _takeaway(self, shown: Sequence[Series]) -> str:
        over = self._days_over_cap()
        if over and self.cap is not None:
            return self._over_cap(over, self.currency.rounded(self.cap))
        if unusual := self._unusual():
            return unusual
        total, days = sum(one.total for one in shown), _days(self.span)
        if total <= 0 and self.missing.issuperset(self.span):
            return f"No data for {days}"
        if total <= 0:
            return f"Nothing spent in {days}"
        return self._who_spent(shown, self.currency.rounded(total), days)

    def _who_spent(self, shown: Sequence[Series], total: str, days: str) -> str:
        largest, whole = max(shown, key=lambda one: one.total), sum(one.total for one in shown)
        at_least = "At least " if self._missing_days else ""
        if largest.id == OTHER_ID:
            return f"{at_least}{total} in {days}, spread over {self._many:,} projects"
        if len(shown) == 1:
            return f"{at_least}{total} in {days}, all by {largest.name}"
        known = f"the {total} known of" if at_least else f"{total} in"
        return f"{largest.name} took {percent(largest.total, whole)} of {known} {days}"

    @property
    def _missing_days(self) -> list[date]:
        return [day for day in self.span if day in self.missing]

    def _unusual(self) -> str:
        """The last finished day, where it lies outside of its usual range."""
        days = [n for n, day in enumerate(self.span) if day != self.open_day]
        n = days[-1] if days else 0
        day, ends = self.span.start + n * ONE_DAY, (*self.usual, *[None] * len(self.span))[n]
        spent = self.totals()[n]
        if ends is None or day in self.missing or ends[0] <= spent <= ends[1]:
            return ""
        low, high = (key_figure(end, self.currency) for end in ends)
        where = "above" if spent > ends[1] else "below"
        cost = self.currency.rounded(spent)
        return f"{day_name(day)} cost {cost}, {where} the usual {low} to {high}"

    def _over_cap(self, over: Sequence[date], cap: str) -> str:
        if len(over) > 1:
            return f"{len(over)} of {len(self.span)} days cost more than the cap of {cap}"
        spent = self.totals()[list(self.span).index(over[0])]
        return f"{day_name(over[0])} cost {self.currency.rounded(spent)}, above the cap of {cap}"

    def _days_over_cap(self) -> list[date]:
        pairs = zip(self.span, self.totals(), strict=True)
        return [day for day, total in pairs if self.cap is not None and total > self.cap]

    def alt(self) -> str:
        """What the picture shows, in words and numbers."""
        totals, ranked = self.totals(), short(self._shown())
        whole = sum(totals)
        spent = least(self.currency.text(whole), whole, self._missing_days)
        said = [f"Cost per day by project, {span_name(self.span)}: {spent} in total"]
        if whole > 0:
            top, day = max(zip(totals, self.span, strict=True))
            said.append(f", highest {self.currency.text(top)} on {day_name(day)}. ")
            said.append(", ".join(f"{one.name} {percent(one.total, whole)}" for one in ranked[:3]))
        said.append(". ")
        said.extend(self._remarks(totals))
        return "".join(said).strip()

    def _remarks(self, totals: Sequence[int]) -> list[str]:
        said = []
        if self.cap is not None:
            over = len(self._days_over_cap())
            far = " as far as is known" if self._missing_days else ""
            passed = f"was passed on {_days_number(over)}" if over else f"was not passed{far}"
            said.append(f"The cap of {self.currency.as_set(self.cap)} a day {passed}. ")
        if gone := len(self._missing_days):
            said.append(f"{_days_number(gone)} {'was' if gone == 1 else 'were'} not read whole. ")
        if self.open_day is not None and self.open_day in self.span:
            so_far = totals[list(self.span).index(self.open_day)]
            said.append(
                f"{day_name(self.open_day)} is not over: {self.currency.text(so_far)} so far. "
            )
        return said

    def draw(self, canvas: Canvas) -> None:
        """Draw it on an empty card."""
        shown = canvas.labelled(self._shown())
        top = heading(canvas, self.title or self._takeaway(shown), self._subtitle()) + 18
        colours = colour_of(shown, self.colours)
        entries = self._entries(shown, colours) if len(shown) > 1 else []
        right = WIDTH - EDGE - key_width(canvas, entries)
        scale = self._scale(canvas, Box(EDGE, top, right, HEIGHT - BELOW))
        days = Days(self.span, scale.box)
        rules(canvas, scale, money_mark(self.currency))
        limit = self._near_cap()
        line = None if limit is None else scale.y(limit)
        gaps(canvas, days, self.missing, line, self.totals())
        self._usual_range(canvas, days, scale)
        partly = self.missing | frozenset({self.open_day} if self.open_day else ())
        Bars(canvas, days, scale, partly).draw(shown, colours)
        self._usual_edge(canvas, days, scale)
        self._cap_line(canvas, scale, days)
        self._alert_marks(canvas, days, scale)
        day_axis(canvas, days, self.open_day)
        key(canvas, entries, scale.box, _days(self.span))

    def _entries(self, shown: Sequence[Series], colours: Mapping[str, str]) -> list[Entry]:
        """The projects in the order they are stacked, with what they cost."""
        return [
            Entry(colours[one.id], one.name, key_figure(one.total, self.currency))
            for one in reversed(shown)
        ]

    def _subtitle(self) -> str:
        alerts = " · ▼ alert" if self.alerts & set(self.span) else ""
        usual = " · shaded: the usual range" if any(self.usual) else ""
        by = ", by project" if len(self.projects) > 1 else ""
        return f"Cost per UTC day{by}{usual}{alerts}"

    def _scale(self, canvas: Canvas, box: Box) -> Scale:
        """The scale in what its figures on the left leave of the box."""
        ups = [sum(v for v in column if v > 0) for column in self._columns()]
        downs = [sum(v for v in column if v < 0) for column in self._columns()]
        high = max([*ups, self._near_cap() or 0]) or 10**9
        scale = Scale(min(downs, default=0) * 1.08, high * 1.12, box)
        left = box.left + marks_width(canvas, scale, money_mark(self.currency)) + 8
        return scale._replace(box=box._replace(left=left))

    def _columns(self) -> list[tuple[int, ...]]:
        columns = zip(self.span, *(one.values for one in self.projects), strict=True)
        return [tuple(values) for _, *values in columns]

    def _near_cap(self) -> int | None:
        """The cap if it can be drawn without flattening every bar."""
        highest = max(self.totals(), default=0)
        far = self.cap is not None and highest > 0 and self.cap > _FAR * highest
        return None if far else self.cap

    def _cap_line(self, canvas: Canvas, scale: Scale, days: Days) -> None:
        if self.cap is None:
            return
        left, right = scale.box.left, scale.box.right
        if self._near_cap() is None:
            words = f"cap {self.currency.rounded(self.cap)}, far above"
            canvas.text((left + 2, scale.box.top - 7), f"↑ {words}", colour=ALARM)
            return
        y = scale.y(self.cap)
        canvas.line([(left, y), (right, y)], ALARM, 1.4, "--")
        words = f"cap {self.currency.rounded(self.cap)}"
        x = clear_of_gaps(canvas, words, days, self.missing)
        canvas.text((x, y - 8), words, colour=ALARM, halo=True)

    def _usual_range(self, canvas: Canvas, days: Days, scale: Scale) -> None:
        """A shade behind each day from the least to the most that would be usual."""
        for n, (low, high) in self._usual_days(scale):
            left, right = days.middle(n) - days.slot / 2, days.middle(n) + days.slot / 2
            corners = [(left, high), (right, high), (right, low), (left, low)]
            canvas.area(corners, OTHER, 0.38)

    def _usual_edge(self, canvas: Canvas, days: Days, scale: Scale) -> None:
        """A thin line over each bar at the most that would be usual."""
        for n, (_, high) in self._usual_days(scale):
            half = days.slot / 2
            canvas.line([(days.middle(n) - half, high), (days.middle(n) + half, high)], INK, 0.8)

    def _usual_days(self, scale: Scale) -> Iterator[tuple[int, tuple[float, float]]]:
        """Days by number with the y of both ends of their usual range, where that fits."""
        for n, ends in enumerate(self.usual):
            if ends is not None and scale.y(ends[1]) >= scale.box.top:
                yield n, (scale.y(ends[0]), scale.y(ends[1]))

    def _alert_marks(self, canvas: Canvas, days: Days, scale: Scale) -> None:
        """A mark above the bar of each day that had an alert."""
        for n, (day, column) in enumerate(zip(self.span, self._columns(), strict=False)):
            x, y = days.middle(n), scale.y(sum(v for v in column if v > 0))
            if day in self.alerts:
                canvas.area([(x - 4.5, y - 11), (x + 4.5, y - 11), (x, y - 3)], ALARM)


def _days(span: Span) -> str:
    return "a day" if len(span) == 1 else f"{len(span)} days"


def _days_number(number: int) -> str:
    return "1 day" if number == 1 else f"{number} days"
