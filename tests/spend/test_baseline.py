"""The spike rule: against a plain reading of it, and against days whose answer is known."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, fields
from statistics import fmean, median

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.spend.baseline import Baseline, idle_share, judge_last, replay, since_first_activity
from bot.spend.weekdays import Floats
from tests.examples import examples

NAN = math.nan
E04 = math.exp(0.4)


@dataclass(frozen=True)
class Verdict:
    method: str
    usual: float = NAN
    swing: float = NAN
    limit: float = NAN
    level: float = NAN


def plain_rule(series: list[float], k: float, floor: float, min_ratio: float) -> Verdict:
    """Judge the last day of one series the slow way, one sentence of the rule after the other."""
    while series and math.isnan(series[0]):
        series = series[1:]
    series = [value if math.isnan(value) else max(value, 0.0) for value in series]
    today = len(series) - 1
    past = [value for value in series[:-1] if not math.isnan(value)]
    if len(past) < 7:
        return Verdict("none")
    young = Verdict("young", max(past), limit=max(2 * max(past), max(past) + floor))
    four_weeks = [v for v in series[max(today - 28, 0) : today] if not math.isnan(v)]
    if len(past) < 14 or not four_weeks:
        return young
    cushion = 0.15 * fmean(four_weeks)

    def middle(day: int) -> float | None:
        weekdays = [series[day - 7 * w] for w in range(1, 9) if day - 7 * w >= 0]
        usable = sorted(v for v in weekdays if not math.isnan(v))
        kept = usable[1:-1] if len(usable) >= 3 else usable
        return fmean(kept) if kept else None

    def base(day: int) -> float | None:
        own = middle(day)
        if own is None:
            return None
        others = [middle(day - back) for back in range(1, 7) if day - back >= 0]
        alike = [v for v in others if v is not None and own / E04 <= v <= own * E04]
        return fmean([own] * 9 + alike)

    weeks = [[series[d] for d in range(w, today, 7)] for w in range(max(today - 56, 0), today)][:7]
    works = [[v for v in weekday if not math.isnan(v)] for weekday in weeks if max_of(weekday) > 0]
    counted = [v for weekday in works for v in weekday]
    if cushion > 0 and (not counted or counted.count(0) / len(counted) >= 0.3):
        eight_weeks = [v for v in series[max(today - 56, 0) : today] if not math.isnan(v)]
        highest = max(eight_weeks, default=0.0)
        return Verdict("bursty", highest, limit=max(2 * highest, highest + floor))

    misses: dict[int, float] = {}
    first = 7 if len(series) < 21 else 14
    for day in range(max(first, today - 56), today):
        usual = base(day)
        if usual is not None and not math.isnan(series[day]) and cushion > 0:
            misses[day] = math.log((series[day] + cushion) / (usual + cushion))

    def shift(day: int) -> float:
        week = [misses[d] for d in range(day - 7, day) if d in misses]
        return median(week) / 2 if week else 0.0

    ran = [misses[day] - shift(day) for day in sorted(misses)]
    ran = ran[7:] if len(ran) > 35 else ran
    usual_base = base(today) if cushion > 0 else (None if base(today) is None else 0.0)
    if usual_base is None or (cushion > 0 and not ran):
        return young
    normal = 1.4826 * median(map(abs, ran)) if ran else 0.0
    cap = 3.5 * math.sqrt((len(ran) * normal**2 + 14 * 0.20**2) / (len(ran) + 14))
    upward = sum(min(max(miss, 0.0), cap) ** 2 for miss in ran)
    downward = sum(min(max(-miss, 0.0), cap) ** 2 for miss in ran)
    squares = 2 * (upward + 0.2 * downward)
    swing = math.sqrt((squares + 14 * 0.20**2) / (1.2 * len(ran) + 14))
    if ran:
        swing *= max(1.0, math.sqrt((1 + 14 / len(ran)) / (1 + 14 / 42)))
    usual = max((usual_base + cushion) * math.exp(shift(today)) - cushion, 0.0)
    limit = max((usual + cushion) * math.exp(k * swing) - cushion, min_ratio * usual, usual + floor)
    return Verdict("weekday", usual, swing, limit, math.exp(shift(today)))


def max_of(values: list[float]) -> float:
    return max((v for v in values if not math.isnan(v)), default=0.0)


@st.composite
def spendings(draw: st.DrawFn) -> Floats:
    """Return (days, subjects) with weekly shape, spikes, idle days, credits, holes, late starts."""
    days, subjects = draw(st.integers(1, 130)), draw(st.integers(1, 4))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    weekly = rng.uniform(0.0, 2.0, 7)[np.arange(days) % 7, None]
    values = rng.lognormal(draw(st.floats(-3, 6)), draw(st.floats(0, 1.5)), (days, subjects))
    values *= weekly * np.where(rng.random(values.shape) < 0.03, 10, 1)
    values[rng.random(values.shape) < draw(st.sampled_from([0, 0.1, 0.6, 0.95]))] = 0.0
    values[rng.random(values.shape) < draw(st.sampled_from([0, 0, 0.02]))] *= -1
    values[rng.random(values.shape) < draw(st.sampled_from([0, 0, 0.05, 0.5, 0.9]))] = NAN
    starts = rng.integers(0, days, subjects) * draw(st.sampled_from([0, 1]))
    values[np.arange(days)[:, None] < starts] = NAN
    hole = draw(st.integers(0, days))
    values[hole : hole + draw(st.sampled_from([0, 10, 45]))] = NAN
    return values


def one(*days: float) -> Floats:
    return np.array(days, dtype=np.float64)[:, None]


def steady(days: int, value: float = 100.0) -> Floats:
    return np.full((days, 1), value)


def numbers(judged: Baseline) -> list[float]:
    """Return all fields but the method, for one subject."""
    return [float(getattr(judged, f.name)[0]) for f in fields(Baseline) if f.name != "method"]


@given(spendings(), st.floats(0.5, 5), st.sampled_from([0.0, 0.5, 40.0]), st.floats(1, 3))
@examples(30)
def test_every_day_is_judged_as_a_plain_reading_of_the_rule_would(
    values: Floats, k: float, floor: float, min_ratio: float
) -> None:
    judged = replay(values, k=k, floor=floor, min_ratio=min_ratio)
    days = {0, 7, 14, 20, 21, 36, 50, 64, len(values) - 1} & set(range(len(values)))
    for day in days:
        for subject in range(values.shape[1]):
            plain = plain_rule(values[: day + 1, subject].tolist(), k, floor, min_ratio)
            assert judged.method[day, subject] == plain.method, day
            for name in ("usual", "swing", "limit", "level"):
                ours, wanted = getattr(judged, name)[day, subject], getattr(plain, name)
                assert ours == pytest.approx(wanted, rel=1e-9, abs=1e-9, nan_ok=True), (day, name)


@given(spendings(), st.data())
@examples(15)
def test_a_day_is_judged_from_the_days_before_it_only(values: Floats, data: st.DataObject) -> None:
    day = data.draw(st.integers(0, len(values) - 1))
    other = values[: day + 1].copy()
    other[day] = 1e6
    in_hindsight = replay(values)
    then = judge_last(other)
    for field in fields(Baseline):
        np.testing.assert_array_equal(
            getattr(in_hindsight, field.name)[day], getattr(then, field.name)
        )


@given(spendings(), st.sampled_from([0.01, 7.0, 1e6]))
@examples(8)
def test_the_unit_of_the_values_does_not_matter(values: Floats, unit: float) -> None:
    in_dollars, in_unit = replay(values, floor=5), replay(values * unit, floor=5 * unit)
    np.testing.assert_allclose(in_unit.limit, in_dollars.limit * unit, rtol=1e-6, atol=1e-9 * unit)
    np.testing.assert_array_equal(in_unit.method, in_dollars.method)


@given(spendings())
@examples(8)
def test_a_limit_is_well_above_the_usual_in_ratio_and_in_amount(values: Floats) -> None:
    judged = replay(values, floor=5)
    known = judged.method != "none"
    assert (judged.limit[known] >= 1.5 * judged.usual[known]).all()
    assert (judged.limit[known] >= judged.usual[known] + 5).all()
    assert (judged.usual[known] >= 0).all()


def test_a_steady_series_swings_by_what_is_assumed_of_every_series() -> None:
    judged = judge_last(steady(90))
    assert judged.usual[0] == pytest.approx(100)
    assert judged.swing[0] == pytest.approx(0.2 * math.sqrt(14 / (49 * 1.2 + 14)))
    assert judged.limit[0] == pytest.approx(150)  # 1.5 x usual is above 2.5 swings of 9 %
    assert judge_last(steady(90), min_ratio=1).limit[0] == pytest.approx(
        115 * math.exp(2.5 * 0.2 * math.sqrt(14 / 72.8)) - 15
    )
    assert judged.level[0] == pytest.approx(1)
    assert judged.weeks_used[0] == 8
    assert judged.history_days[0] == 89


def test_a_heavy_monday_is_usual_and_a_sunday_like_it_is_not() -> None:
    week = [300.0, 100, 100, 100, 100, 20, 20]
    weeks = np.array(week * 12)[:, None]
    monday = judge_last(np.vstack([weeks, [[300.0]]]))
    sunday = judge_last(weeks)
    assert monday.usual[0] == pytest.approx(300)
    assert sunday.usual[0] == pytest.approx(20)
    assert sunday.limit[0] < 100
    assert monday.limit[0] > 300


def test_a_week_at_twice_the_usual_moves_the_usual_half_way() -> None:
    values = steady(90)
    values[-8:-1] = 200
    cushion = 0.15 * (21 * 100 + 7 * 200) / 28
    judged = judge_last(values)
    assert judged.level[0] == pytest.approx(math.sqrt((200 + cushion) / (100 + cushion)))
    assert judged.usual[0] == pytest.approx((100 + cushion) * judged.level[0] - cushion)


@pytest.mark.parametrize("days_ago", [1, 3, 7, 14, 21])
def test_a_spike_in_the_past_does_not_hide_the_next_one(days_ago: int) -> None:
    values = steady(90)
    values[-1 - days_ago] = 1000
    assert judge_last(values).limit[0] < 250


def test_a_spike_every_ten_days_does_not_hide_the_next_one() -> None:
    values = np.random.default_rng(4).lognormal(math.log(100), 0.15, (91, 40))
    values[-11::-10] *= 3
    assert (judge_last(values).limit < 300).mean() > 0.95


@pytest.mark.parametrize(
    ("usable_days", "method", "limit"),
    [
        (0, "none", NAN),
        (6, "none", NAN),
        (7, "young", 200.0),
        (13, "young", 200.0),
        (14, "weekday", 193.07),
        (60, "weekday", 150.0),
    ],
)
def test_a_young_series_is_held_to_twice_its_highest_day(
    usable_days: int, method: str, limit: float
) -> None:
    judged = judge_last(steady(usable_days + 1))
    assert judged.method[0] == method
    assert judged.limit[0] == pytest.approx(limit, abs=0.05, nan_ok=True)
    assert judged.history_days[0] == usable_days


def test_no_comparison_holds_where_nothing_can_be_judged() -> None:
    judged = judge_last(steady(4))
    assert not (np.array([1e12]) > judged.limit).any()
    assert [judged.usual[0], judged.swing[0], judged.level[0]] == pytest.approx(
        [NAN] * 3, nan_ok=True
    )


def test_the_usual_of_a_young_series_is_its_highest_day() -> None:
    judged = judge_last(one(1, 2, 6.1, 3, 1, 0, 2, 2, 38))
    assert (judged.usual[0], judged.limit[0]) == (6.1, 12.2)


def test_a_series_begins_at_its_first_day_that_counts() -> None:
    values = np.random.default_rng(1).lognormal(3, 0.4, (17, 1))
    late = np.vstack([np.full((60, 1), NAN), values])
    assert numbers(judge_last(late)) == pytest.approx(numbers(judge_last(values)))


def test_days_before_a_project_existed_do_not_look_idle() -> None:
    values = np.vstack([np.zeros((40, 1)), steady(10)])
    assert judge_last(values).method[0] == "bursty"
    assert judge_last(since_first_activity(values)).method[0] == "young"


def test_since_first_activity_leaves_later_idle_days_alone() -> None:
    values = np.array([[0.0, 0], [5, 0], [0, 0], [2, 0]])
    wanted = [[NAN, NAN], [5, NAN], [0, NAN], [2, NAN]]
    np.testing.assert_array_equal(since_first_activity(values), wanted)
    assert values[0, 0] == 0


def test_a_floor_may_differ_by_subject() -> None:
    young = np.vstack([np.full((50, 1), NAN), steady(10)])
    values = np.hstack([steady(60), steady(60), young])
    assert judge_last(values, floor=[0, 80, 300]).limit.tolist() == [150, 180, 400]


def test_a_weekday_without_a_usable_day_is_held_to_twice_the_highest_day() -> None:
    values = steady(60)
    values[-1 - 7 :: -7] = NAN
    judged = judge_last(values)
    assert (judged.method[0], judged.weeks_used[0], judged.limit[0]) == ("young", 0, 200)


def test_after_a_planned_month_there_is_no_scale_and_the_highest_day_stands_in() -> None:
    values = steady(60)
    values[-29:-1] = NAN
    judged = judge_last(values)
    assert (judged.method[0], judged.weeks_used[0], judged.history_days[0]) == ("young", 4, 31)


def test_days_that_do_not_count_leave_the_weekdays_in_step() -> None:
    week = np.array([300.0, 100, 100, 100, 100, 20, 20] * 12)[:, None]
    week[-4:-1] = NAN
    week[-15] = NAN
    judged = judge_last(week)
    assert judged.usual[0] == pytest.approx(20)
    assert judged.weeks_used[0] == 7


def test_a_credit_is_an_idle_day() -> None:
    values = steady(60)
    values[40] = -500
    idle = values.copy()
    idle[40] = 0
    assert numbers(judge_last(values)) == numbers(judge_last(idle))


def test_a_series_that_slept_for_four_weeks_has_the_floor_as_its_limit() -> None:
    values = np.vstack([steady(30), np.zeros((29, 1))])
    judged = judge_last(values, floor=5)
    assert (judged.method[0], judged.usual[0], judged.limit[0]) == ("weekday", 0, 5)


def test_rows_before_the_start_of_a_replay_are_not_judged() -> None:
    whole, late = replay(steady(40)), replay(steady(40), start=30)
    assert set(late.method[:30, 0]) == {"none"}
    assert np.isnan(late.limit[:30]).all()
    np.testing.assert_array_equal(late.limit[30:], whole.limit[30:])


def test_subjects_do_not_influence_each_other() -> None:
    values = np.random.default_rng(2).lognormal(3, 0.5, (40, 600))
    floor = np.arange(600.0)
    together = judge_last(values, floor=floor)
    for subject in (0, 255, 256, 599):
        alone = judge_last(values[:, [subject]], floor=floor[subject])
        assert alone.limit[0] == pytest.approx(together.limit[subject], rel=1e-12)


def test_a_year_of_two_hundred_subjects_is_replayed_in_a_moment() -> None:
    values = np.random.default_rng(3).lognormal(3, 0.5, (365, 200))
    began = time.process_time()
    replay(values)
    assert time.process_time() - began < 2.0


def test_no_subjects_are_no_verdicts() -> None:
    assert judge_last(np.zeros((20, 0))).limit.shape == (0,)
    assert replay(np.zeros((20, 0))).method.shape == (20, 0)


@pytest.mark.parametrize("shape", [(0, 3), (20,)])
def test_values_without_days_or_subjects_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="days, subjects"):
        judge_last(np.zeros(shape))


@pytest.mark.parametrize(
    ("days", "share"),
    [
        ([5.0] * 57, 0.0),
        ([5.0, 0.0] * 28 + [9.0], 0.5),
        (([5.0] * 5 + [0, 0]) * 8 + [9.0], 0.0),  # never at weekends
        (([5.0] + [0] * 6) * 8 + [9.0], 0.0),  # every Monday, and only then
        ((([5.0] * 5 + [0, 0]) * 7 + [5.0] * 6 + [0]) + [9.0], 7 / 48),  # one Saturday
        ([0.0] * 57, 1.0),
        ([NAN] * 56 + [9.0], NAN),
        ([5.0, NAN, 0, NAN, 5, NAN, 0] * 8 + [9.0], 0.0),
        ([5.0] * 20 + [0.0] * 4 + [0.0], 4 / 24),  # a short history; the last row is not in it
        ([0.0] * 100 + [5.0] * 56 + [0.0], 0.0),  # only eight weeks count
    ],
)
def test_idle_share_tells_bursty_from_regular(days: list[float], share: float) -> None:
    assert idle_share(one(*days))[0] == pytest.approx(share, nan_ok=True)


def test_a_bursty_series_is_held_to_twice_its_highest_day_of_eight_weeks() -> None:
    days = [400.0] + [0.0] * 40 + [5.0, 0.0, 30.0, 0.0] * 15
    judged = judge_last(one(*days, 9.0), floor=5)
    assert (judged.method[0], judged.usual[0], judged.limit[0]) == ("bursty", 30, 60)
    assert math.isnan(judged.swing[0])


def test_the_highest_and_the_lowest_same_weekday_say_nothing() -> None:
    values = steady(90)
    values[-8], values[-15] = 900, 1
    assert judge_last(values).usual[0] == pytest.approx(100, rel=0.01)


def test_a_weekday_is_drawn_to_those_like_it_and_to_no_other() -> None:
    week = [100.0, 130, 100, 100, 100, 20, 20]
    values = np.array(week * 12)[:, None]
    tuesday = judge_last(np.vstack([values, [[100.0]], [[130.0]]]))
    sunday = judge_last(values)
    assert tuesday.usual[0] == pytest.approx((9 * 130 + 4 * 100) / 13, rel=0.02)
    assert sunday.usual[0] == pytest.approx(20, rel=0.03)


@pytest.mark.parametrize(("floor", "far_floor"), [(90, 30), (400, 30), (400, 390), (9, 3)])
def test_a_small_excess_must_be_a_whole_swing_further_out(floor: float, far_floor: float) -> None:
    rng = np.random.default_rng(5)
    values = 100 * np.exp(0.3 * rng.normal(size=(90, 20)))
    both = judge_last(values, floor=floor, far_floor=far_floor).limit
    normal = judge_last(values, k=2.5, floor=floor).limit
    further = judge_last(values, k=3.5, floor=far_floor).limit
    assert both.tolist() == np.minimum(normal, further).tolist()
