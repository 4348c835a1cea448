"""Names in pictures: never an empty box, never mathematics, still recognisable."""

from __future__ import annotations

import pytest

from bot.messages.charts import letters
from bot.messages.charts.canvas import Canvas
from bot.messages.charts.frame import money_mark, round_step
from bot.spend.currency import USD
from bot.spend.money import NANOS_PER_UNIT


@pytest.fixture
def _only_dejavu(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a machine without fonts of its own, whatever this one has."""
    regular = letters._charmap(letters.FONT, "regular") & letters._charmap(letters.FONT, "bold")
    monkeypatch.setattr(letters, "_letters", lambda: frozenset(regular))


@pytest.mark.usefixtures("_only_dejavu")
@pytest.mark.parametrize(
    ("name", "subject", "shown"),
    [
        ("Search", "proj_1", "Search"),
        ("$\\frac$ $5 and $10", "proj_1", "$\\frac$ $5 and $10"),
        ("🚀 launch", "proj_1", "launch"),
        ("Поиск Ünïcode", "proj_1", "Поиск Ünïcode"),
        ("検索 team", "proj_1", "?? team"),
        ("検索チーム", "proj_1", "proj_1"),
        ("検索チーム", "", "?????"),
        ("🚀🚀", "proj_1", "proj_1"),
        ("🚀", "", "(unnamed)"),
        ("Ｓｅａｒｃｈ", "proj_1", "Search"),
        ("two\nlines", "proj_1", "two lines"),
        ("", "", "(unnamed)"),
    ],
)
def test_a_name_is_drawn_with_the_letters_there_are(name: str, subject: str, shown: str) -> None:
    assert letters.label(name, subject) == shown


def test_fonts_that_draw_boxes_on_purpose_are_not_used() -> None:
    assert letters.families()[0] == "DejaVu Sans"
    assert not [name for name in letters.families() if "Last Resort" in name]


def test_words_are_cut_to_the_room_there_is() -> None:
    canvas = Canvas()
    assert canvas.fitted("Customer support assistant", 90) == "Customer su…"
    assert canvas.width(canvas.fitted("W" * 200, 90)) <= 90
    assert canvas.fitted("Search", 90) == "Search"


def test_a_model_is_cut_in_the_middle_where_models_are_alike() -> None:
    canvas = Canvas()
    shown = canvas.squeezed("ft:gpt-4o-mini-2024-07-18:acme:support-2", 110)
    assert shown == "ft:gpt-4…upport-2"


@pytest.mark.parametrize(
    ("dollars", "step", "mark"),
    [
        (0, 50, "$0"),
        (200, 50, "$200"),
        (1_500, 500, "$1,500"),
        (25_000, 25_000, "$25,000"),
        (1_500_000, 500_000, "$1.5M"),
        (0.5, 0.25, "$0.50"),
        (0.002, 0.001, "$0.002"),
        (-20, 20, "-$20"),
    ],
)
def test_an_axis_shows_the_cents_its_steps_need(dollars: float, step: float, mark: str) -> None:
    assert money_mark(USD)(dollars * NANOS_PER_UNIT, step * NANOS_PER_UNIT) == mark


@pytest.mark.parametrize(
    ("least", "step"), [(1, 1), (1.1, 2), (2.2, 2.5), (3, 5), (60, 100), (0.03, 0.05)]
)
def test_steps_are_round(least: float, step: float) -> None:
    assert round_step(least) == pytest.approx(step)
