"""`bot backtest`: what rules would have told over the history that is held."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from bot import app as flow
from bot.app import App
from bot.backtest import Backtest, News, Reach, Replayed, backtest, by_subject, last_judgeable
from bot.commands.common import configuration, console, note, print_json
from bot.config.rulebook import Rulebook, load_rulebook
from bot.errors import UsageError
from bot.kinds import Rule
from bot.report import finding_json, remark_json
from bot.sources.base import COSTS
from bot.sources.recording import RecordingSource
from bot.spend.calendar import ONE_DAY, DayState, Span, day_name, midnight
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
        load_recorded(app)
        results = _replayed(app, books, since, until)
    if output == "json":
        print_json(_document(*results))
    else:
        _print(console(), *results)
    return 0


def load_recorded(app: App) -> None:
    """Read a sample or recording into the forgetful store; nothing is fetched from OpenAI."""
    if not isinstance(app.source, RecordingSource):
        return
    end = min(app.source.days.end, app.today + ONE_DAY)
    for failure in flow.collect(app, Span(min(app.source.days.start, end), end)):
        if not failure.optional:
            note(f"bot: {failure.message}")


def _replayed(
    app: App, books: Sequence[Rulebook], since: date | None, until: date | None
) -> list[Backtest]:
    first = since or _first_held(app)
    reaches = [_reach(app, book) for book in books]
    start = min(reach(first).start for reach in reaches)
    whole = flow.open_ledger(app, Span(start, max(first, app.today) + ONE_DAY))
    days = _days(whole, first, until)
    return [
        backtest(whole, book.enabled, days, reach)
        for book, reach in zip(books, reaches, strict=True)
    ]


def _reach(app: App, book: Rulebook) -> Reach:
    """What a run with these rules knows as history on a day."""
    as_judged = replace(app, configuration=replace(app.configuration, rulebook=book))
    return lambda today: replace(as_judged, now=midnight(today)).span


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
        "inhibited": [_inhibited(news) for news in result.inhibited],
        "remarks": [remark_json(remark) for remark in result.remarks],
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


def _inhibited(news: News) -> dict[str, Any]:
    return {**_alert(Replayed(news)), "inhibited_by": news.finding.inhibited_by}


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
        _print_alerts(out, alerts, of_several=True)


def _print_result(out: Console, result: Backtest) -> None:
    _print_head(out, result)
    for rule in result.rules:
        alerts = result.of(rule)
        out.print(Text(f"\n{_rule_line(result, rule)}", "bold"))
        _print_alerts(out, alerts)
    _print_silent(out, result)
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


def _print_alerts(out: Console, alerts: Sequence[Replayed], *, of_several: bool = False) -> None:
    """The first of them by subject; `of_several` rules: with the rule's name."""
    room = SHOWN
    for _, told in by_subject(alerts):
        if room > 0:
            finding = told[0].first.finding
            rule = f", {finding.rule}" if of_several else ""
            count = counted(len(told), "alert")
            _print_indented(out, f"{finding.subject.title}{rule}: {count}", 2)
        for alert in told[: max(0, room)]:
            _print_alert(out, alert)
        room -= len(told)
    _print_more(out, len(alerts))


def _print_alert(out: Console, alert: Replayed) -> None:
    _print_indented(out, f"{day_name(alert.first.day)}: {alert.first.finding.why}", 4)
    for news in alert.steps:
        _print_indented(out, f"then {news.finding.step:g}% on {day_name(news.day)}", 6)


def _print_silent(out: Console, result: Backtest) -> None:
    if told := len(result.inhibited):
        findings = counted(told, "finding")
        out.print(Text(f"\nNo alerts, for another one told them: {findings}", "bold"))
    if lines := len(result.remarks):
        out.print(Text(f"\nLines of the digest, no alerts: {counted(lines, 'line')}", "bold"))
        for remark in result.remarks[:SHOWN]:
            _print_indented(out, remark.text, 2)
        _print_more(out, lines)


def _print_skipped(out: Console, result: Backtest) -> None:
    if not result.skipped:
        return
    times = sum(count for _, _, count in result.skipped)
    out.print(Text(f"\nCould not be judged: {counted(times, 'time')}", "bold"))
    for rule, why, count in result.skipped[:SHOWN]:
        _print_indented(out, f"{rule}: {why} (×{count})", 2)
    _print_more(out, len(result.skipped))


def _print_indented(out: Console, text: str, by: int) -> None:
    wrapped = textwrap.wrap(text, out.width - by, break_on_hyphens=False)
    out.print(Text(textwrap.indent("\n".join(wrapped), " " * by)))


def _print_more(out: Console, count: int) -> None:
    if count > SHOWN:
        out.print(Text(f"  … and {count - SHOWN} more", "dim"))


def counted(number: int, word: str) -> str:
    """`1 alert`, `2 alerts`, `no alerts`."""
    return f"{number or 'no'} {word}{'' if number == 1 else 's'}"
