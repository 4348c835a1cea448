"""`bot backtest`: what rules would have told over the history that is held."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path

from bot import app as flow
from bot.alerts.model import Finding
from bot.backtest import Backtest, Reach, backtest, last_judgeable
from bot.commands.backtestjson import document_of
from bot.commands.backtesttext import print_backtest
from bot.commands.common import configuration, console, note
from bot.commands.printing import print_json
from bot.config.rulebook import Rulebook, load_rulebook
from bot.context import App, open_ledger
from bot.errors import UsageError
from bot.kinds import Rule
from bot.messages.charts import AlertHistory, png
from bot.sources.base import COSTS
from bot.sources.recording import RecordingSource
from bot.spend.calendar import ONE_DAY, DayState, Span, midnight
from bot.spend.doubt import Trusting
from bot.spend.ledger import Ledger
from bot.spend.metrics import Additive
from bot.tuning import Plan, Target, parse_target, plan
from bot.wiring import dry_app

_LONG_AGO = timedelta(days=3660)


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the command line asks for."""

    config: Path | None
    rules: Path | None
    since: date | None
    until: date | None
    compare: Path | None
    target: str | None
    chart: Path | None
    output: str
    as_of: datetime | None


def run_backtest(wishes: Wishes) -> int:
    """Exit code 0; UsageError where no day can be judged, or for a target or picture that cannot
    be."""
    target = parse_target(wishes.target) if wishes.target else None
    picture = _picture_path(wishes.chart) if wishes.chart else None
    loaded = configuration(wishes.config)
    books = [load_rulebook(wishes.rules) if wishes.rules else loaded.rulebook]
    books += [load_rulebook(wishes.compare)] if wishes.compare else []
    with dry_app(loaded, wishes.as_of) as app:
        load_recorded(app)
        history = open_history(app, books, wishes.since, wishes.until)
        results = [history.replayed(book.enabled) for book in books]
        proposed = history.plan(results[0], target) if target else None
    if picture:
        picture.write_bytes(png(history.picture(results[0])))
        note(f"chart: {picture}")
    if wishes.output == "json":
        print_json(document_of(*results, proposed=proposed))
    else:
        print_backtest(console(), *results, proposed=proposed)
    return 0


def _picture_path(path: Path) -> Path:
    """Raises UsageError for a file that is no PNG or cannot be written, before anything is done."""
    if path.suffix.lower() != ".png":
        raise UsageError(f"--chart {path}: the picture is a PNG", hint="name a file such as it.png")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    except OSError as error:
        raise UsageError(
            f"--chart {path}: {error.strerror}", hint="name a file that can be written"
        ) from None
    return path


@dataclass(frozen=True, slots=True)
class History:
    """The history that is held, ready to be replayed against rules."""

    whole: Ledger
    days: Span
    app: App

    def replayed(self, rules: Sequence[Rule]) -> Backtest:
        """What the rules would have told."""
        book = Rulebook(tuple(rules), ())
        return backtest(self.whole, book.enabled, self.days, _reach(self.app, book))

    def plan(self, result: Backtest, target: Target) -> Plan:
        """Thresholds that would have kept the rules of the result within the target."""

        def told(rules: Sequence[Rule]) -> list[Finding]:
            return [alert.first.finding for alert in self.replayed(rules).alerts]

        now = [alert.first.finding for alert in result.alerts]
        return plan(result.rules, now, target, len(self.days), told, self.whole.currency)

    def picture(self, result: Backtest) -> AlertHistory:
        """Every day's cost and every alert."""
        table = self.whole.sums(Additive.COST, ("organization",))
        start = (self.days.start - table.span.start).days
        totals = table.values.sum(axis=1)[start : start + len(self.days)]
        missing = self.whole.days_in_state(self.days, DayState.MISSING)
        told = {rule.name: [alert.first.day for alert in result.of(rule)] for rule in result.rules}
        currency = self.whole.currency
        return AlertHistory(
            self.days, tuple(map(int, totals)), told, frozenset(missing), currency=currency
        )


def load_recorded(app: App) -> None:
    """Read a sample or recording into the forgetful store; nothing is fetched from OpenAI."""
    if not isinstance(app.source, RecordingSource):
        return
    end = min(app.source.days.end, app.today + ONE_DAY)
    days = Span(min(app.source.days.start, end), end)
    failures = [one for one in flow.collect(app, days, Trusting()) if not one.optional]
    for message, hint in dict.fromkeys((one.message, one.hint) for one in failures):
        note(f"bot: {message}" + (f"\n  {hint}" if hint else ""))


def open_history(
    app: App, books: Sequence[Rulebook], since: date | None = None, until: date | None = None
) -> History:
    """The history as far back as any of the rules looks. UsageError where there is none.

    Days before its first one are not judged, and do not count: nobody saw them.
    """
    held = _first_held(app)
    if until and until < held:
        raise UsageError(
            f"the history begins on {held}, after {until}", hint="mind --since and --until"
        )
    if since and since < held:
        note(f"bot: the history begins on {held}; days before it are not judged")
    first = max(since or held, held)
    start = min(_reach(app, book)(first).start for book in books)
    whole = open_ledger(app, Span(start, max(first, app.today) + ONE_DAY))
    return History(whole, _days(whole, first, until), app)


def _reach(app: App, book: Rulebook) -> Reach:
    """What a run with these rules knows as history on a day."""
    as_judged = replace(app, configuration=replace(app.configuration, rulebook=book))
    return lambda today: replace(as_judged, now=midnight(today)).span


def _first_held(app: App) -> date:
    span = Span(app.today - _LONG_AGO, app.today + ONE_DAY)
    times = app.configuration.settings.source.settling
    costs = app.history.states(COSTS, span, times, app.now)
    usage = app.history.usage_states(span, times, app.now)  # a bill may have nothing else
    held = [day for day, state in (*costs.items(), *usage.items()) if state is not DayState.MISSING]
    if not held:
        raise UsageError(
            "there is no history to replay", hint="bring some in with `bot fetch --since DAY`"
        )
    return min(held)


def _days(whole: Ledger, first: date, until: date | None) -> Span:
    """The days to judge: no later than the last one whose grace time is over."""
    last = last_judgeable(whole)
    end = min(until, last) if until else last
    if end < first:
        raise UsageError(
            f"no day from {first} to {end} can be judged",
            hint=f"the last day that can be judged is {last}; mind --since and --until",
        )
    return Span(first, end + ONE_DAY)
