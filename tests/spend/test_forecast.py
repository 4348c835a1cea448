"""Where a period ends: series whose answer is known, and what must hold for every series."""

from __future__ import annotations

import math
from datetime import date, timedelta
from statistics import fmean

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.spend.baseline import replay
from bot.spend.forecast import Forecast, Held, TooYoung, limit_falls_on, period_end, period_ends
from bot.spend.weekdays import Floats
from tests.examples import examples

NAN = math.nan
LAST_DAY = date(2026, 11, 10)  # a Tuesday; 20 days of November are left
WEEK = [100.0, 100, 100, 100, 100, 20, 20]  # Monday first


def days_after(last_day: date, count: int) -> list[date]:
    return [last_day + timedelta(days=n) for n in range(1, count + 1)]


REST_OF_NOVEMBER = days_after(LAST_DAY, 20)


def weekly(days: int) -> Floats:
    """Return a series that repeats its week and ends on LAST_DAY."""
    first = LAST_DAY - timedelta(days=days - 1)
    return np.array([WEEK[(first + timedelta(days=n)).weekday()] for n in range(days)])


def foresee(values: Floats, elapsed: float = 0.0, rest: int = 20) -> Forecast:
    forecast = period_end(values, elapsed, days_after(LAST_DAY, rest), LAST_DAY)
    assert isinstance(forecast, Forecast)
    return forecast


def plain_days_to_come(values: list[float], last_day: date, remaining: list[date]) -> list[float]:
    """Foresee a series without holes the slow way."""
    judged = replay(np.array(values)[:, None])
    found = zip(values, judged.usual[:, 0], judged.limit[:, 0], strict=True)
    capped = [math.sqrt(usual * cap) if v > cap else v for v, usual, cap in found]
    days = [last_day - timedelta(days=len(values) - 1 - n) for n in range(len(values))]

    def profile(weekday: int) -> float:
        same = [v for day, v in zip(days, capped, strict=True) if day.weekday() == weekday]
        return fmean(same[-6:])

    recent = list(zip(days, capped, strict=True))[-42:]
    weights = [0.5 ** ((last_day - day).days / 8) for day, _ in recent]
    ran = sum(w * spent for w, (_, spent) in zip(weights, recent, strict=True))
    usual = sum(w * profile(day.weekday()) for w, (day, _) in zip(weights, recent, strict=True))

    season = list(zip(days, capped, strict=True))[-84:]
    middle = (len(season) - 1) / 2
    above = [spent - profile(day.weekday()) for day, spent in season]
    slope = sum((n - middle) * each for n, each in enumerate(above)) / (
        sum((n - middle) ** 2 for n in range(len(season)))
        * fmean(profile(day.weekday()) for day, _ in season)
    )
    growth = min(max(slope / 2, 0.0), 0.0007) if len(season) >= 56 else 0.0
    return [
        profile(day.weekday()) * ran / usual * (1 + growth * (10 + min((day - last_day).days, 31)))
        for day in remaining
    ]


@given(st.integers(14, 100), st.integers(1, 60), st.integers(0, 2**32), st.floats(0.1, 1))
@examples(12)
def test_each_day_to_come_is_as_a_plain_reading_of_the_rule_has_it(
    days: int, rest: int, seed: int, noise: float
) -> None:
    values = weekly(days) * np.random.default_rng(seed).lognormal(0, noise, days)
    remaining = days_after(LAST_DAY, rest)
    forecast = foresee(values, 50.0, rest)
    assert forecast.per_day == pytest.approx(
        plain_days_to_come(values.tolist(), LAST_DAY, remaining)
    )
    assert forecast.total == pytest.approx(50 + sum(forecast.per_day))
    assert 50 < forecast.low < forecast.total < forecast.high


def test_a_week_that_repeats_is_foreseen_day_by_day() -> None:
    forecast = foresee(weekly(90), 680.0)
    assert forecast.per_day == pytest.approx([WEEK[day.weekday()] for day in REST_OF_NOVEMBER])
    assert forecast.total == pytest.approx(680 + 14 * 100 + 6 * 20)


@pytest.mark.parametrize(
    ("days", "planned", "rest", "replays"),
    [
        (14, 0, 20, 0),  # nothing to replay yet: 3 %
        (21, 0, 4, 1),
        (41, 0, 20, 1),
        (120, 0, 20, 8),
        (120, 0, 4, 8),
        (120, 28, 7, 4),  # what would have come in the last four weeks did not count
    ],
)
def test_a_range_starts_from_3_percent_and_narrows_with_each_replay_that_was_right(
    days: int, planned: int, rest: int, replays: int
) -> None:
    values = weekly(days)
    values[days - planned :] = NAN
    if not planned:
        check_range(values, rest, 1.38 * 0.03 * math.sqrt(4 / (4 + replays)))
        return
    check_range(values, rest, 1.38 * 0.43 * math.sqrt(4 / (4 + replays)))  # and no scatter known


