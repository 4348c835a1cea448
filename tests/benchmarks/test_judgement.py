"""A fixed slice of the judgement's benchmark: the figures have not fallen."""

from __future__ import annotations

from datetime import timedelta
from math import exp, inf, log, sqrt
from statistics import fmean, median

import numpy as np
import pytest

from benchmarks.judgement import masked
from benchmarks.measure import at_budget, of_peer, oracle, score, shipped
from benchmarks.organisations import FIRST, measured, replayed
from benchmarks.peers import PEERS
from benchmarks.simulator import Bill, organisation, series
from bot.kinds import Spike
from bot.spend.baseline import NORMAL_SWINGS, replay

SWINGS = (2.0, 2.5, 3.0)


def plain_limit(series: list[float], swings: float) -> float:
    """The plain weekday rule read aloud: the limit of the last day, by the ones before it."""
    today = len(series) - 1
    cushion = 0.3 * fmean(series[today - 28 : today]) + 1e-9

    def base(day: int) -> float:
        return median(series[day - 7 * n] for n in range(1, 7) if day >= 7 * n)

    days = range(max(14, today - 56), today)
    miss = {d: log((series[d] + cushion) / (base(d) + cushion)) for d in days}

    def shift(day: int) -> float:
        week = [miss[d] for d in range(day - 7, day) if d in miss]
        return median(week) / 2 if week else 0.0

    past = [miss[day] - shift(day) for day in miss]
    past = past[7:] if len(past) > 35 else past
    cap, swing = inf, 0.0
    for _ in range(5):
        squares = sum(min(max(each, 0.0), cap) ** 2 for each in past)
        swing = sqrt((2 * squares + 14 * 0.2**2) / (len(past) + 14))
        cap = 3.5 * swing
    swing *= max(1.0, sqrt((1 + 14 / len(past)) / (1 + 14 / 42)))
    usual = max((base(today) + cushion) * exp(shift(today)) - cushion, 0.0)
    return max((usual + cushion) * exp(swings * swing) - cushion, 1.5 * usual, usual + 5)


def test_the_plain_weekday_rule_is_what_it_says() -> None:
    values = series(903, 6, 160).values
    limits = PEERS["the plain weekday rule"][0](values, 2.5)
    for day in (28, 40, 63, 64, 100, 159):
        for column, each in enumerate(values[: day + 1].T.tolist()):
            assert limits[day, column] == pytest.approx(plain_limit(each, 2.5))


@pytest.fixture(scope="module")
def bill() -> Bill:
    return series(901, 100, 220)


def test_the_classes_of_series_are_as_described(bill: Bill) -> None:
    assert 0.06 <= bill.is_sparse.mean() <= 0.18
    assert 0.65 <= bill.is_regular.mean() <= 0.82


def test_the_defaults_are_calm_and_find_what_matters(bill: Bill) -> None:
    everyone = np.ones(100, dtype=bool)
    found = score(bill, shipped(bill.values)(NORMAL_SWINGS), everyone)
    assert found.false_alerts < 5
    assert found.at(3.0) > 0.80


def test_the_recall_at_a_budget_has_not_fallen(bill: Bill) -> None:
    regular = at_budget(bill, shipped(bill.values), SWINGS, bill.is_regular, 2)
    best = at_budget(bill, oracle(bill), SWINGS, bill.is_regular, 2)
    assert regular.at(2.0) > best.at(2.0) - 0.14
    assert regular.at(3.0) > 0.90


def test_no_peer_finds_more_at_the_same_budget() -> None:
    bill = series(904, 60, 160)
    everyone = np.ones(60, dtype=bool)
    ours = at_budget(bill, shipped(bill.values), SWINGS, everyone, 4)
    for peer, (detector, _, tried) in PEERS.items():
        theirs = at_budget(bill, of_peer(detector, bill.values), tried[::2], everyone, 4)
        assert ours.at(2.0) > theirs.at(2.0), peer


def test_an_old_spike_hides_no_new_one(bill: Bill) -> None:
    assert masked(bill, lambda values: replay(values, start=len(values) - 1).limit) > 0.80


def test_an_organisation_is_told_once_per_event_and_a_switch_hardly_ever() -> None:
    found = measured([901], days=140)
    assert found.alerts_per_week < 2
    assert found.dollars > 0.6
    assert found.per_switch <= 1


def test_the_replay_tells_what_the_rule_tells_of_the_plain_numbers() -> None:
    """Ledger, states, floors and first activity cost no spike, but for the unsettled day before."""
    values = organisation(902, days=130).bill.values[:, :6]
    values[100::9] *= 4
    rule = Spike.model_validate(
        {"name": "s", "kind": "spike", "per": ["project", "model"], "min_usd": 0}
    )
    told = {
        (alert.first.day, alert.first.finding.subject.ids)
        for alert in replayed(values, range(6), [rule]).alerts
    }
    total = values.sum(axis=1)
    plain = set()
    for row in range(60, len(values)):
        seen = values[max(0, row - 90) : row + 1].copy()
        seen[-2] = np.nan
        known = [total[each] for each in range(row - 28, row - 1)]
        average = float(np.mean(known))
        floors = {"floor": 0.05 * average, "far_floor": 0.005 * average}
        limit = replay(seen, start=len(seen) - 1, **floors).limit[-1]
        day = FIRST + timedelta(row)
        plain |= {(day, (f"p{n}", f"m{n}")) for n in np.flatnonzero(values[row] > limit)}
    assert {each for each in told if each[0] >= FIRST + timedelta(60)} == plain
    assert len(plain) > 5
