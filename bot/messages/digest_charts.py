"""The charts of a digest by name, and which of them its message shows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from datetime import date, timedelta

from bot.alerts.model import Finding
from bot.logs import harmless
from bot.messages import digest_plots as plots
from bot.messages.charts import Plot, picture
from bot.messages.digest_series import Budget, Scene, scene_of
from bot.messages.model import Chart
from bot.spend.calendar import ONE_DAY, Period, Span, Unit
from bot.spend.ledger import Ledger

CHART_DAYS = 30
NAMES = {
    "cost-per-day": "cost per day by project, with the daily cap, the usual range and alerts",
    "month-to-date": "the month adding up, with its budget and forecast",
    "tokens-per-day": "tokens in and out per day",
    "requests-by-model": "requests by model and project",
    "share-by-project": "each project's share of the cost",
    "share-by-model": "each model's share of the cost",
}
"""Every chart by its name, and what it shows."""

IN_FOLDER = tuple(NAMES)[:5]
"""Those that `--charts` writes."""
_IN_MESSAGES = {
    Unit.DAY: ("cost-per-day", "month-to-date"),
    Unit.WEEK: ("cost-per-day", "requests-by-model"),
    Unit.MONTH: ("month-to-date", "share-by-project"),
}

_PLOTS: Mapping[str, Callable[[Scene], Plot | None]] = {
    "cost-per-day": plots.daily_cost,
    "month-to-date": plots.month_to_date,
    "tokens-per-day": plots.tokens,
    "requests-by-model": plots.requests,
    "share-by-project": plots.share_by_project,
    "share-by-model": plots.share_by_model,
}


def drawings(
    ledger: Ledger, budgets: Sequence[Budget], alerts: Set[date], period: Period
) -> dict[str, Plot]:
    """Every chart that has something to show, by name, not drawn yet.

    A digest of a month shows its days; all others the last 30. Colours agree in all of them.
    `alerts`: days to mark.
    """
    span = period.span if period.unit is Unit.MONTH else _last_days(ledger)
    scene = scene_of(ledger, budgets, alerts, period, span)
    found = {}
    for name, draw in _PLOTS.items():
        with harmless(f"the chart {name} could not be made"):
            if plot := draw(scene):
                found[name] = plot
    return found


def shown(drawn: Mapping[str, Plot], unit: Unit, *, quiet: bool = False) -> Iterator[Chart]:
    """The one or two charts that go with the message."""
    for name in _IN_MESSAGES[unit][: 1 if quiet else 2]:
        if name in drawn:
            with harmless(f"the chart {name} could not be drawn"):
                yield picture(drawn[name], file_name(name))


def alert_days(findings: Iterable[Finding]) -> frozenset[date]:
    """The days that findings about a day tell of."""
    return frozenset(one.period.start for one in findings if one.period.unit is Unit.DAY)


def file_name(name: str) -> str:
    return f"{name}.png"


def _last_days(ledger: Ledger) -> Span:
    return Span(ledger.today - timedelta(days=CHART_DAYS - 1), ledger.today + ONE_DAY)