def check_range(values: Floats, rest: int, spread: float) -> None:
    forecast = foresee(values, 680, rest)
    to_come = sum(WEEK[day.weekday()] for day in days_after(LAST_DAY, rest))
    assert forecast.low == pytest.approx(680 + to_come * math.exp(-spread))
    assert forecast.high == pytest.approx(680 + to_come * math.exp(spread))


def test_a_range_widens_with_the_root_of_the_days_beyond_four_weeks() -> None:
    four_weeks, longer = foresee(weekly(90), 0, 28), foresee(weekly(90), 0, 28 * 9)
    near, far = (math.log(one.high / one.total) for one in (four_weeks, longer))
    assert far == pytest.approx(3 * near)


def test_a_restless_series_has_a_wider_range_than_a_calm_one() -> None:
    noise = np.random.default_rng(4).lognormal(0, 1.0, 90)
    calm, restless = foresee(weekly(90)), foresee(weekly(90) * noise)
    assert (restless.high / restless.low) > 1.5 * (calm.high / calm.low)


def test_the_range_holds_about_eight_of_ten_months() -> None:
    rng = np.random.default_rng(5)
    level = np.exp(rng.normal(0, 0.03, (110, 300)).cumsum(axis=0))
    values = weekly(110)[:, None] * level * rng.lognormal(0, 0.25, (110, 300))
    past, came = values[:90], values[90:].sum(axis=0)
    forecasts = period_ends(past, [0.0] * 300, REST_OF_NOVEMBER, LAST_DAY)
    pairs = zip(forecasts, came, strict=True)
    held = [isinstance(f, Forecast) and f.low <= total <= f.high for f, total in pairs]
    assert 0.65 <= fmean(held) <= 0.9


@pytest.mark.parametrize("days_ago", [1, 5, 20])
def test_one_wild_day_hardly_moves_the_rest_of_the_month(days_ago: int) -> None:
    values = weekly(90)
    values[-days_ago] *= 8
    assert sum(foresee(values).per_day) == pytest.approx(sum(foresee(weekly(90)).per_day), rel=0.1)


def test_half_of_the_growth_of_twelve_weeks_goes_on_for_a_month_up_to_2_percent() -> None:
    steady = foresee(weekly(90), rest=62).per_day

    def above(growth: float) -> list[float]:
        grown = foresee(weekly(90) * (1 + growth * np.arange(-89, 1)), rest=62).per_day
        return [each / flat for each, flat in zip(grown, steady, strict=True)]

    slow, fast = above(0.001), above(0.01)
    assert slow[6 + 21] / slow[6] == pytest.approx(1 + 21 * 0.0005, rel=0.001)
    assert fast[6 + 21] / fast[6] == pytest.approx(1 + 21 * 0.0007, rel=0.001)
    assert slow[6 + 49] / slow[6] == pytest.approx(1 + 24 * 0.0005, rel=0.001)  # from day 31 on


def test_what_shrinks_is_not_foreseen_to_shrink_further() -> None:
    shrinking = weekly(90) * (1 + 0.004 * (89 - np.arange(90)))
    assert foresee(shrinking).per_day[0] > 100 * 1.004


def test_a_lasting_change_of_level_is_mostly_believed_after_two_weeks() -> None:
    values = weekly(90)
    values[-14:] *= 0.5
    ratio = sum(foresee(values).per_day) / sum(foresee(weekly(90)).per_day)
    assert 0.5 < ratio < 0.65


def test_a_bursty_week_is_not_taken_for_the_end_of_all_spending() -> None:
    values = np.full(60, 10.0)
    values[-7:] = [0, 0, 60, 0, 0, 10, 0]
    assert sum(foresee(values).per_day) > 100  # a median would say 0


def test_a_subject_that_stopped_is_foreseen_to_cost_nothing() -> None:
    values = np.concatenate([np.full(60, 10.0), np.zeros(28)])
    forecast = foresee(values, 5.0)
    assert (forecast.low, forecast.total, forecast.high) == (5, 5, 5)


@pytest.mark.parametrize("usable_days", [0, 1, 13])
def test_under_two_weeks_there_is_no_forecast_and_a_reason(usable_days: int) -> None:
    values = np.concatenate([np.full(30, NAN), np.ones(usable_days)])
    forecast = period_end(values, 3.0, REST_OF_NOVEMBER, LAST_DAY)
    assert forecast == TooYoung(usable_days)
    days = "1 usable day" if usable_days == 1 else f"{usable_days} usable days"
    assert forecast.reason == f"only {days} of history, a forecast needs 14"


def test_a_period_without_a_day_left_ends_where_it_is() -> None:
    assert period_end(np.ones(3), 41.5, [], LAST_DAY) == Forecast(41.5, 41.5, 41.5, ())


def test_days_that_do_not_count_change_nothing_in_a_regular_series() -> None:
    holes = weekly(90)
    holes[[3, 30, 31, 70, -9, -2, -1]] = NAN
    assert foresee(holes).per_day == pytest.approx(foresee(weekly(90)).per_day)


