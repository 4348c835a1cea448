"""A replay shares work between rules and days; it says what each rule and day alone would say."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest

from bot.alerts.model import Finding, Outcome, Skipped
from bot.backtest import Backtest, backtest
from bot.kinds import Rule
from bot.kinds.rollup import told_once
from bot.spend.calendar import DayState, Span
from bot.spend.ledger import Ledger, trailing
from bot.spend.metrics import Additive
from tests.build import YESTERDAY, Entry, at, ledger, on, rule

FIRST, LAST, HISTORY = on("10-25"), on("11-15"), 150
SPENDS = (7.0, 20.0, 20.0, 60.0, 150.0)
MISSING = on("11-03")
Told = tuple[date, str, float | None, float | None, str]


def bills(seed: int) -> list[Entry]:
    """Projects that spike, drift, stop, wake, are new, probe and burst, are credited or bursty."""
    chance, found = random.Random(seed), list[Entry]()
    days = [YESTERDAY - timedelta(days=n) for n in range(HISTORY)][::-1]
    late = days.index(FIRST)

    def project(name: str, spends: list[float]) -> None:
        for day, amount in zip(days, spends, strict=True):
            of = {"project": name, "line_item": "gpt-5, input"}
            if amount:
                found.append(Entry(day, round(amount, 6), of))
            requests = max(int(amount * chance.choice((9, 10, 11, 30))), 0)
            used = {"project": name, "model": "gpt-5"}
            found.append(Entry(day, requests, used, Additive.REQUESTS))

    def usual(level: float, weekend: float = 0.6) -> list[float]:
        swing = [chance.gauss(1, 0.12) * (weekend if day.weekday() > 4 else 1) for day in days]
        return [level * max(one, 0.05) for one in swing]

    for n, level in enumerate(SPENDS):
        spends = usual(level)
        for _ in range(4):
            spends[chance.randrange(late - 20, HISTORY)] *= chance.choice((2, 3, 6))
        project(f"steady {n}", spends)
    stops, began = usual(40.0, 1.0), chance.randrange(late - 5, HISTORY - 8)
    project("stops", [0.0 if began <= n < began + 9 else one for n, one in enumerate(stops)])
    credited = usual(50.0, 1.0)
    credited[chance.randrange(late, HISTORY)] = -30.0
    project("credited", credited)
    creeps = chance.randrange(late - 30, late)
    project("creeps", [one * (1.9 if n > creeps else 1) for n, one in enumerate(usual(30.0))])
    wakes = chance.randrange(late, HISTORY - 3)
    project("wakes", [one if n < 70 or n >= wakes else 0.0 for n, one in enumerate(usual(12.0))])
    comes = chance.randrange(late, HISTORY - 4)
    project("new", [0.5 if n == comes else 90.0 if n > comes else 0.0 for n in range(HISTORY)])
    project("bursty", [one if chance.random() < 0.4 else 0.0 for one in usual(40.0)])
    return found


def rules() -> list[Rule]:
    """Pairs of every kind that share what does not depend on their own options, and others."""
    month: dict[str, Any] = {"period": "month", "limit_usd": 600}
    planned = {"planned": [{"from": "2026-11-05", "until": "2026-11-06", "usd": 40}]}
    some: list[dict[str, Any]] = [
        {"kind": "cap", "limit_usd": {"default": 45, "steady 4": 200}, "steps": [50, 100]},
        {"kind": "cap", **month, "steps": [50, 80, 100], "forecast_steps": [100, 120]},
        {"kind": "cap", **month, "limit_usd": 900, "forecast_steps": [100]},
        {"kind": "cap", **month, "forecast_steps": [100], **planned},
        {"kind": "cap", "period": "week", "limit_usd": 150, "forecast_steps": [100]},
        {"kind": "cap", "metric": "requests", "limit": 900, "min_usd": 50},
        {"kind": "spike", "sensitivity": "low", "min_usd": 20},
        {"kind": "spike", "sensitivity": "high", "min_usd": 2},
        {"kind": "spike", **planned},
        {"kind": "spike", "metric": "cost_per_request", "min_usd": 1},
        {"kind": "spike", "metric": "cost_per_request", "min_usd": 30},
        {"kind": "spike", "metric": "requests"},
        {"kind": "drift", "ratio": 1.3},
        {"kind": "drift", "ratio": 1.6, "min_usd": 15},
        {"kind": "drift", "metric": "cost_per_request", "ratio": 1.2},
        {"kind": "new", "min_usd": 1},
        {"kind": "new", "min_usd": 30},
        {"kind": "new", "asleep_days": 10, "match": {"project": "!steady*"}},
        {"kind": "drop", "below": 20},
        {"kind": "drop", "below": 60, "min_usd": 30},
        {"kind": "drop", "metric": "requests", "below": 50},
    ]
    every = [
        rule(one.pop("kind"), name=f"rule {n}", per="project", **one) for n, one in enumerate(some)
    ]
    whole = {"limit_usd": 4000, "period": "month", "forecast_steps": [100]}
    return [*every, rule("spike", name="all"), rule("cap", name="all caps", **whole)]


def each_alone(known: list[Entry], some: list[Rule]) -> Iterator[tuple[date, list[Outcome]]]:
    """Every day judged by every rule on a ledger of its own, which holds nothing later."""
    for day in Span(FIRST, LAST + timedelta(days=1)):
        entries = [entry for entry in known if entry.day <= day]
        then = at(f"{day} 06:00") + timedelta(days=1)
        gap = {str(MISSING): DayState.MISSING} if day >= MISSING else None

        def fresh(entries: list[Entry] = entries, then: Any = then, gap: Any = gap) -> Ledger:
            return ledger(entries, now=then, days=100, states=gap)

        found = [outcome for one in some for outcome in one.judge(fresh(), [day])]
        yield day, told_once(some, fresh(), found)


def news(outcomes: Iterator[tuple[date, list[Outcome]]]) -> tuple[list[Told], dict[str, int]]:
    """What of all that is told: an alert when it begins, passes a higher step or foresees one."""
    told: dict[str, list[Finding]] = {}
    lines: list[Told] = []
    skipped: dict[str, int] = {}
    for day, some in outcomes:
        for one in some:
            if isinstance(one, Skipped):
                skipped[f"{one.rule}: {one.why}"] = skipped.get(f"{one.rule}: {one.why}", 0) + 1
            if not isinstance(one, Finding) or one.inhibited_by:
                continue
            before = told.setdefault(one.key, [])
            passed = max([each.step or 0 for each in before], default=-1)
            foreseen = max([each.forecast_step or 0 for each in before], default=0)
            if (one.step or 0) > passed or (one.forecast_step or 0) > max(passed, foreseen):
                before.append(one)
                lines.append(_line(day, one))
    return lines, skipped


def _line(day: date, one: Finding) -> Told:
    return day, one.key, one.step, one.forecast_step, f"{one.headline} / {one.why}"


def _told(result: Backtest) -> list[Told]:
    every = [each for alert in result.alerts for each in (alert.first, *alert.steps)]
    return [_line(each.day, each.finding) for each in every]


@pytest.mark.parametrize("seed", [1])
def test_rules_and_days_replayed_together_tell_what_each_alone_would_tell(seed: int) -> None:
    assert _kinds_told_the_same(seed) == {"cap", "spike", "drift", "new", "drop"}


@pytest.mark.sweep
@pytest.mark.parametrize("seed", range(2, 60))
def test_so_they_do_on_many_bills(seed: int) -> None:
    assert _kinds_told_the_same(seed)


def _kinds_told_the_same(seed: int) -> set[str]:
    """The kinds that tell something, after it was compared."""
    known, some = bills(seed), rules()
    whole = ledger(known, days=HISTORY, states={str(MISSING): DayState.MISSING})
    days = Span(FIRST, LAST + timedelta(days=1))
    result = backtest(whole, some, days, lambda today: trailing(today, 100))
    expected, skipped = news(each_alone(known, some))
    assert sorted(_told(result), key=str) == sorted(expected, key=str)
    assert {f"{name}: {why}": count for name, why, count in result.skipped} == skipped
    return {alert.first.finding.kind for alert in result.alerts}
