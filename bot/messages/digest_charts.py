"""The pictures of a digest, from the ledger."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from bot.alerts.model import Finding
from bot.messages.charts import (
    DailyCost,
    MonthToDate,
    Part,
    RequestsByModel,
    Series,
    Share,
    TokensPerDay,
    picture,
)
from bot.messages.charts import Outlook as ChartOutlook
from bot.messages.charts.palette import colours
from bot.messages.model import Chart
from bot.spend.calendar import ONE_DAY, DayState, Period, Span, Unit, period_of
from bot.spend.forecast import Forecast
from bot.spend.ledger import DailyTable, Ledger
from bot.spend.metrics import Additive, Metric
from bot.spend.outlook import Outlook, outlooks

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
    projects = _series(ledger, ledger.sums(Additive.COST, ("project",)), span)
    # The largest keep their colour in every picture; there are eight to tell apart.
    largest = sorted(projects, key=lambda one: -one.total)[:7]
    palette = colours(one.id for one in largest)
    if projects:
        daily = _daily_cost(ledger, budgets, findings, span, projects)
        yield picture(replace(daily, colours=palette), "cost-per-day.png")
        yield picture(_month_to_date(ledger, budgets), "month-to-date.png")
    if tokens := _tokens(ledger, span):
        yield picture(tokens, "tokens-per-day.png")
    if requests := _requests(ledger, span):
        yield picture(replace(requests, colours=palette), "requests-by-model.png")
    if projects:
        parts = tuple(Part(one.id, one.name, one.total) for one in projects)
        share = Share(parts, f"the last {CHART_DAYS} days' spend", colours=palette)
        yield picture(share, "share-by-project.png")


def month_outlook(ledger: Ledger, period: Period) -> Forecast | None:
    """What the running period's spend is expected to be at its end; None while too young.

    It is what a cap on the organisation foresees too.
    """
    table = ledger.sums(Additive.COST, ("organization",))
    if not table.ids or ledger.today not in period.span:
        return None
    (outlook,) = outlooks(ledger, table, period)
    return outlook.forecast if isinstance(outlook, Outlook) else None


def _daily_cost(
    ledger: Ledger,
    budgets: Sequence[Budget],
    findings: Sequence[Finding],
    span: Span,
    projects: tuple[Series, ...],
) -> DailyCost:
    caps = [budget.limit for budget in budgets if budget.unit is Unit.DAY]
    return DailyCost(
        span,
        projects,
        cap=min(caps, default=None),
        open_day=ledger.today,
        missing=_missing(ledger, span),
        alerts=frozenset(f.period.start for f in findings if f.period.unit is Unit.DAY),
    )


def _month_to_date(ledger: Ledger, budgets: Sequence[Budget]) -> MonthToDate:
    month = period_of(ledger.today, Unit.MONTH)
    limits = [budget.limit for budget in budgets if budget.unit is Unit.MONTH]
    outlook = month_outlook(ledger, month)
    so_far = Span(month.start, ledger.today + ONE_DAY)
    days = ledger.sums(Additive.COST, ("organization",))
    return MonthToDate(
        month,
        tuple(sum(days.totals(Span(day, day + ONE_DAY)).values()) for day in so_far),
        budget=max(limits, default=None),
        outlook=ChartOutlook(round(outlook.low), round(outlook.total), round(outlook.high))
        if outlook
        else None,
        open_day=ledger.today,
        missing=_missing(ledger, so_far),
    )


def _tokens(ledger: Ledger, span: Span) -> TokensPerDay | None:
    tables = [
        _series(ledger, ledger.sums(quantity, ("organization",)), span)
        for quantity in (Additive.INPUT_TOKENS, Additive.OUTPUT_TOKENS)
    ]
    if not any(tables):
        return None
    zeros = (0,) * len(span)
    inputs, outputs = (table[0].values if table else zeros for table in tables)
    missing = _missing(ledger, span, Metric.INPUT_TOKENS)
    return TokensPerDay(span, inputs, outputs, open_day=ledger.today, missing=missing)


def _requests(ledger: Ledger, span: Span) -> RequestsByModel | None:
    table = ledger.sums(Additive.REQUESTS, ("project", "model"))
    totals = {ids: total for ids, total in table.totals(span).items() if total > 0}
    if not totals:
        return None
    models = sorted({model for _, model in totals}, key=str)
    projects = sorted({project for project, _ in totals}, key=str)
    return RequestsByModel(
        tuple(ledger.name("model", model) for model in models),
        tuple(
            Series(
                project or "",
                ledger.name("project", project),
                tuple(totals.get((project, model), 0) for model in models),
            )
            for project in projects
        ),
        f"in the last {CHART_DAYS} days",
    )


def _missing(ledger: Ledger, span: Span, metric: Metric = Metric.COST) -> frozenset[date]:
    return frozenset(d for d in span if ledger.state(d, metric) is DayState.MISSING)


def _series(ledger: Ledger, table: DailyTable, span: Span) -> tuple[Series, ...]:
    """The subjects of the table that have anything in the span, one value per day of it."""
    start = (span.start - table.span.start).days
    rows = table.values[max(start, 0) :]
    lead = (0,) * max(-start, 0)
    return tuple(
        Series(ids[0] or "", ledger.name("project", ids[0]), (*lead, *map(int, rows[:, n])))
        for n, ids in enumerate(table.ids)
        if rows[:, n].any()
    )
