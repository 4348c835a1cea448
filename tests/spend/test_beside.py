"""A part beside the rest of its whole: against a plain reading, and days whose answer is known."""

from __future__ import annotations

import math
from statistics import fmean, median

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.spend.baseline import judge_last
from bot.spend.beside import Beside, beside
from bot.spend.weekdays import Floats
from tests.examples import examples

DAYS = 90


def plain_moves(series: list[float]) -> tuple[list[float], float, float]:
    """How far each of the past days was from its usual; the last day's usual, and the cushion."""
    today = len(series) - 1
    cushion = 0.15 * fmean(series[today - 28 : today])

    def middle(day: int) -> float:
        same = sorted(series[day - 7 * w] for w in range(1, 9) if day - 7 * w >= 0)
        return fmean(same[1:-1] if len(same) >= 3 else same)

    def base(day: int) -> float:
        own, others = middle(day), [middle(day - back) for back in range(1, 7) if day - back >= 7]
        low, high = own * math.exp(-0.4), own * math.exp(0.4)
        return fmean([own] * 9 + [each for each in others if low <= each <= high])

    days = range(today - 56, today)
    miss = {d: math.log((series[d] + cushion) / (base(d) + cushion)) for d in days}

    def shift(day: int) -> float:
        week = [miss[d] for d in range(day - 7, day) if d in miss]
        return median(week) / 2 if week else 0.0

    usual = max((base(today) + cushion) * math.exp(shift(today)) - cushion, 0.0)
    return [miss[d] - shift(d) for d in days][7:], usual, cushion


def capped(moves: list[float]) -> list[float]:
    normal = 1.4826 * median(map(abs, moves))
    cap = 3.5 * math.sqrt((len(moves) * normal**2 + 14 * 0.2**2) / (len(moves) + 14))
    return [min(max(each, -cap), cap) for each in moves]


def plain_swing(moves: list[float]) -> float:
    squares = 2 * sum(each**2 * (1 if each > 0 else 0.2) for each in capped(moves))
    return math.sqrt((squares + 14 * 0.2**2) / (1.2 * len(moves) + 14))


def plain_limit(part: list[float], rest: list[float], k: float) -> float:
    """The highest spend that is fine beside the rest, the slow way; no floor."""
    own, usual, cushion = plain_moves(part)
    others, rest_usual, rest_cushion = plain_moves(rest)
    pairs = list(zip(capped(own), capped(others), strict=True))
    follows = sum(a * b for a, b in pairs) / (sum(b * b for _, b in pairs) + 14 * 0.2**2)
    follows = min(max(follows, 0.0), 1.0)
    swing = plain_swing([a - follows * b for a, b in zip(own, others, strict=True)])
    rose = max(math.log((rest[-1] + rest_cushion) / (rest_usual + rest_cushion)), 0.0)
    lifted = (usual + cushion) * math.exp(follows * rose) - cushion
    return max((lifted + cushion) * math.exp(k * swing) - cushion, 1.5 * lifted)


def together(
    seed: int, apart: float, parts: int = 6, shared: float = 0.45
) -> tuple[Floats, Floats]:
    """Parts and rests of wholes whose traffic swings, and the parts a little by themselves."""
    rng = np.random.default_rng(seed)
    traffic = np.exp(rng.normal(0, shared, (DAYS, parts)))
    traffic[-1] = 1.0
    own, other = (traffic * np.exp(rng.normal(0, apart, (DAYS, parts))) for _ in range(2))
    own[-1] = other[-1] = 1.0
    return 100 * own, 150 * other


def judged(parts: Floats, rests: Floats, k: float = 2.5) -> Beside:
    return beside(parts, rests, k, 0.0, 0.0)


@given(st.integers(0, 2**32), st.floats(0, 0.6), st.floats(0.2, 5))
@examples(12)
def test_the_limit_is_as_a_plain_reading_of_the_rule_has_it(
    seed: int, apart: float, last: float
) -> None:
    parts, rests = together(seed, apart)
    rests[-1] *= last
    plain = [
        plain_limit(*pair, 2.75) for pair in zip(parts.T.tolist(), rests.T.tolist(), strict=True)
    ]
    assert judged(parts, rests).limit == pytest.approx(np.array(plain))


def test_a_part_that_moves_with_the_rest_has_a_lower_limit_than_by_itself() -> None:
    parts, rests = together(1, apart=0.1)
    fine = judged(parts, rests)
    alone = judge_last(parts)
    assert (fine.limit < 0.8 * alone.limit).all()
    assert (fine.swing < 0.6 * alone.swing).all()
    assert fine.rest == pytest.approx(150)


def test_a_part_that_goes_its_own_way_gains_nothing() -> None:
    parts, _ = together(2, apart=0.4, shared=0.0)
    _, rests = together(3, apart=0.4, shared=0.0)
    assert judged(parts, rests).limit == pytest.approx(judge_last(parts).limit, rel=0.12)


def test_a_rest_that_rose_raises_the_limit_and_one_that_fell_does_not_lower_it() -> None:
    parts, rests = together(4, apart=0.1)
    usual = judged(parts, rests).rest_usual

    def limits(times: float) -> Floats:
        rests[-1] = times * usual
        return judged(parts, rests).limit

    assert (limits(2.0) > 1.5 * limits(1.0)).all()
    np.testing.assert_allclose(limits(0.3), limits(1.0))


@pytest.mark.parametrize("rest", [0.0, np.nan])
def test_without_a_rest_nothing_can_be_told(rest: float) -> None:
    parts, rests = together(5, apart=0.1)
    fine = judged(parts, np.full_like(rests, rest))
    assert np.isnan(fine.limit).all()


def test_the_value_judged_does_not_move_its_own_limit() -> None:
    parts, rests = together(6, apart=0.1)
    before = judged(parts, rests).limit
    parts[-1] = [0, 50, 500, np.nan, 1e6, 1]
    np.testing.assert_array_equal(judged(parts, rests).limit, before)
