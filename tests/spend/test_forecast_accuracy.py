"""How far the forecast misses on simulated bills: a small fixed slice of `make bench-forecast`."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.forecast import (
    Cut,
    coverage,
    cuts,
    foretold,
    linear,
    median_error,
    organisations,
    same_weekdays,
    spiked,
    the_bot,
)

TOTALS, SINGLES = organisations(first_seed=20_000, count=24)
DAY_10 = list(cuts(TOTALS, 10))


@pytest.mark.parametrize(
    ("months", "most", "linear_times"),
    [(DAY_10, 3.3, 1.3), ([spiked(cut, n) for n, cut in enumerate(DAY_10)], 3.1, 9)],
    ids=["quiet", "with a day eight times as dear"],
)
def test_an_organisations_month_is_foreseen_closely_at_day_10(
    months: list[Cut], most: float, linear_times: float
) -> None:
    missed = median_error(the_bot, months)
    assert missed < most
    assert median_error(linear, months) > linear_times * missed
    assert median_error(same_weekdays, months) > missed


@pytest.mark.parametrize(
    "months", [DAY_10, list(cuts(SINGLES, 10))], ids=["organisation", "single project"]
)
def test_the_range_holds_75_to_90_percent_of_the_months(months: list[Cut]) -> None:
    assert 0.75 <= coverage(months) <= 0.90


def test_a_forecast_step_is_seldom_wrong_and_misses_few_breaches() -> None:
    months = np.hstack([TOTALS[start : start + 120] for start in (0, 60, 120)])
    outcome = foretold(months)
    assert outcome.breaches > 20
    assert outcome.wrong <= 0.15 * outcome.told
    assert outcome.foreseen >= 0.95 * outcome.breaches
    assert outcome.days_ahead > 14
