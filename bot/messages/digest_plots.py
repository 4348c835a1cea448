"""The charts of a digest, each from one scene; None where there is nothing to show."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from bot.messages.charts import (
    DailyCost,
    MonthToDate,
    Part,
    Plot,
    RequestsByModel,
    Series,
    Share,
    TokensPerDay,
)
from bot.messages.charts import Outlook as ChartOutlook
from bot.messages.charts.series import OTHER_ID
from bot.messages.digest_series import (
    Scene,
    about,
    missing_days,
    month_outlook,
    series_of,
    usual_range,
)
from bot.spend.calendar import ONE_DAY, Span, Unit, period_of
from bot.spend.ledger import Ledger
from bot.spend.metrics import Additive, Metric


def daily_cost(scene: Scene) -> Plot | None:
    ledger, span, projects = scene.ledger, scene.span, scene.projects
    if not projects:
        return None
    caps = [budget.limit for budget in scene.budgets if budget.unit is Unit.DAY]
    return DailyCost(
        span,
        projects,
        currency=ledger.currency,
        cap=min(caps, default=None),
        open_day=ledger.today,
        missing=missing_days(ledger, span),
        alerts=scene.alerts,
        usual=usual_range(ledger, span),
        colours=scene.palette,
    )


def month_to_date(scene: Scene) -> Plot | None:
    ledger = scene.ledger
    if not scene.projects:
        return None
    month = period_of(scene.period.last_day, Unit.MONTH)
    limits = [budget.limit for budget in scene.budgets if budget.unit is Unit.MONTH]
    outlook = month_outlook(ledger, month)
    outlook = about(outlook) if outlook else None
    so_far = Span(month.start, min(ledger.today + ONE_DAY, month.end))
    days = ledger.sums(Additive.COST, ("organization",))
    ends = (outlook.low, outlook.total, outlook.high) if outlook else ()
    return MonthToDate(
        month,
        tuple(sum(days.totals(Span(day, day + ONE_DAY)).values()) for day in so_far),
        currency=ledger.currency,
        budget=max(limits, default=None),
        outlook=ChartOutlook(*map(round, ends)) if outlook else None,
        open_day=ledger.today,
        missing=missing_days(ledger, so_far),
    )


def tokens(scene: Scene) -> Plot | None:
    ledger, span = scene.ledger, scene.span
    tables = [
        series_of(ledger, ledger.sums(quantity, ("organization",)), span)
        for quantity in (Additive.INPUT_TOKENS, Additive.OUTPUT_TOKENS)
    ]
    if not any(tables):
        return None
    zeros = (0,) * len(span)
    inputs, outputs = (table[0].values if table else zeros for table in tables)
    missing = missing_days(ledger, span, Metric.INPUT_TOKENS)
    return TokensPerDay(span, inputs, outputs, open_day=ledger.today, missing=missing)


def requests(scene: Scene) -> Plot | None:
    ledger = scene.ledger
    table = ledger.sums(Additive.REQUESTS, ("project", "model"))
    totals = {ids: total for ids, total in table.totals(scene.span).items() if total > 0}
    if not totals:
        return None
    models = sorted({model for _, model in totals}, key=str)
    by: dict[str | None, dict[str | None, int]] = defaultdict(dict)
    for (project, model), total in totals.items():
        by[project][model] = total
    return RequestsByModel(
        tuple(ledger.name("model", model) for model in models),
        tuple(_of_models(ledger, by, models, scene.palette)),
        f"in {scene.words}",
        colours=scene.palette,
    )


def _of_models(
    ledger: Ledger,
    by: Mapping[str | None, Mapping[str | None, int]],
    models: Sequence[str | None],
    palette: Mapping[str, str],
) -> Iterator[Series]:
    """Requests by model of the projects with a colour; of all others together."""
    named = sorted((one for one in by if (one or "") in palette), key=str)
    others = [one for one in by if (one or "") not in palette]
    for project in named:
        values = tuple(by[project].get(model, 0) for model in models)
        yield Series(project or "", ledger.name("project", project), values)
    if others:
        values = tuple(sum(by[one].get(model, 0) for one in others) for model in models)
        yield Series(OTHER_ID, f"{len(others):,} others", values, len(others))


def share_by_project(scene: Scene) -> Plot | None:
    return _share(scene, "project", scene.palette)


def share_by_model(scene: Scene) -> Plot | None:
    return _share(scene, "model", {})


def _share(scene: Scene, dimension: str, palette: Mapping[str, str]) -> Plot | None:
    totals = scene.ledger.sums(Additive.COST, (dimension,)).totals(scene.span)
    parts = tuple(
        Part(ids[0] or "", scene.ledger.name(dimension, ids[0]), total)
        for ids, total in totals.items()
        if total
    )
    is_month = scene.period.unit is Unit.MONTH
    words = f"{scene.words}'s spend" if is_month else f"{scene.words}' spend"
    if not parts:
        return None
    return Share(parts, words, currency=scene.ledger.currency, colours=palette)
