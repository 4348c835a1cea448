"""What the charts of a digest are drawn from: series of a ledger, ranges, the month's outlook."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from bot.messages.charts import Series
from bot.messages.charts.palette import SUBJECTS, colours
from bot.messages.charts.series import OTHER_ID
from bot.spend.baseline import WEEKDAY, replay, since_first_activity
from bot.spend.calendar import DayState, Period, Span, Unit
from bot.spend.forecast import Forecast
from bot.spend.ledger import DailyTable, Ledger
from bot.spend.metrics import Additive, Metric
from bot.spend.outlook import Outlook, outlooks, rounded

SUBJECTS_TOLD_APART = len(SUBJECTS)
MOST_SERIES = 60
"""Of more projects than this only the largest are looked at one by one."""
_KEPT = 40


@dataclass(frozen=True, slots=True)
class Budget:
    """An organisation-wide limit on money, as a rule sets it. `limit` is in nanos."""

    rule: str
    unit: Unit
    limit: int


@dataclass(frozen=True, slots=True)
class Scene:
    """What the charts of one digest have in common. `alerts`: days to mark."""

    ledger: Ledger
    budgets: tuple[Budget, ...]
    alerts: frozenset[date]
    period: Period
    span: Span
    projects: tuple[Series, ...]
    palette: Mapping[str, str]
    """The largest keep their colour in every picture; nobody else gets one."""

    @property
    def words(self) -> str:
        """The span in a sentence."""
        if self.period.unit is Unit.MONTH:
            return f"{self.period.start:%B}"
        return f"the last {len(self.span)} days"


def scene_of(
    ledger: Ledger, budgets: Sequence[Budget], alerts: Set[date], period: Period, span: Span
) -> Scene:
    """The scene of a span, its projects read once."""
    projects = series_of(ledger, ledger.sums(Additive.COST, ("project",)), span)
    known = sorted((o for o in projects if o.id != OTHER_ID), key=lambda one: (-one.total, one.id))
    palette = colours(one.id for one in known[:SUBJECTS_TOLD_APART])
    return Scene(ledger, tuple(budgets), frozenset(alerts), period, span, projects, palette)


def about(forecast: Forecast) -> Forecast:
    """The forecast in the digits its range leaves it, as a cap tells it."""
    spread = round(forecast.high) - round(forecast.low)
    total, low, high = (
        rounded(end, spread) for end in (forecast.total, forecast.low, forecast.high)
    )
    return replace(forecast, total=total, low=low, high=high)


def month_outlook(ledger: Ledger, period: Period) -> Forecast | None:
    """What the running period's spend is expected to be at its end; None while too young.

    It is what a cap on the organisation foresees too.
    """
    table = ledger.sums(Additive.COST, ("organization",))
    if not table.ids or ledger.today not in period.span:
        return None
    (outlook,) = outlooks(ledger, table, period)
    return outlook.forecast if isinstance(outlook, Outlook) else None


def usual_range(ledger: Ledger, span: Span) -> tuple[tuple[float, float] | None, ...]:
    """For each day, between what the organisation's spend would usually lie; None where unknown."""
    table = ledger.sums(Additive.COST, ("organization",))
    if not table.ids:
        return ()
    values = since_first_activity(table.values.sum(axis=1, keepdims=True).astype(np.float64))
    values[~ledger.settled()] = np.nan
    first = (span.start - ledger.span.start).days
    usual = replay(values, start=max(first, 0))
    known = usual.method[:, 0] == WEEKDAY
    swings = np.exp(usual.swing[:, 0])
    ends = zip(known, usual.usual[:, 0] / swings, usual.usual[:, 0] * swings, strict=True)
    found = [(float(low), float(high)) if there else None for there, low, high in ends]
    lead = (None,) * max(-first, 0)
    return (*lead, *found[max(first, 0) : first + len(span)])


def missing_days(ledger: Ledger, span: Span, metric: Metric = Metric.COST) -> frozenset[date]:
    return frozenset(d for d in span if ledger.state(d, metric) is DayState.MISSING)


def series_of(ledger: Ledger, table: DailyTable, span: Span) -> tuple[Series, ...]:
    """The subjects of the table with anything in the span, one value per day of it.

    Of very many only the largest by themselves: a chart shows no more, however many there are.
    """
    start, end = ((day - table.span.start).days for day in (span.start, span.end))
    rows = table.values[max(start, 0) : max(end, 0)]
    there = np.flatnonzero((rows != 0).any(axis=0))
    ranked = there[np.argsort(-np.abs(rows[:, there]).sum(axis=0), kind="stable")]
    few, rest = (ranked, ranked[:0]) if len(ranked) <= MOST_SERIES else np.split(ranked, [_KEPT])
    lead, tail = (0,) * max(-start, 0), (0,) * max(end - len(table.span), 0)
    found = [
        Series(
            table.ids[n][0] or "",
            ledger.name("project", table.ids[n][0]),
            (*lead, *map(int, rows[:, n]), *tail),
        )
        for n in sorted(few)
    ]
    if len(rest):
        values = (*lead, *map(int, rows[:, rest].sum(axis=1)), *tail)
        found.append(Series(OTHER_ID, f"{len(rest):,} others", values, len(rest)))
    return tuple(found)
