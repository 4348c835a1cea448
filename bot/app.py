"""The flow: collect the bill, judge it, decide what is news, remember and deliver."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING

from bot import notices
from bot.alerts.model import Finding, Remark, Skipped
from bot.config.load import Configuration
from bot.delivery.postman import Postman
from bot.kinds import Cap, Rule, judging
from bot.kinds.why import Why
from bot.logs import bug
from bot.messages.model import Message
from bot.report import DataState, Report
from bot.sources.base import COSTS, USAGE, Cause, FetchFailure, Source
from bot.sources.batches import together
from bot.spend.calendar import ONE_DAY, DayState, Span, Unit, midnight, period_of, utc_day
from bot.spend.doubt import Belief, Doubting
from bot.spend.ledger import Ledger, trailing
from bot.spend.metrics import Additive
from bot.spend.rows import CostDay, Name, UsageDay, UsageKind
from bot.store.alerts import AlertBook
from bot.store.database import Database
from bot.store.history import History
from bot.store.outbox import Outbox
from bot.store.pulses import CHECKED, FAILED, FETCHED, MISSING, Pulses
from bot.store.records import dataset_of, usage_dataset
from bot.telling import Seen, Teller

if TYPE_CHECKING:  # what only digests need is loaded with the first one
    from bot.messages.digest import Digest, ProofOfLife, Turn


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


def check(app: App) -> Report:
    """Fetch, judge, tell: the main job."""
    days = days_to_judge(app)
    failures = collect(app, days_to_fetch(app))
    ledger = open_ledger(app, app.span_for(days[0]))
    findings, skipped, remarks = judge(app, ledger, days)
    judged, messages = teller(app, Seen(ledger, days, findings, skipped)).tell()
    messages += tell_sight(app, failures)
    messages += closing_total(app, ledger)
    sent, undelivered = app.postman.deliver()
    report = Report(
        as_of=app.now,
        data=data_state(app, ledger),
        judged=tuple(judged),
        skipped=tuple(skipped),
        remarks=tuple(remarks),
        messages=tuple(messages),
        failures=tuple(failures),
        sent=sent,
        undelivered=undelivered,
    )
    again = _to_judge_again(app, Seen(ledger, days, findings, skipped))
    Pulses(app.database).beat(CHECKED, app.now, again.isoformat())
    _beat(app, report)
    return report


def digest(app: App, unit: Unit, turn: Turn | None = None) -> Report:
    """Fetch, judge, and post the summary of the last finished day, week or month.

    With a turn of the schedule: the one that had finished by then.
    """
    from bot.messages.compose_digest import compose_digest  # noqa: PLC0415 - only where there is a digest
    from bot.messages.digest import plots_of  # noqa: PLC0415 - only where there is a digest

    failures = collect(app, days_to_fetch(app))
    ledger = open_ledger(app)
    days = list(app.window)
    findings, skipped, remarks = judge(app, ledger, days)
    report = Report(
        as_of=app.now,
        data=data_state(app, ledger),
        judged=tuple(teller(app, Seen(ledger, days, findings, skipped)).preview()),
        skipped=tuple(skipped),
        remarks=tuple(remarks),
        failures=tuple(failures),
    )
    told = _briefing(app, ledger, report, unit, turn)
    messages = (
        *_decided(app, compose_digest(told)),
        *closing_total(app, ledger),
        *tell_sight(app, failures),
    )
    sent, undelivered = app.postman.deliver()
    report = replace(report, messages=messages, plots=plots_of(told) if messages else {})
    report = replace(report, sent=sent, undelivered=undelivered)
    _beat(app, report)
    return report


def _decided(app: App, message: Message) -> tuple[Message, ...]:
    """The message put into the outbox; nothing if its key was there already."""
    with app.database.writing() as connection:
        return (message,) if Outbox(app.database).add(connection, message, app.now) else ()


def preview_digest(app: App, report: Report) -> Report:
    """The report with the daily digest added as it would be posted; nothing is kept of it."""
    from bot.messages.compose_digest import compose_digest  # noqa: PLC0415 - only where there is a digest
    from bot.messages.digest import plots_of  # noqa: PLC0415 - only where there is a digest

    told = _briefing(app, open_ledger(app), report, Unit.DAY)
    return replace(report, messages=(*report.messages, compose_digest(told)), plots=plots_of(told))


def tell_sight(app: App, failures: Sequence[FetchFailure]) -> list[Message]:
    """The notices, if it is news that the bill cannot be read, or can be read again."""
    settings = app.configuration.settings
    blind = [failure for failure in failures if not failure.optional]
    zone, channel = settings.schedule.zone, settings.slack.channel
    return notices.tell_sight(app.database, blind, app.now, zone, channel)


def closing_total(app: App, ledger: Ledger) -> tuple[Message, ...]:
    """The last month's closing total, decided by the first run that finds all its days settled.

    Only where the month's digest went out before that; the key keeps it from being told twice.
    """
    month = period_of(period_of(app.today, Unit.MONTH).start - ONE_DAY, Unit.MONTH)
    settled_from = midnight(month.end) + app.configuration.settings.source.settling.settle
    if not Outbox(app.database).has(f"digest:monthly:{app.today:%Y-%m}-", before=settled_from):
        return ()
    from bot.briefing import closing  # noqa: PLC0415 - only where there is a digest
    from bot.messages.compose_digest import compose_closing  # noqa: PLC0415 - only where there is a digest

    if month.start not in ledger.span:
        ledger = open_ledger(app, Span(month.start, app.today + ONE_DAY))
    told = closing(app.configuration, ledger, app.now, _life(app))
    return _decided(app, compose_closing(told)) if told else ()


def _briefing(
    app: App, ledger: Ledger, report: Report, unit: Unit, turn: Turn | None = None
) -> Digest:
    from bot.briefing import briefing  # noqa: PLC0415 - only where there is a digest

    life, days = _life(app), told_days(app)
    return briefing(app.configuration, ledger, report, unit, life, days, turn)


def told_days(app: App) -> frozenset[date]:
    """The days of the history that alerts about a day have told of."""
    with app.database.reading() as connection:
        return AlertBook(app.database).days(connection)


def _life(app: App) -> ProofOfLife:
    from bot.messages.digest import ProofOfLife  # noqa: PLC0415 - only where there is a digest

    outbox, rules = Outbox(app.database), app.configuration.rulebook.enabled
    return ProofOfLife(len(rules), outbox.late(app.now), outbox.retried(app.now - ONE_DAY))


def collect(app: App, days: Span, belief: Belief | None = None) -> list[FetchFailure]:
    """Read the days from the source into the history; what could not be read is returned.

    Days that are not believed count among them; unless told otherwise, what shrinks is doubted.
    """
    belief = belief or Doubting()
    failures: list[FetchFailure] = []
    history = app.history
    found_names: list[Name] = []
    for fetched in together(app.source.fetch(days)):
        match fetched:
            case CostDay():
                doubted = history.take(fetched, app.now, belief)
                failures.extend(_doubted(fetched, doubt) for doubt in [doubted] if doubt)
            case list():
                doubts = history.take_uses(fetched, app.now, belief)
                failures.extend(_doubted(one, doubt) for one, doubt in doubts)
            case Name():
                found_names.append(fetched)
            case FetchFailure():
                failures.append(fetched)
                for dataset in _datasets(fetched.part):
                    history.mark_failed(dataset, fetched.days, fetched.message, app.now)
    history.remember_names(found_names, app.now)
    return failures


def _doubted(fetched: CostDay | UsageDay, doubt: str) -> FetchFailure:
    day = fetched.day
    return FetchFailure(
        part=dataset_of(fetched),
        days=Span(day, day + ONE_DAY),
        message=f"{doubt}: not believed yet",
        hint="What was known is kept; what is read the same for 24 hours is believed. "
        f"To believe it at once: bot fetch --since {day}",
        optional=isinstance(fetched, UsageDay),
        cause=Cause.AWAY,
    )


def _datasets(part: str) -> list[str]:
    """The datasets a failed part stands for: `usage` means all ten kinds."""
    return [usage_dataset(kind) for kind in UsageKind] if part == USAGE else [part]


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


def _to_judge_again(app: App, seen: Seen) -> date:
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
    return Ledger(
        now=app.now,
        span=span,
        reader=app.history,
        cost_states=app.history.states(COSTS, span, times, app.now),
        usage_states=app.history.usage_states(span, times, app.now),
        names=app.history.names(),
        settling=times,
    )


def judge(
    app: App, ledger: Ledger, days: Sequence[date]
) -> tuple[list[Finding], list[Skipped], list[Remark]]:
    """What every enabled rule says, worst first; what could not be judged; what is no alert."""
    rules = app.configuration.rulebook.enabled
    outcomes = judging.judge(rules, ledger, days)
    findings = _explained(rules, ledger, [o for o in outcomes if isinstance(o, Finding)])
    skipped = [outcome for outcome in outcomes if isinstance(outcome, Skipped)]
    remarks = [outcome for outcome in outcomes if isinstance(outcome, Remark)]
    findings.sort(key=lambda f: (-f.severity.rank, -f.period.end.toordinal(), -float(f.observed)))
    return findings, list(dict.fromkeys(skipped)), list(dict.fromkeys(remarks))


def _explained(rules: Iterable[Rule], ledger: Ledger, findings: Iterable[Finding]) -> list[Finding]:
    """The findings with their causes; those that another one tells need none."""
    by_name = {rule.name: rule for rule in rules}
    why = Why(ledger)
    return [f if f.inhibited_by else _with_why(why, f, by_name[f.rule]) for f in findings]


def _with_why(why: Why, finding: Finding, rule: Rule) -> Finding:
    try:
        return why.explained(finding, rule)
    except Exception:  # noqa: BLE001 - an alert without its causes is better than none
        bug(f"the causes of {finding.key} could not be found")
        return finding


def teller(app: App, seen: Seen) -> Teller:
    """Who decides what is news, and remembers it."""
    return Teller(app.configuration, app.database, app.now, seen)


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


def _beat(app: App, report: Report) -> None:
    """Leave the proof of life that `bot health` and `bot status` read."""
    pulses = Pulses(app.database)
    pulses.beat(MISSING, app.now, str(len(report.data.missing_days)))
    if not report.blind:
        pulses.beat(FETCHED, app.now)
    trouble = [failure.message for failure in report.blind]
    trouble += [f"{key}: {why}" for key, why in report.undelivered]
    if trouble:
        pulses.beat(FAILED, app.now, trouble[0])
    else:
        pulses.forget(FAILED)
