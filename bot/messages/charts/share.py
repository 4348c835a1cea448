"""Who takes how much: each large subject's share, and the small ones as "Other", in detail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from bot.messages.charts.frame import EDGE, HEIGHT, WIDTH, heading, key_figure
from bot.messages.charts.palette import MUTED, OTHER, RULE
from bot.messages.charts.series import OTHER_ID, Part, colour_of
from bot.messages.figures import count, percent
from bot.spend.currency import Currency
from bot.spend.names import clean

if TYPE_CHECKING:  # matplotlib is imported when something is drawn
    from bot.messages.charts.canvas import Canvas

_LARGE = 0.05
_MOST_LARGE, _MOST_SMALL = 7, 4
_NAMES_MOST = 150
_TALLEST = 28
_BETWEEN = 1.05  # of a line, above the breakdown


class _Shares(NamedTuple):
    """The subjects to show as themselves, those folded into "Other", and the sum of both."""

    large: list[Part]
    small: list[Part]
    whole: int

    @property
    def rest(self) -> int:
        return sum(part.value for part in self.small)


@dataclass(frozen=True, slots=True)
class Share:
    """How much of a total each subject took.

    The values are nanos of a currency, or counts without one. Only what is above zero can be a
    share; the rest (credits) is left out and said. `period` is what is shared, in words such as
    "November so far". Whoever took less than 5% goes into "Other", which is broken down below.
    `title` replaces the computed takeaway; `colours` keeps those another chart has given.
    """

    parts: tuple[Part, ...]
    period: str
    currency: Currency | None = field(kw_only=True)
    title: str = ""
    colours: Mapping[str, str] = field(default_factory=dict)

    def _shares(self) -> _Shares:
        ranked = sorted((p for p in self.parts if p.value > 0), key=lambda p: (-p.value, p.id))
        whole = sum(part.value for part in ranked)
        large = [part for part in ranked if part.value >= _LARGE * whole][:_MOST_LARGE]
        small = ranked[len(large) :]
        # One small subject alone is shown as itself.
        return _Shares(ranked, [], whole) if len(small) == 1 else _Shares(large, small, whole)

    def headline(self) -> str:
        """The takeaway: who took the largest share."""
        shares = self._shares()
        return self._takeaway(clean(shares.large[0].name) if shares.large else "", shares)

    def _takeaway(self, largest: str, shares: _Shares) -> str:
        if largest:
            return f"{largest} took {percent(shares.large[0].value, shares.whole)} of {self.period}"
        if shares.small:
            period = self.period[:1].upper() + self.period[1:]
            return f"{period} is spread over {len(shares.small):,}, none above 5%"
        return f"Nothing to share in {self.period}"

    def alt(self) -> str:
        """What the picture shows, in words and numbers."""
        large, small, whole = shares = self._shares()
        named = [Part(part.id, clean(part.name), part.value) for part in large]
        listed = ", ".join(
            f"{part.name} {percent(part.value, whole)} ({self._exact(part.value)})"
            for part in [*named, *_other(shares, f"{len(small):,} others")]
        )
        said = f"Shares of {self.period}, {self._exact(whole)} in total"
        return f"{said}: {listed}." if listed else f"{said}."

    def figure(self, value: int) -> str:
        """A value as it stands beside its bar."""
        return key_figure(value, self.currency) if self.currency else count(value)

    def _exact(self, value: int) -> str:
        return self.currency.text(value) if self.currency else count(value)

    def draw(self, canvas: Canvas) -> None:
        """Draw it on an empty card."""
        shares = self._shares()
        shown = _labelled(canvas, shares.large)
        title = self.title or self._takeaway(shown[0].name if shown else "", shares)
        top = heading(canvas, title, self._subtitle(shares.whole)) + 8
        main = _rows(shown, shares.whole, self)
        main += _rows(_other(shares, f"Other ({len(shares.small):,})"), shares.whole, self)
        detail = _rows(_labelled(canvas, _detail(shares.small)), shares.whole, self)
        detail = [row._replace(bar=row.part.id != OTHER_ID) for row in detail]
        lines = len(main) + (len(detail) + _BETWEEN if detail else 0)
        slot = min((HEIGHT - EDGE + 4 - top) / max(lines, 1), _TALLEST)
        bars = _Bars(canvas, slot, *_sides(canvas, [*main, *detail]))
        bars.draw(main, top, colour_of(shares.large, self.colours))
        bars.draw_detail(detail, main, top + (len(main) + _BETWEEN) * slot)

    def _subtitle(self, whole: int) -> str:
        credited = -sum(part.value for part in self.parts if part.value < 0)
        less = f" · credits of {self.figure(credited)} not shown" if credited else ""
        return f"{self.figure(whole)} in all{less}"


class _Row(NamedTuple):
    """A bar and its words."""

    part: Part
    share: str
    figure: str
    bar: bool = True


def _rows(parts: Sequence[Part], whole: int, of: Share) -> list[_Row]:
    return [_Row(p, percent(p.value, whole), of.figure(p.value)) for p in parts]


def _labelled(canvas: Canvas, parts: Sequence[Part]) -> list[Part]:
    return [part._replace(name=canvas.label(part.name, part.id)) for part in parts]


def _other(shares: _Shares, name: str) -> list[Part]:
    return [Part(OTHER_ID, name, shares.rest)] if shares.small else []


def _detail(small: Sequence[Part]) -> list[Part]:
    """The largest of the small ones by name, the others as a number."""
    if len(small) <= _MOST_SMALL + 1:
        return list(small)
    rest = small[_MOST_SMALL:]
    more = Part(OTHER_ID, f"{len(rest):,} more", sum(part.value for part in rest))
    return [*small[:_MOST_SMALL], more]


def _sides(canvas: Canvas, rows: Sequence[_Row]) -> tuple[float, float]:
    """Room for the names on the left; for the shares and figures on the right."""
    names = max((canvas.width(row.part.name) for row in rows), default=0)
    shares = max((canvas.width(row.share, bold=True) for row in rows), default=0)
    figures = max((canvas.width(row.figure) for row in rows), default=0)
    return min(names, _NAMES_MOST), shares + figures


def _largest(rows: Sequence[_Row]) -> int:
    """The longest bar: in the breakdown "N more" has none, which would dwarf those with names."""
    return max((row.part.value for row in rows if row.bar), default=1)


@dataclass(frozen=True, slots=True)
class _Bars:
    """Bars one below the other, each with its name, share and figure."""

    canvas: Canvas
    slot: float
    names: float
    figures: float

    def draw(self, rows: Sequence[_Row], top: float, colours: Mapping[str, str]) -> None:
        for n, row in enumerate(rows):
            y = top + (n + 0.5) * self.slot
            self._row(row, y, colours[row.part.id], _largest(rows))

    def draw_detail(self, rows: Sequence[_Row], above: Sequence[_Row], top: float) -> None:
        """The breakdown of "Other", on a scale of its own, said to be so."""
        if not rows:
            return
        y = top - 0.5 * self.slot
        times = _largest(above) / _largest(rows)
        words = "Other in detail" + (f", bars {times:,.0f}× longer" if times >= 1.5 else "")
        self.canvas.text((EDGE, y), words, colour=MUTED)
        self.canvas.line([(EDGE + self.canvas.width(words) + 8, y), (WIDTH - EDGE, y)], RULE)
        self.draw(rows, top, {row.part.id: OTHER for row in rows})

    def _row(self, row: _Row, y: float, colour: str, scale: int) -> None:
        canvas = self.canvas
        left, right = EDGE + self.names + 8, WIDTH - EDGE - self.figures - 24
        height = min(self.slot * 0.68, 18)
        width = max((right - left) * row.part.value / scale, 1) if row.bar else -6
        canvas.text((left - 8, y), canvas.fitted(row.part.name, self.names + 1), align="right")
        if row.bar:
            canvas.box((left, y - height / 2), (width, height), colour)
        canvas.text((left + width + 6, y), row.share, bold=True)
        canvas.text((WIDTH - EDGE, y), row.figure, align="right", colour=MUTED)
