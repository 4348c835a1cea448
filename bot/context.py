"""What a run works with, chosen once, and the days it is about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from bot.config.load import Configuration
from bot.delivery.postman import Postman
from bot.kinds import Cap
from bot.report import DataState
from bot.sources.base import COSTS, Source
from bot.spend.calendar import ONE_DAY, DayState, Span, period_of, utc_day
from bot.spend.ledger import Ledger, trailing
from bot.spend.metrics import Additive
from bot.store.alerts import AlertBook
from bot.store.database import Database
from bot.store.history import History
from bot.store.pulses import Pulses
from bot.store.tallies import CHECKED
from bot.telling import Seen

if TYPE_CHECKING:  # what only digests need is loaded with the first one
    pass


@dataclass(frozen=True, slots=True)
class App:
    """Everything a run needs, chosen once. `now` is read once and passed on."""

    configuration: Configuration
    source: Source
    database: Database
    postman: Postman
    now: datetime

    @property
    def history(self) -> History:
        return History(self.database)

    @property
    def today(self) -> date:
        return utc_day(self.now)

    @property
    def window(self) -> Span:
        """The days that every run fetches again."""
        return trailing(self.today, self.configuration.settings.source.refetch_days)

    @property
    def span(self) -> Span:
        """The days known as history: as many as set, and all of a capped period that runs."""
        return self.span_for(self.window.start)

    def span_for(self, first: date) -> Span:
        """The days to know where `first` is the first one judged: its capped periods are whole."""
        history = trailing(self.today, self.configuration.settings.source.history_days)
        units = {
            rule.period for rule in self.configuration.rulebook.enabled if isinstance(rule, Cap)
        }
        starts = (period_of(first, unit).start for unit in units)
        return Span(min([history.start, *starts]), history.end)


def days_to_fetch(app: App) -> Span:
    """The trailing window, reaching back to the first day of the history that is not settled.

    A day last read while it could still be restated is read again however long ago that was.
    """
    times = app.configuration.settings.source.settling
    known = app.span_for(days_to_judge(app)[0])
    states = app.history.states(COSTS, known, times, app.now)
    unsure = [day for day, state in states.items() if state is not DayState.SETTLED]
    return Span(min([app.window.start, *unsure]), app.today + ONE_DAY)


def days_to_judge(app: App) -> list[date]:
    """The window, the days from the first one on that the last check left unsure, and those of
    alerts that were held back."""
    last = Pulses(app.database).last(CHECKED)
    start = app.window.start
    if last and last.detail:
        start = min(start, date.fromisoformat(last.detail))
    if held := AlertBook(app.database).oldest_held_back():
        start = min(start, held)
    return list(Span(max(start, app.span.start), app.today + ONE_DAY))


def to_judge_again(app: App, seen: Seen) -> date:
    """The first day of which a later check may have news, whenever that is.

    A day just judged that is missing, open or settling; or one of an alert that holds no longer
    and could not end yet. What was not read on any day (nobody may read it) leaves none unsure.
    """
    state = seen.ledger.state
    metrics = {rule.metric for rule in app.configuration.rulebook.enabled}
    read = [
        m for m in metrics if any(state(d, m) is not DayState.MISSING for d in seen.ledger.span)
    ]
    unsure = [
        day
        for day in seen.days
        if any(state(day, metric) is not DayState.SETTLED for metric in read)
    ]
    holding = {finding.key for finding in seen.findings}
    ending = [
        alert.period.last_day
        for alert in AlertBook(app.database).open()
        if alert.key not in holding
    ]
    return min([*unsure[:1], *ending, app.today])


def open_ledger(app: App, span: Span | None = None) -> Ledger:
    """The history up to now, as rules see it; of another span than the app's if one is given."""
    times = app.configuration.settings.source.settling
    span = span or app.span
    app.history.decide_currency(app.now)  # a first reading that was killed left it open
    return Ledger(
        now=app.now,
        span=span,
        reader=app.history,
        cost_states=app.history.states(COSTS, span, times, app.now),
        usage_states=app.history.usage_states(span, times, app.now),
        currency=app.history.currency(),
        names=app.history.names(),
        settling=times,
    )


def data_state(app: App, ledger: Ledger) -> DataState:
    """What is known of the bill at `now`."""
    states = ledger.cost_states
    finished = [d for d, s in states.items() if s in (DayState.SETTLING, DayState.SETTLED)]
    settled = [d for d, s in states.items() if s is DayState.SETTLED]
    totals = ledger.sums(Additive.COST, ("organization",)).totals
    records = app.history.day_records(COSTS, app.window)
    return DataState(
        last_finished_day=max(finished, default=None),
        last_settled_day=max(settled, default=None),
        missing_days=tuple(d for d, s in states.items() if s is DayState.MISSING),
        rows=app.history.row_counts(app.span),
        currency=ledger.currency,
        totals={
            day: (
                states.get(day, DayState.MISSING),
                sum(totals(Span(day, day + ONE_DAY)).values())
                if day in records and records[day].fetched_at
                else None,
            )
            for day in app.window
        },
    )
