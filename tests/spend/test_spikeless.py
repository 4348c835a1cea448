"""A series without its spikes: as the rule itself would have it, only quicker."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.spend.baseline import History, judged_at, replay, usable_spend
from bot.spend.forecast import Past
from bot.spend.spikeless import Grown, without_spikes
from bot.spend.weekdays import Floats


def bills(seed: int, days: int, subjects: int) -> Floats:
    """Steady, wild, bursty and young subjects with spikes and missing days."""
    chance = np.random.default_rng(seed)
    week = np.resize([1, 1, 1, 1, 1, 0.4, 0.4], days)[:, np.newaxis]
    swings = chance.uniform(0.02, 0.6, subjects)
    spend = 20 * week * chance.lognormal(0, swings, (days, subjects))
    spend[:, ::4] *= chance.random((days, 1)) < 0.4  # idle most days
    spend[chance.random(spend.shape) < 0.02] *= 6
    spend[np.arange(days)[:, np.newaxis] < chance.integers(-days, days, subjects)] = np.nan
    spend[chance.random(days) < chance.choice([0, 0.03, 0.3])] = np.nan
    spend[:, 1::7] *= -1  # credits
    return usable_spend(spend)


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    days=st.integers(1, 220),
    share=st.floats(0, 1, exclude_max=True),
)
def test_a_spike_counts_as_half_way_between_the_usual_and_the_limit_of_a_replay(
    seed: int, days: int, share: float
) -> None:
    spend, start = bills(seed, days, 12), int(share * days)
    judged = replay(spend, start=start)
    between = np.sqrt(judged.usual * judged.limit)
    expected = np.where(spend > judged.limit, between, spend)
    np.testing.assert_allclose(without_spikes(spend, start), expected, rtol=1e-9)


@settings(max_examples=20, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    grown_by=st.lists(st.integers(0, 9), min_size=1, max_size=5),
    start=st.integers(0, 70),
    restated=st.booleans(),
)
def test_series_that_grew_are_capped_as_if_seen_for_the_first_time(
    seed: int, grown_by: list[int], start: int, restated: bool
) -> None:
    grown, whole, seen = Grown(2), bills(seed, 120, 6), 70
    for days in grown_by:
        seen += days
        if restated:
            whole[seen // 2] *= 1.5
        spend = whole[:seen]
        found, again = grown.without_spikes(spend.copy(), start), without_spikes(spend, start)
        np.testing.assert_allclose(found[start:], again[start:], rtol=1e-9)


def test_there_are_spikes_of_every_kind_to_cap() -> None:
    spend = bills(7, 200, 40)
    capped = without_spikes(spend) < spend
    methods = replay(spend).method[capped]
    assert set(methods) == {"weekday", "young", "bursty"}
    assert (without_spikes(spend, 150)[:150] >= spend[:150]).sum() == np.isfinite(spend[:150]).sum()


def test_the_values_given_stay_as_they_are() -> None:
    spend = bills(7, 200, 8)
    before = spend.copy()
    without_spikes(spend)
    np.testing.assert_array_equal(spend, before)


def test_more_subjects_than_are_judged_at_once_are_judged_alike() -> None:
    spend = bills(3, 70, 300)
    np.testing.assert_allclose(
        without_spikes(spend)[:, 280:], without_spikes(spend[:, 280:]), rtol=1e-9
    )


@pytest.mark.parametrize("first", [0, 100])
def test_limits_of_a_few_days_are_those_of_a_replay(first: int) -> None:
    spend = bills(5, 180, 9)
    rows, columns = (found[::3] for found in np.nonzero(np.isfinite(spend[first:])))
    history = History.of(spend, first - 56)
    usual, limit = judged_at(history, rows + first, columns)
    judged = replay(spend)
    np.testing.assert_allclose(usual, judged.usual[rows + first, columns], rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(limit, judged.limit[rows + first, columns], rtol=1e-9)


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    days=st.integers(1, 260),
    ahead=st.integers(1, 60),
    count=st.integers(1, 90),
)
def test_a_forecast_looks_at_no_spike_before_those_that_are_capped_for_it(
    seed: int, days: int, ahead: int, count: int
) -> None:
    spend, last = bills(seed, days, 8), date(2026, 11, 17)
    to_come = [last + timedelta(days=ahead + n) for n in range(count)]
    some = Past.of(spend, last, to_come[0]).period_ends([0.0] * 8, to_come)
    whole = Past(without_spikes(spend), last, np.zeros(8, dtype=np.int64))
    assert some == whole.period_ends([0.0] * 8, to_come)
