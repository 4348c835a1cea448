"""Colours: one for each subject, told apart by everybody, seen on the card."""

from __future__ import annotations

from itertools import combinations
from random import Random

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.messages.charts.palette import OTHER, PAPER, SUBJECTS, colours, lighter
from tests.examples import examples

Triple = npt.NDArray[np.float64]

# How the colour-blind see linear RGB at full strength (Machado, Oliveira, Fernandes 2009).
SIGHTS: dict[str, list[list[float]]] = {
    "all colours": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
    "no green": [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]],
    "no red": [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]],
    "no blue": [[1.256, -0.077, -0.179], [-0.078, 0.931, 0.148], [0.005, 0.691, 0.304]],
}


def linear(colour: str) -> Triple:
    """sRGB `#RRGGBB` as linear light."""
    parts = np.array([int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)])
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def lab(light: Triple) -> Triple:
    """CIELAB of linear light (D65)."""
    to_xyz = np.array(
        [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    )
    xyz = to_xyz @ np.clip(light, 0, 1) / np.array([0.9505, 1, 1.089])
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("sight", SIGHTS.values(), ids=SIGHTS.keys())
def test_any_two_colours_are_told_apart_however_one_sees(sight: list[list[float]]) -> None:
    for one, other in combinations((*SUBJECTS, OTHER), 2):
        seen = [lab(np.array(sight) @ linear(colour)) for colour in (one, other)]
        assert np.linalg.norm(seen[0] - seen[1]) > 19, (one, other)


@pytest.mark.parametrize("colour", [*SUBJECTS, OTHER])
def test_every_colour_stands_out_from_the_card(colour: str) -> None:
    def luminance(of: str) -> float:
        return float(np.dot([0.2126, 0.7152, 0.0722], linear(of)))

    assert (luminance(PAPER) + 0.05) / (luminance(colour) + 0.05) > 2


@examples(30)
@given(st.lists(st.text(max_size=8), unique=True, max_size=8), st.randoms())
def test_up_to_eight_subjects_get_eight_colours_in_whatever_order(
    ids: list[str], chance: Random
) -> None:
    given_ = colours(ids)
    assert len(set(given_.values())) == len(ids)
    shuffled = list(ids)
    chance.shuffle(shuffled)
    assert colours(shuffled) == given_


def test_a_colour_is_the_subjects_own() -> None:
    assert colours(["proj_search"])["proj_search"] == "#C2561E"
    assert colours(["proj_search", "proj_docs"])["proj_docs"] == colours(["proj_docs"])["proj_docs"]


def test_colours_of_another_chart_are_kept() -> None:
    first = colours(["a", "b", "c"])
    assert colours(["c", "d"], first)["c"] == first["c"]


def test_beyond_eight_subjects_nobody_shares_a_colour_but_grey() -> None:
    given_ = list(colours(map(str, range(1_000))).values())
    assert given_.count(OTHER) == 992
    assert set(given_) == {*SUBJECTS, OTHER}


def test_a_colour_of_another_chart_goes_to_nobody_else() -> None:
    first = colours(map(str, range(8)))
    assert colours(["new"], first) == {"new": OTHER}


def test_a_lighter_colour_is_mixed_with_white() -> None:
    assert [lighter("#204060", 0), lighter("#204060", 0.5), lighter("#204060", 1)] == [
        "#204060",
        "#90A0B0",
        "#FFFFFF",
    ]
