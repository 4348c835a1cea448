"""`bot backtest`: what rules would have told over the history that is held."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from bot import app as flow
from bot.app import App
from bot.backtest import Backtest, Replayed, backtest, by_subject, last_judgeable
from bot.commands.common import configuration, console, note, print_json
from bot.config.rulebook import Rulebook, load_rulebook
from bot.config.settings import SourceKind
from bot.errors import UsageError
from bot.kinds import Rule
from bot.report import finding_json
from bot.sources.base import COSTS
from bot.spend.calendar import ONE_DAY, DayState, Span, day_name
from bot.spend.ledger import Ledger
from bot.wiring import dry_app

SHOWN = 20
"""Alerts shown per rule, and reasons per list; JSON has all of them."""
_LONG_AGO = timedelta(days=3660)


def run_backtest(
    *,
    config: Path | None,
    rules: Path | None,
    since: date | None,
    until: date | None,
    compare: Path | None,
    output: str,
    as_of: datetime | None,
) -> int:
    """Exit code 0; UsageError where no day can be judged."""
    loaded = configuration(config)
    books = [load_rulebook(rules) if rules else loaded.rulebook]
    books += [load_rulebook(compare)] if compare else []
    with dry_app(loaded, as_of) as app:
        load_recorded(app, since)
        results = _replayed(app, books, since, until)
    if output == "json":
        print_json(_document(*results))
    else:
        _print(console(), *results)
    return 0


def load_recorded(app: App, since: date | None) -> None:
    """Read a sample or recording into the forgetful store; nothing is fetched from OpenAI."""
    if app.configuration.settings.source.kind is SourceKind.OPENAI:
        return
    start = min(app.span.start, since or app.span.start)
    for failure in flow.collect(app, Span(start, app.today + ONE_DAY)):
        if not failure.optional:
            note(f"bot: {failure.message}")


def _replayed(
    app: App, books: Sequence[Rulebook], since: date | None, until: date | None
) -> list[Backtest]:
    history_days = app.configuration.settings.source.history_days
    first = since or _first_held(app)
    margin = timedelta(days=history_days)
    whole = flow.open_ledger(app, Span(first - margin, max(first, app.today) + ONE_DAY))
    days = _days(whole, first, until)
    return [backtest(whole, book.enabled, days, history_days) for book in books]


def _first_held(app: App) -> date:
    span = Span(app.today - _LONG_AGO, app.today + ONE_DAY)
    times = app.configuration.settings.source.settling
    states = app.history.states(COSTS, span, times, app.now)
    held = [day for day, state in states.items() if state is not DayState.MISSING]
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


def _document(result: Backtest, other: Backtest | None = None) -> dict[str, Any]:
    document: dict[str, Any] = {
        "from": result.days.start.isoformat(),
        "until": (result.days.end - ONE_DAY).isoformat(),
        "days": len(result.days),
        "rules": [_rule(result, rule) for rule in result.rules],
        "alerts": [_alert(alert) for alert in result.alerts],
        "skipped": [
            {"rule": rule, "why": why, "count": count} for rule, why, count in result.skipped
        ],
    }
    if other is not None:
        document["compared"] = _document(other)
        document["only_a"] = [_alert(alert) for alert in result.without(other)]
        document["only_b"] = [_alert(alert) for alert in other.without(result)]
    return document


def _rule(result: Backtest, rule: Rule) -> dict[str, Any]:
    alerts = result.of(rule)
    return {
        "rule": rule.name,
        "kind": rule.kind,
        "alerts": len(alerts),
        "per_week": result.per_week(len(alerts)),
        "subjects": [_subject(told) for _, told in by_subject(alerts)],
    }


def _subject(told: Sequence[Replayed]) -> dict[str, Any]:
    subject = finding_json(told[0].first.finding)["subject"]
    return {"id": subject["id"], "name": subject["name"], "alerts": len(told)}


def _alert(alert: Replayed) -> dict[str, Any]:
    numbers = finding_json(alert.first.finding)
    kept = ("key", "rule", "subject", "period", "step", "observed", "limit", "expected", "unit")
    return {
        **{name: numbers[name] for name in kept},
        "why": alert.first.finding.why,
        "day": alert.first.day.isoformat(),
        "later_steps": [
            {"step": finding_json(news.finding)["step"], "day": news.day.isoformat()}
            for news in alert.steps
        ],
    }


def _print(out: Console, result: Backtest, other: Backtest | None = None) -> None:
    if other is None:
        _print_result(out, result)
        return
    out.print(Text("A", "bold"))
    _print_totals(out, result)
    out.print(Text("\nB", "bold"))
    _print_totals(out, other)
    for title, alerts in (
        ("Only A tells", result.without(other)),
        ("Only B tells", other.without(result)),
    ):
        out.print(Text(f"\n{title}: {counted(len(alerts), 'alert')}", "bold"))
        _print_alerts(out, alerts)


def _print_result(out: Console, result: Backtest) -> None:
    _print_head(out, result)
    for rule in result.rules:
        alerts = result.of(rule)
        out.print(Text(f"\n{_rule_line(result, rule)}", "bold"))
        _print_alerts(out, [alert for _, told in by_subject(alerts) for alert in told])
    _print_skipped(out, result)
    out.print(Text("\nNothing was sent, nothing was remembered.", "dim"))


def _print_head(out: Console, result: Backtest) -> None:
    last = result.days.end - ONE_DAY
    out.print(
        Text(
            f"{counted(len(result.days), 'day')} judged, {result.days.start} to {last}, each as "
            "it was known then"
        )
    )
    alerts = len(result.alerts)
    out.print(
        Text(
            f"{counted(len(result.rules), 'rule')}, {counted(alerts, 'alert')}, "
            f"{result.per_week(alerts):.1f} per week"
        )
    )


def _print_totals(out: Console, result: Backtest) -> None:
    _print_head(out, result)
    for rule in result.rules:
        out.print(Text(f"  {_rule_line(result, rule)}"))


def _rule_line(result: Backtest, rule: Rule) -> str:
    alerts = len(result.of(rule))
    if not alerts:
        return f"{rule.name} ({rule.kind}): no alert"
    rate = f"{result.per_week(alerts):.1f} per week"
    return f"{rule.name} ({rule.kind}): {counted(alerts, 'alert')}, {rate}"


def _print_alerts(out: Console, alerts: Sequence[Replayed]) -> None:
    told_of = None
    for alert in alerts[:SHOWN]:
        finding = alert.first.finding
        if (finding.rule, finding.subject) != told_of:
            told_of = (finding.rule, finding.subject)
            same = [a for a in alerts if a.first.finding.subject == finding.subject]
            same = [a for a in same if a.first.finding.rule == finding.rule]
            out.print(Text(f"  {finding.subject.title}: {counted(len(same), 'alert')}"))
        out.print(Padding(Text(f"{day_name(alert.first.day)}: {finding.why}"), (0, 0, 0, 4)))
        for news in alert.steps:
            step = f"then {news.finding.step:g}% on {day_name(news.day)}"
            out.print(Padding(Text(step), (0, 0, 0, 6)))
    _print_more(out, len(alerts))


def _print_skipped(out: Console, result: Backtest) -> None:
    if not result.skipped:
        return
    times = sum(count for _, _, count in result.skipped)
    out.print(Text(f"\nCould not be judged: {counted(times, 'time')}", "bold"))
    for rule, why, count in result.skipped[:SHOWN]:
        out.print(Padding(Text(f"{rule}: {why} (×{count})"), (0, 0, 0, 2)))
    _print_more(out, len(result.skipped))


def _print_more(out: Console, count: int) -> None:
    if count > SHOWN:
        out.print(Text(f"  … and {count - SHOWN} more", "dim"))


def counted(number: int, word: str) -> str:
    """`1 alert`, `2 alerts`, `no alerts`."""
    return f"{number or 'no'} {word}{'' if number == 1 else 's'}"