def test_a_weekday_never_seen_is_foreseen_as_the_mean_of_the_others() -> None:
    values = np.full(35, 10.0)
    values[-7::-7] = NAN  # the weekday of tomorrow
    assert foresee(values, rest=2).per_day == pytest.approx((10, 10))


def test_a_credit_is_not_foreseen_to_come_again() -> None:
    values = weekly(90)
    values[-8] = -5000
    assert min(foresee(values).per_day) > 0


def test_days_that_are_not_settled_yet_may_lie_between_history_and_the_days_to_come() -> None:
    forecast = period_end(weekly(90), 0.0, REST_OF_NOVEMBER[2:], LAST_DAY)
    assert isinstance(forecast, Forecast)
    assert forecast.per_day == pytest.approx(foresee(weekly(90)).per_day[2:])


@pytest.mark.parametrize("rest", [1, 5, 20, 90, 365])
def test_weeks_months_quarters_and_years_end_alike(rest: int) -> None:
    forecast = foresee(weekly(90), 10.0, rest)
    wanted = sum(WEEK[day.weekday()] for day in days_after(LAST_DAY, rest))
    assert forecast.total == pytest.approx(10 + wanted)
    assert len(forecast.per_day) == rest


def test_many_subjects_are_foreseen_as_each_one_alone() -> None:
    values = np.random.default_rng(6).lognormal(3, 0.5, (60, 5))
    values[:50, 4] = NAN
    elapsed = [1.0, 2.0, 3.0, 4.0, 5.0]
    together = period_ends(values, elapsed, REST_OF_NOVEMBER, LAST_DAY)
    assert together[4] == TooYoung(10)
    for subject in range(4):
        alone = period_end(values[:, subject], elapsed[subject], REST_OF_NOVEMBER, LAST_DAY)
        many = together[subject]
        assert isinstance(alone, Forecast)
        assert isinstance(many, Forecast)
        assert (many.low, many.high) == pytest.approx((alone.low, alone.high))


@pytest.mark.parametrize(
    "remaining",
    [
        [LAST_DAY, *REST_OF_NOVEMBER],
        [LAST_DAY - timedelta(days=3)],
        REST_OF_NOVEMBER[::-1],
        [REST_OF_NOVEMBER[0]] * 2,
    ],
)
def test_days_to_come_that_have_come_or_do_not_ascend_are_refused(remaining: list[date]) -> None:
    with pytest.raises(ValueError, match="must ascend from after 2026-11-10"):
        period_end(weekly(90), 0.0, remaining, LAST_DAY)


@pytest.mark.parametrize(
    ("elapsed", "limit", "day"),
    [
        (0.0, 10.0, date(2026, 11, 11)),
        (0.0, 10.5, date(2026, 11, 12)),
        (75.0, 100.0, date(2026, 11, 13)),
        (70.0, 100.0, date(2026, 11, 13)),
        (69.0, 100.0, None),  # not in this period
        (100.0, 100.0, None),  # has already
    ],
)
def test_a_limit_falls_on_the_day_that_reaches_it(
    elapsed: float, limit: float, day: date | None
) -> None:
    remaining = REST_OF_NOVEMBER[:3]
    forecast = Forecast(elapsed + 30, elapsed + 25, elapsed + 35, (10.0, 10.0, 10.0))
    assert limit_falls_on(forecast, elapsed, limit, remaining) == day


def test_what_is_held_of_a_day_is_not_counted_twice_nor_taken_for_the_whole_day() -> None:
    flat = np.full((60, 1), 10.0)
    days = days_after(LAST_DAY, 4)
    held = Held(
        amounts=np.array([[4.0], [16.0], [6.0], [0.0]]),
        over=np.array([1.0, 1.0, 0.25, 0.0]),  # two late days, one open, one to come
        extra=np.array([0.0, 0.0, 0.0, 5.0]),
    )
    (forecast,) = period_ends(flat, [126.0], days, LAST_DAY, held)
    assert isinstance(forecast, Forecast)
    assert forecast.per_day == pytest.approx((6.0, 0.0, 7.5, 15.0))
    assert forecast.total == pytest.approx(126 + 28.5)


@given(
    st.lists(st.one_of(st.just(NAN), st.floats(-1e15, 1e15)), min_size=1, max_size=100),
    st.floats(-1e15, 1e15),
    st.integers(0, 366),
)
@examples(15)
def test_no_forecast_ends_below_what_is_spent_nor_outside_its_range(
    values: list[float], elapsed: float, rest: int
) -> None:
    forecast = period_end(np.array(values), elapsed, days_after(LAST_DAY, rest), LAST_DAY)
    if isinstance(forecast, TooYoung):
        assert forecast.usable_days < 14
        return
    assert math.isfinite(forecast.high)
    assert elapsed <= forecast.low <= forecast.total <= forecast.high
    assert len(forecast.per_day) == rest
