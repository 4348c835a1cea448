"""Pictures of spend: values in, PNG bytes out, with a sentence that says what they show.

    picture(DailyCost(span, projects, cap=200 * NANOS_PER_UNIT), "cost-per-day.png") -> Chart

Importing this is cheap; matplotlib is imported when the first picture is drawn. 960 x 600 pixels,
under 100 KB, the same bytes for the same values; any names, any number of subjects.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from bot.messages.charts.daily_cost import DailyCost
from bot.messages.charts.history import AlertHistory
from bot.messages.charts.model_requests import RequestsByModel
from bot.messages.charts.month_to_date import MonthToDate, Outlook
from bot.messages.charts.series import Part, Series
from bot.messages.charts.share import Share
from bot.messages.charts.tokens import TokensPerDay
from bot.messages.model import Chart

if TYPE_CHECKING:
    from bot.messages.charts.canvas import Canvas

__all__ = [
    "AlertHistory",
    "DailyCost",
    "MonthToDate",
    "Outlook",
    "Part",
    "Plot",
    "RequestsByModel",
    "Series",
    "Share",
    "TokensPerDay",
    "picture",
    "png",
    "svg",
]


class Plot(Protocol):
    """Something that can be drawn and said."""

    def draw(self, canvas: Canvas) -> None:
        """Draw it on an empty card."""
        ...

    def alt(self) -> str:
        """What the picture shows, in words and numbers."""
        ...


def picture(plot: Plot, name: str) -> Chart:
    """The plot as a part of a message; `name` is the file's, without folder."""
    return Chart(name, plot.alt(), png(plot))


def png(plot: Plot) -> bytes:
    """The plot as a PNG file."""
    from bot.messages.charts.canvas import Canvas  # noqa: PLC0415  matplotlib takes 0.3 s to import

    canvas = Canvas()
    plot.draw(canvas)
    return canvas.png()


def svg(plot: Plot) -> bytes:
    """The plot as an SVG file."""
    from bot.messages.charts.canvas import Canvas  # noqa: PLC0415  matplotlib takes 0.3 s to import

    canvas = Canvas()
    plot.draw(canvas)
    return canvas.svg()
