"""Whole organisations through the replay of `bot backtest`: alerts a week, dollars found, switches.

Spikes are put on one project x model at a time, ten days apart, and every rule level is judged
together: organisation, project, project x model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import numpy as np

from benchmarks.peers import START
from benchmarks.simulator import USUAL, Floats, Organisation, World, organisation
from bot.backtest import Backtest, backtest
from bot.kinds import Rule, Spike
from bot.spend.calendar import DayState, Span
from bot.spend.currency import USD
from bot.spend.ledger import Ids, Ledger, Sums, trailing
from bot.spend.metrics import Additive
from bot.spend.split import Volume

FIRST = date(2025, 1, 6)  # a Monday
REPEAT_DAYS = 3
"""An alert of a subject within so many days of its last one is the same event."""


def levels() -> tuple[Rule, ...]:
    """The rules as the defaults have them, on all three levels."""
    return tuple(
        Spike.model_validate({"name": "-".join(per), "kind": "spike", "per": per})
        for per in (["organization"], ["project"], ["project", "model"])
    )


@dataclass(frozen=True, slots=True)
class ArrayReader:
    """Sums of a (days, pairs) array in dollars: where a ledger of invented days reads from."""

    values: Floats
    names: tuple[tuple[str, str], ...]
    """Project and model of each column."""

    def sums(self, quantity: Additive, dimensions: tuple[str, ...], span: Span) -> Sums:
        sums: dict[Ids, dict[date, int]] = {}
        nanos = np.rint(self.values * 1e9).astype(np.int64)
        for column, (project, model) in enumerate(self.names):
            member = {"project": project, "model": model, "organization": None}
            days = sums.setdefault(tuple(member[each] for each in dimensions), {})
            for row in range(len(nanos)):
                if (day := FIRST + timedelta(row)) in span and quantity is Additive.COST:
                    days[day] = days.get(day, 0) + int(nanos[row, column])
        return sums

    def bill(self, _dimensions: tuple[str, ...], _days: tuple[date, ...]) -> dict[Ids, int]:
        """Nothing: alerts are counted here, not explained."""
        return {}

    def volumes(self, _dimensions: tuple[str, ...], _days: tuple[date, ...]) -> dict[Ids, Volume]:
        """Nothing, as above."""
        return {}


def replayed(values: Floats, owner: Sequence[int], rules: Sequence[Rule]) -> Backtest:
    """What `bot backtest` tells of the days from `START` on."""
    names = tuple((f"p{project}", f"m{n}") for n, project in enumerate(owner))
    end = FIRST + timedelta(len(values))
    now = datetime.combine(end + timedelta(5), time(9), UTC)
    span = Span(FIRST - timedelta(95), now.date() + timedelta(1))
    known = Span(FIRST, end)
    states = {day: DayState.SETTLED if day in known else DayState.MISSING for day in span}
    ledger = Ledger(now, span, ArrayReader(values, names), states, states, USD)
    days = Span(FIRST + timedelta(START), end)
    return backtest(ledger, rules, days, lambda today: trailing(today, 92))


def events(result: Backtest) -> list[tuple[date, Ids]]:
    """Alerts by day and ids, repeats of a subject within `REPEAT_DAYS` left out."""
    last: dict[Ids, date] = {}
    found = []
    for alert in result.alerts:
        ids = alert.first.finding.subject.ids
        if ids not in last or alert.first.day > last[ids] + timedelta(REPEAT_DAYS):
            found.append((alert.first.day, ids))
        last[ids] = alert.first.day
    return found


@dataclass(frozen=True, slots=True)
class Verdict:
    """Of several organisations together."""

    alerts_per_week: float
    recall: float
    dollars: float
    """Share of the spikes' extra dollars that were told."""
    per_switch: float


def measured(
    seeds: Sequence[int], size: float = 3.0, days: int = 250, world: World = USUAL
) -> Verdict:
    """Quiet weeks, spikes of that size, and model switches of organisations."""
    told = weeks = 0.0
    spikes: list[tuple[bool, float]] = []
    switches: list[int] = []
    for seed in seeds:
        whole = organisation(seed, days=days, world=world)
        quiet = events(replayed(whole.bill.values, whole.project.tolist(), levels()))
        told, weeks = told + len(quiet), weeks + (days - START) / 7
        spikes += _spikes_found(whole, seed, size, {day for day, _ in quiet})
        switches += _switch_alerts(whole, seed, set(quiet))
    dollars = np.array([extra for _, extra in spikes])
    found = np.array([hit for hit, _ in spikes])
    return Verdict(
        round(told / weeks, 2),
        round(float(found.mean()), 3),
        round(float(dollars[found].sum() / dollars.sum()), 3),
        round(float(np.mean(switches)), 2),
    )


def _spikes_found(
    whole: Organisation, seed: int, size: float, quiet: set[date]
) -> list[tuple[bool, float]]:
    """For each spike put in: whether it was told on its day, and its extra dollars."""
    rng = np.random.default_rng(seed + 1000)
    values = whole.bill.values.copy()
    put: list[tuple[date, int, float]] = []
    for row in range(60, len(values), 10):
        usual = np.median(whole.bill.values[row - 28 : row : 7], axis=0)
        carries = np.flatnonzero((values[row] > 0) & (values[row] >= 0.5 * usual))
        if not len(carries):  # everybody's day off
            continue
        column = int(rng.choice(carries))
        put.append((FIRST + timedelta(row), column, float(values[row, column] * (size - 1))))
        values[row, column] *= size
    told = replayed(values, whole.project.tolist(), levels()).alerts
    by_day = {day: [a for a in told if a.first.day == day] for day, _, _ in put}
    return [
        (any(_names(a.first.finding.subject.ids, column, whole) for a in by_day[day]), extra)
        for day, column, extra in put
        if day not in quiet
    ]


def _names(ids: Ids, column: int, whole: Organisation) -> bool:
    """Whether an alert is about the pair, its project or the organisation."""
    project = f"p{whole.project[column]}"
    return ids in ((None,), (project,), (project, f"m{column}"))


def _switch_alerts(whole: Organisation, seed: int, quiet: set[tuple[date, Ids]]) -> list[int]:
    """Alerts in the two weeks after a project moved 80 % of its largest model's traffic."""
    rng = np.random.default_rng(seed + 2000)
    counts = []
    owners = [p for p in range(whole.project.max() + 1) if (whole.project == p).sum() >= 2]
    for project in rng.permutation(owners)[:3]:
        row = int(rng.integers(100, len(whole.bill.values) - 20))
        values = whole.bill.values.copy()
        columns = np.flatnonzero(whole.project == project)
        largest, other = columns[np.argsort(-values[row - 28 : row, columns].sum(axis=0))[:2]]
        values[row:, other] += 0.8 * values[row:, largest]
        values[row:, largest] *= 0.2
        days = {FIRST + timedelta(row + n) for n in range(14)}
        new = set(events(replayed(values[: row + 15], whole.project.tolist(), levels()))) - quiet
        counts.append(sum(day in days and f"p{project}" in ids for day, ids in new))
    return counts
