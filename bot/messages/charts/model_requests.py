"""Requests by model, each bar stacked by project."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from bot.messages.charts.frame import EDGE, HEIGHT, WIDTH, Box, heading, legend
from bot.messages.charts.palette import MUTED, PAPER
from bot.messages.charts.series import Series, colour_of, fold, short
from bot.messages.figures import count, percent
from bot.spend.names import clean

if TYPE_CHECKING:  # matplotlib is imported when something is drawn
    from bot.messages.charts.canvas import Canvas

_PROJECTS, _MODELS = 6, 7
_NAMES_MOST = 150


class _Row(NamedTuple):
    """A model's bar: requests of each project, in the projects' order."""

    name: str
    values: tuple[int, ...]

    @property
    def total(self) -> int:
        return sum(self.values)


@dataclass(frozen=True, slots=True)
class RequestsByModel:
    """How many requests each project made to each model.

    `projects[p].values[m]` is the number for `models[m]`; none is negative. `period` says when,
    as in "in the last 30 days". `title` replaces the computed takeaway; `colours` keeps those
    another chart of the message has given.
    """

    models: tuple[str, ...]
    projects: tuple[Series, ...]
    period: str
    title: str = ""
    colours: Mapping[str, str] = field(default_factory=dict)

    def _rows(self, shown: Sequence[Series]) -> list[_Row]:
        """The models with most requests, and the rest as one row."""
        columns = zip(*(one.values for one in shown), strict=True)
        rows = [_Row(*row) for row in zip(self.models, columns, strict=False) if any(row[1])]
        rows.sort(key=lambda row: (-row.total, row.name))
        if len(rows) <= _MODELS + 1:
            return rows
        rest = rows[_MODELS:]
        values = tuple(map(sum, zip(*(row.values for row in rest), strict=True)))
        return [*rows[:_MODELS], _Row(f"{len(rest):,} other models", values)]

    def headline(self) -> str:
        """The takeaway: the model asked most."""
        rows = self._rows(fold(self.projects, _PROJECTS))
        return self._takeaway([row._replace(name=clean(row.name)) for row in rows])

    def _takeaway(self, rows: Sequence[_Row]) -> str:
        if not rows:
            return f"No requests {self.period}"
        share = percent(rows[0].total, sum(row.total for row in rows))
        return f"{rows[0].name} answered {share} of requests {self.period}"

    def alt(self) -> str:
        """What the picture shows, in words and numbers."""
        shown = fold(self.projects, _PROJECTS)
        rows = self._rows(shown)
        whole = sum(row.total for row in rows)
        models = ", ".join(f"{clean(row.name)} {count(row.total)}" for row in rows[:4])
        projects = ", ".join(f"{p.name} {percent(p.total, whole)}" for p in short(shown)[:3])
        said = f"Requests by model {self.period}: {count(whole)} in total"
        return f"{said}; {models}. By project: {projects}." if rows else f"{said}."

    def draw(self, canvas: Canvas) -> None:
        """Draw it on an empty card."""
        shown = canvas.labelled(fold(self.projects, _PROJECTS))
        rows = [row._replace(name=canvas.label(row.name)) for row in self._rows(shown)]
        top = heading(canvas, self.title or self._takeaway(rows), "Requests by model and project")
        colours = colour_of(shown, self.colours)
        if len(shown) > 1:
            top = legend(canvas, [(colours[one.id], one.name) for one in shown], top)
        in_order = [colours[one.id] for one in shown]
        _Bars(canvas, Box(EDGE, top + 8, WIDTH - EDGE, HEIGHT - EDGE + 4)).draw(rows, in_order)


@dataclass(frozen=True, slots=True)
class _Bars:
    """Bars one below the other: name, bar, total."""

    canvas: Canvas
    box: Box

    def draw(self, rows: Sequence[_Row], colours: Sequence[str]) -> None:
        if not rows:
            return
        names = min(max(self.canvas.width(row.name) for row in rows), _NAMES_MOST)
        figures = max(self.canvas.width(count(row.total)) for row in rows)
        bars = Box(self.box.left + names + 8, self.box.top, self.box.right - figures - 6, 0)
        slot = min(self.box.height / len(rows), 34)
        unit = bars.width / max(row.total for row in rows)
        for n, row in enumerate(rows):
            y = self.box.top + (n + 0.5) * slot
            shown = self.canvas.squeezed(row.name, _NAMES_MOST)
            self.canvas.text((bars.left - 8, y), shown, align="right")
            end = self._bar(row, (bars.left, y), (unit, min(slot * 0.66, 20)), colours)
            self.canvas.text((end + 6, y), count(row.total), colour=MUTED)

    def _bar(
        self,
        row: _Row,
        start: tuple[float, float],
        size: tuple[float, float],
        colours: Sequence[str],
    ) -> float:
        """The row's bar from `start`, `size` being the width of a request and the height."""
        (x, y), (unit, height) = start, size
        for value, colour in zip(row.values, colours, strict=True):
            width = max(value, 0) * unit
            self.canvas.box((x, y - height / 2), (width, height), colour)
            x += width
            if width > 3:  # a thin line of paper keeps neighbours apart without their colours
                self.canvas.box((x - 0.7, y - height / 2), (0.7, height), PAPER)
        return x
