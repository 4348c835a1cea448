"""`bot chart`: any chart, as PNG or SVG, of what is held."""

from __future__ import annotations

import pytest

from tests.cases.stage import Place, at


@pytest.fixture
def held(place: Place) -> Place:
    place.bot("fetch", *at(0))
    return place


def test_every_chart_of_the_list_is_drawn(held: Place) -> None:
    listed = [line.split()[0] for line in held.run("chart", "--list").out.splitlines()]
    assert len(listed) == 6
    for name in listed:
        ran = held.run("chart", name, "--out", f"{name}.png", *at(0))
        assert (ran.code, ran.err) == (0, f"chart: {name}.png\n")
        data = (held.home / f"{name}.png").read_bytes()
        assert data.startswith(b"\x89PNG\r\n")
        assert len(data) < 100_000


def test_a_chart_is_told_in_words_too(held: Place) -> None:
    assert held.run("chart", "share-by-project", *at(0)).out == (
        "Shares of the last 30 days' spend, $1,350.00 in total: "
        "Search 84% ($1,130.00), Support chat 16% ($220.00).\n"
    )


def test_an_svg_is_the_same_every_time_and_holds_no_text_that_needs_a_font(held: Place) -> None:
    made = []
    for name in ("a.svg", "b.svg"):
        assert held.bot("chart", "cost-per-day", "--out", name, *at(0)) == 0
        made.append((held.home / name).read_bytes())
    assert made[0] == made[1]
    assert b"<path" in made[0]
    assert b"<text" not in made[0]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "say which chart"),
        (("cost-per-dya",), "did you mean 'cost-per-day'?"),
        (("cost-per-day", "--out", "x.gif"), "a chart is a .png or .svg file"),
        (("cost-per-day", "--out", "no/such/x.png"), "No such file or directory"),
    ],
)
def test_a_mistake_is_told_with_a_way_out(
    held: Place, arguments: tuple[str, ...], words: str
) -> None:
    ran = held.run("chart", *arguments)
    assert ran.code == 2
    assert words in ran.err


def test_without_any_data_there_is_no_chart(place: Place) -> None:
    ran = place.run("chart", "cost-per-day", *at(0))
    assert ran.code == 2
    assert "nothing is held that 'cost-per-day' could show" in ran.err
