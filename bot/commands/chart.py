"""`bot chart`: any chart of a digest, as a PNG or SVG file."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path

from bot import app as flow
from bot.briefing import budgets
from bot.commands.backtest import load_recorded
from bot.commands.common import configuration, note
from bot.config.problems import closest, printable, short
from bot.context import open_ledger
from bot.errors import UsageError
from bot.messages.charts import Plot, png, svg
from bot.messages.digest_charts import CHART_DAYS, NAMES, alert_days, drawings, file_name
from bot.spend.calendar import ONE_DAY, Unit, period_of
from bot.spend.ledger import trailing
from bot.wiring import dry_app

_DRAW = {".png": png, ".svg": svg}


def run_chart(
    *,
    name: str | None,
    out: Path | None,
    listed: bool,
    period: str,
    config: Path | None,
    as_of: datetime | None,
) -> int:
    """Exit code 0. Raises UsageError for a chart or file that cannot be."""
    if listed:
        width = max(map(len, NAMES))
        sys.stdout.writelines(f"{one:<{width}}  {what}\n" for one, what in NAMES.items())
        return 0
    known = _known(name)
    path = out or Path(file_name(known))
    if path.suffix.lower() not in _DRAW:
        raise UsageError(f"--out {path}: a chart is a .png or .svg file")
    plot = _plot(known, Unit(period), config, as_of)
    try:
        path.write_bytes(_DRAW[path.suffix.lower()](plot))
    except OSError as error:
        raise UsageError(f"--out {path}: {error.strerror}") from None
    sys.stdout.write(f"{plot.alt()}\n")
    note(f"chart: {path}")
    return 0


def _known(name: str | None) -> str:
    if name in NAMES:
        return str(name)
    if name is None:
        raise UsageError("say which chart", hint="`bot chart --list` shows them")
    likely = closest(name, list(NAMES))
    guess = f"did you mean '{likely}'? " if likely else ""
    raise UsageError(
        f"there is no chart '{printable(short(name))}'", hint=f"{guess}`bot chart --list` shows all"
    )


def _plot(name: str, unit: Unit, config: Path | None, as_of: datetime | None) -> Plot:
    loaded = configuration(config)
    with dry_app(loaded, as_of) as app:
        load_recorded(app)
        ledger = open_ledger(app)
        period = period_of(period_of(ledger.today, unit).start - ONE_DAY, unit)
        limits = budgets(loaded.rulebook.enabled, ledger.currency)
        days = [day for day in trailing(app.today, CHART_DAYS) if day in app.span]
        findings, _, _ = flow.judge(app, ledger, days)
        alerts = alert_days(findings) | flow.told_days(app)
        found = drawings(ledger, limits, alerts, period)
    if name not in found:
        raise UsageError(
            f"nothing is held that '{name}' could show", hint="`bot fetch` reads the bill"
        )
    return found[name]
