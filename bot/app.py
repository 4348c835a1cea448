"""The flow: collect the bill, judge it, decide what is news, remember and deliver."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

from bot import collecting, notices
from bot.alerts.model import Finding, Remark, Skipped
from bot.kinds import Rule, judging
from bot.kinds.why import Why
from bot.logs import bug
from bot.messages.model import Message
from bot.report import Report
from bot.sources.base import FetchFailure
from bot.spend.calendar import ONE_DAY, Span, Unit, midnight, period_of
from bot.spend.doubt import Belief, Doubting
from bot.spend.ledger import Ledger
from bot.store.alerts import AlertBook
from bot.store.outbox import Outbox
from bot.store.pulses import Pulses
from bot.store.tallies import CHECKED, FAILED, FETCHED, MISSING
from bot.telling import Seen, Teller

if TYPE_CHECKING:  # what only digests need is loaded with the first one
    from bot.messages.digest import Digest, ProofOfLife, Turn


from bot.context import App, data_state, days_to_fetch, days_to_judge, open_ledger, to_judge_again


def check(app: App) -> Report:
    """Fetch, judge, tell: the main job."""
    days = days_to_judge(app)
    failures = collect(app, days_to_fetch(app))
    ledger = open_ledger(app, app.span_for(days[0]))
    findings, skipped, remarks = judge(app, ledger, days)
    judged, messages = teller(app, Seen(ledger, days, findings, skipped)).tell()
    messages += tell_sight(app, failures)
    messages += tell_unfit(app, ledger)
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
    again = to_judge_again(app, Seen(ledger, days, findings, skipped))
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


def tell_unfit(app: App, ledger: Ledger) -> list[Message]:
    """The notice, if it is news that rules are in US dollars and the bill is not."""
    unfit = judging.unfitting(app.configuration.rulebook.enabled, ledger.currency)
    channel = app.configuration.settings.slack.channel
    return notices.tell_unfit(app.database, unfit, ledger.currency.code, app.now, channel)


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
    told = closing(app.configuration, ledger, app.now, _life(app, ledger))
    return _decided(app, compose_closing(told)) if told else ()


def _briefing(
    app: App, ledger: Ledger, report: Report, unit: Unit, turn: Turn | None = None
) -> Digest:
    from bot.briefing import briefing  # noqa: PLC0415 - only where there is a digest

    life, days = _life(app, ledger), told_days(app)
    return briefing(app.configuration, ledger, report, unit, life, days, turn)


def told_days(app: App) -> frozenset[date]:
    """The days of the history that alerts about a day have told of."""
    with app.database.reading() as connection:
        return AlertBook(app.database).days(connection)


def _life(app: App, ledger: Ledger) -> ProofOfLife:
    from bot.messages.digest import ProofOfLife  # noqa: PLC0415 - only where there is a digest

    fit, others = judging.fitting(app.configuration.rulebook.enabled, ledger.currency)
    outbox = Outbox(app.database)
    late, retried = outbox.late(app.now), outbox.retried(app.now - ONE_DAY)
    return ProofOfLife(len(fit), late, retried, len(others))


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


def collect(app: App, days: Span, belief: Belief | None = None) -> list[FetchFailure]:
    """Read the days from the source into the history; what could not be read is returned.

    Unless told otherwise, what shrinks is doubted.
    """
    return collecting.collect(app.source, app.history, days, app.now, belief or Doubting())
