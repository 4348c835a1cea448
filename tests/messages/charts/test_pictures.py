"""Every chart, whatever it is given: a small PNG, always the same, nothing overlapping."""

from __future__ import annotations

import io
import subprocess
import sys
from functools import cache
from itertools import combinations
from time import process_time
from typing import Any, NamedTuple

import numpy as np
import pytest
from matplotlib.text import Text
from PIL import Image

from bot.messages.charts import Plot, picture, png
from bot.messages.charts.canvas import Canvas
from bot.messages.charts.frame import HEIGHT, WIDTH
from bot.messages.charts.palette import ALARM
from tests.messages.charts.plots import PLOTS

every_plot = pytest.mark.parametrize("plot", PLOTS.values(), ids=PLOTS.keys())


every_name = pytest.mark.parametrize("name", PLOTS)


class Drawn(NamedTuple):
    """What stands where in a picture, in units of the card."""

    texts: list[tuple[str, tuple[float, ...]]]
    """The words, and the rectangles they take."""
    limits: list[Any]
    """From where to where each line of a limit goes."""


@cache
def drawn(name: str) -> Drawn:
    canvas = Canvas()
    PLOTS[name].draw(canvas)
    renderer = canvas._agg.get_renderer()
    found = []
    for text in canvas._axes.texts:
        assert isinstance(text, Text)
        assert text.get_parse_math() is False
        box = text.get_window_extent(renderer)
        scale = WIDTH / canvas._figure.bbox.width
        found.append((text.get_text(), tuple(value * scale for value in box.extents)))
    lines = [line for line in canvas._axes.lines if line.get_color() == ALARM]
    return Drawn(found, [np.asarray(line.get_xydata(), float).tolist() for line in lines])


@cache
def made(name: str) -> bytes:
    return png(PLOTS[name])


@every_name
def test_a_picture_is_a_small_png_of_fixed_size(name: str) -> None:
    data = made(name)
    assert len(data) < 100_000
    with Image.open(io.BytesIO(data)) as picture:
        assert (picture.format, picture.size) == ("PNG", (960, 600))
        assert picture.info.keys() <= {"transparency"}, "no date, no program's name"


@every_name
def test_no_words_leave_the_card_or_lie_on_other_words(name: str) -> None:
    found = drawn(name).texts
    for words, (left, bottom, right, top) in found:
        inside = left >= 0 and bottom >= 0 and right <= WIDTH and top <= HEIGHT
        assert inside, words
    for (one, a), (other, b) in combinations(found, 2):
        apart = a[2] < b[0] + 1 or b[2] < a[0] + 1 or a[3] < b[1] + 1 or b[3] < a[1] + 1
        assert apart, f"{one!r} lies on {other!r}"


@every_name
def test_no_limit_is_drawn_through_words(name: str) -> None:
    texts, limits = drawn(name)
    for words, (left, bottom, right, top) in texts:
        for (start, y), (end, _) in limits:
            beside = right < start or left > end
            assert beside or not bottom < HEIGHT - y < top - 1, words


@every_plot
def test_the_words_for_a_chart_are_one_line_of_sane_length(plot: Plot) -> None:
    alt = plot.alt()
    assert alt.endswith(".")
    assert alt.isprintable()
    assert 10 < len(alt) < 700


@pytest.mark.parametrize("name", ["daily", "month", "tokens", "requests", "share"])
def test_the_same_values_give_the_same_bytes(name: str) -> None:
    assert png(PLOTS[name]) == made(name)


def test_a_picture_is_drawn_while_nobody_waits() -> None:
    png(PLOTS["daily"])
    times = []
    for _ in range(3):
        started = process_time()
        png(PLOTS["daily"])
        times.append(process_time() - started)
    assert min(times) < 0.8, "0.15 s of a processor"


def test_a_picture_becomes_a_part_of_a_message() -> None:
    chart = picture(PLOTS["share, one"], "share.png")
    assert (chart.name, chart.alt) == (
        "share.png",
        "Shares of November so far, $312.00 in total: Search 100% ($312.00).",
    )
    assert chart.png.startswith(b"\x89PNG\r\n\x1a\n")


def test_matplotlib_is_imported_to_draw_only_and_pyplot_never() -> None:
    script = """
import sys
from bot.messages.charts import Share, Part, png
assert "matplotlib" not in sys.modules
png(Share((Part("a", "Search", 5),), "November so far", currency=None))
assert "matplotlib" in sys.modules
assert "matplotlib.pyplot" not in sys.modules
"""
    subprocess.run([sys.executable, "-W", "error", "-c", script], check=True)
