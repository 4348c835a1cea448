"""A card of fixed size to draw on: 480 x 300 units, two pixels each, y grows downwards.

Slack shows pictures 360 to 500 pixels wide, so a unit is about a pixel there. Everything is
drawn in these units with matplotlib's Figure and Agg, never pyplot; no axes are left to decide
anything. Texts are never read as mathematics. The same drawing gives the same bytes.
Importing this module imports matplotlib (a quarter of a second).
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np
from matplotlib import rc_context
from matplotlib.artist import Artist
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.lines import Line2D
from matplotlib.patches import Circle, Polygon, Rectangle
from matplotlib.patheffects import withStroke
from matplotlib.text import Text
from PIL import Image

from bot.messages.charts.frame import HEIGHT, SMALL, WIDTH, Point
from bot.messages.charts.letters import drawable, families, label
from bot.messages.charts.palette import INK, PAPER, lighter
from bot.messages.charts.series import Series
from bot.spend.names import cut

_DPI = 200
_UNITS_PER_INCH = 100
_POINTS = 72 / _UNITS_PER_INCH

Align = Literal["left", "center", "right"]
Dash = Literal["-", "--", ":"]


class Canvas:
    """One picture in the making."""

    def __init__(self) -> None:
        size = (WIDTH / _UNITS_PER_INCH, HEIGHT / _UNITS_PER_INCH)
        self._figure = Figure(figsize=size, dpi=_DPI, facecolor=PAPER)
        self._agg: Any = FigureCanvasAgg(self._figure)
        self._layer = 0
        self._axes = self._figure.add_axes((0.0, 0.0, 1.0, 1.0))
        self._axes.set_axis_off()
        self._axes.set(xlim=(0, WIDTH), ylim=(HEIGHT, 0), autoscale_on=False)

    def box(self, corner: Point, size: Point, fill: str) -> None:
        """A filled rectangle, from its upper left corner."""
        self._add(Rectangle(corner, *size, facecolor=fill, linewidth=0))

    def unfinished_box(self, corner: Point, size: Point, fill: str) -> None:
        """A rectangle for what is not over yet: paler, with stripes."""
        paler = Rectangle(corner, *size, facecolor=lighter(fill, 0.35), linewidth=0)
        paler.set(hatch="//////", edgecolor=PAPER)
        self._add(paler)

    def line(
        self, points: Sequence[Point], colour: str, width: float = 1, dash: Dash = "-"
    ) -> None:
        """A line through the points, `width` units wide, in a matplotlib line style."""
        xs, ys = zip(*points, strict=True)
        made = Line2D(xs, ys, color=colour, linewidth=width * _POINTS, linestyle=dash)
        made.set(solid_capstyle="butt", solid_joinstyle="round")
        self._add(made)

    def area(self, points: Sequence[Point], fill: str, alpha: float = 1) -> None:
        """A filled polygon."""
        self._add(Polygon(points, closed=True, facecolor=fill, alpha=alpha, linewidth=0))

    def dot(self, at: Point, colour: str, radius: float = 3.5) -> None:
        """A disc with a rim of paper."""
        rim = 1.2 * _POINTS
        self._add(Circle(at, radius, facecolor=colour, edgecolor=PAPER, linewidth=rim))

    def text(  # noqa: PLR0913  the look of a text is the point here
        self,
        at: Point,
        words: str,
        *,
        size: float = SMALL,
        colour: str = INK,
        align: Align = "left",
        bold: bool = False,
        halo: bool = False,
        turned: bool = False,
    ) -> None:
        """Words with their left end, middle or right end at a point, centred on its y.

        `halo`: a rim of paper, for words over a drawing. `turned`: reading upwards.
        """
        made = Text(*at, drawable(words), color=colour, parse_math=False)
        made.set(fontproperties=_font(size, bold=bold), horizontalalignment=align)
        made.set(verticalalignment="center" if turned else "center_baseline")
        made.set(rotation=90 if turned else 0, path_effects=_halo() if halo else None)
        self._add(made)

    def _add(self, artist: Artist) -> None:
        """Later things lie on earlier ones, whatever their kind."""
        self._layer += 1
        artist.set_zorder(self._layer)
        self._axes.add_artist(artist)

    def width(self, words: str, size: float = SMALL, *, bold: bool = False) -> float:
        """How wide the words will be."""
        font = _font(size, bold=bold)
        renderer = self._agg.get_renderer()
        pixels, _, _ = renderer.get_text_width_height_descent(drawable(words), font, False)
        return float(pixels) * _UNITS_PER_INCH / _DPI

    def fitted(self, words: str, room: float, size: float = SMALL, *, bold: bool = False) -> str:
        """The words if they are at most `room` units wide, else their beginning and `…`."""
        words = drawable(words)
        limit = len(words)
        while limit > 1 and self.width(cut(words, limit), size, bold=bold) > room:
            limit -= 1
        return cut(words, limit)

    def squeezed(self, words: str, room: float) -> str:
        """Small words if they are at most `room` units wide, else their two ends around `…`.

        For ids and models, which differ at the end.
        """
        words = drawable(words)
        left, right = (len(words) + 1) // 2, len(words) // 2
        shown = words
        while left + right > 2 and self.width(shown) > room:
            left, right = (left - 1, right) if left > right else (left, right - 1)
            shown = f"{words[:left]}…{words[len(words) - right :]}"
        return shown

    def labelled(self, found: Iterable[Series]) -> tuple[Series, ...]:
        """The series with names that can be drawn."""
        return tuple(replace(one, name=label(one.name, one.id)) for one in found)

    def label(self, name: str, subject: str = "") -> str:
        """The name with letters that can be drawn, else the subject's id."""
        return label(name, subject)

    def png(self) -> bytes:
        """The picture: 960 x 600 pixels, without a date or a program's name in it.

        A palette of 256 colours makes it a quarter of the size with no difference to be seen; an
        octree finds it ten times as quickly as the median cut, none of its colours far off.
        """
        self._agg.draw()
        pixels = Image.fromarray(np.asarray(self._agg.buffer_rgba())).convert("RGB")
        out = io.BytesIO()
        octree, plain = Image.Quantize.FASTOCTREE, Image.Dither.NONE
        pixels.quantize(256, octree, dither=plain).save(out, "png", compress_level=6)
        return out.getvalue()

    def svg(self) -> bytes:
        """The picture as SVG, its letters as outlines: no font is needed to read it."""
        from matplotlib.backends.backend_svg import FigureCanvasSVG  # noqa: PLC0415 - seldom

        out = io.BytesIO()
        with rc_context({"svg.fonttype": "path", "svg.hashsalt": "budget-bot"}):
            metadata = dict.fromkeys(("Date", "Creator", "Format", "Type"))
            printer: Any = FigureCanvasSVG(self._figure)
            printer.print_svg(out, metadata=metadata)
        return out.getvalue()


def _font(size: float, *, bold: bool) -> Any:
    weight = "bold" if bold else "regular"
    return FontProperties(family=list(families()), size=size * _POINTS, weight=weight)


def _halo() -> list[Any]:
    return [withStroke(linewidth=2.4, foreground=PAPER)]
