"""The pictures of a digest, from the ledger."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from bot.alerts.model import Finding
from bot.messages.charts import DailyCost, Series, picture
from bot.messages.model import Chart
from bot.spend.calendar import ONE_DAY, DayState, Span, Unit
from bot.spend.ledger import DailyTable, Ledger
from bot.spend.metrics import Additive

CHART_DAYS = 30


@dataclass(frozen=True, slots=True)
class Budget:
    """An organisation-wide limit on money, as a rule sets it. `limit` is in nano-dollars."""

    rule: str
    unit: Unit
    limit: int


def digest_charts(
    ledger: Ledger, budgets: Sequence[Budget], findings: Sequence[Finding]
) -> Iterator[Chart]:
    """Cost per day by project; month to date against the budget; tokens; requests; shares.

    A picture without anything to show is left out.
    """
    span = Span(ledger.today - timedelta(days=CHART_DAYS - 1), ledger.today + ONE_DAY)
    projects = _series(ledger, ledger.sums(Additive.COST, ("project",)), "project", span)
    if projects:
        daily = (b.limit for b in budgets if b.unit is Unit.DAY)
        plot = DailyCost(
            span,
            projects,
            cap=min(daily, default=None),
            open_day=ledger.today,
            missing=frozenset(d for d in span if ledger.state(d) is DayState.MISSING),
            alerts=frozenset(f.period.start for f in findings if f.period.unit is Unit.DAY),
        )
        yield picture(plot, "cost-per-day.png")


def _series(ledger: Ledger, table: DailyTable, dimension: str, span: Span) -> tuple[Series, ...]:
    start = (span.start - table.span.start).days
    rows = table.values[max(start, 0) :]
    lead = (0,) * max(-start, 0)
    return tuple(
        Series(ids[0] or "", ledger.name(dimension, ids[0]), (*lead, *map(int, rows[:, n])))
        for n, ids in enumerate(table.ids)
        if rows[:, n].any()
    )
