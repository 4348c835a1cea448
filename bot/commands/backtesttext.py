"""A backtest for people."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Sequence
from datetime import date

from rich.console import Console
from rich.text import Text

from bot.backtest import Backtest, News, Replayed, by_subject
from bot.commands.plantext import print_plan
from bot.commands.weeks import by_week
from bot.kinds import Rule
from bot.spend.calendar import ONE_DAY, day_name
from bot.tuning import Plan

SHOWN = 20
"""Alerts shown per rule, and reasons per list; JSON has all of them."""


def print_backtest(
    out: Console, result: Backtest, other: Backtest | None = None, *, proposed: Plan | None = None
) -> None:
    """The alerts by rule and subject, and by week; or what only one of two tells."""
    if other is None:
        _print_result(out, result)
    else:
        _print_comparison(out, result, other)
    if proposed is not None:
        print_plan(out, proposed)
    out.print(Text("\nNothing was sent, nothing was remembered.", "dim"))


def _print_comparison(out: Console, result: Backtest, other: Backtest) -> None:
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
    _print_weeks(out, result)
    _print_silent(out, result)
    _print_skipped(out, result)


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
            f"{result.rate(alerts)}"
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
    return f"{rule.name} ({rule.kind}): {counted(alerts, 'alert')}, {result.rate(alerts)}"


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
    _print_indented(out, f"{_dated(alert.first.day)}: {alert.first.finding.why}", 4)
    for news in alert.steps:
        _print_indented(out, f"then {_step(news)} on {day_name(news.day)}", 6)


def _step(news: News) -> str:
    if news.is_foreseen:
        return f"foreseen to pass {news.finding.forecast_step:g}%,"
    return f"{news.finding.step:g}%"


def _print_weeks(out: Console, result: Backtest) -> None:
    """A line for each week: how many alerts, and of which rules."""
    if not result.alerts:
        return
    out.print(Text("\nBy week", "bold"))
    for week, alerts in by_week(result):
        counts = Counter(alert.first.finding.rule for alert in alerts)
        rules = ", ".join(f"{rule} {n}" for rule, n in counts.items()) or "·"
        year, number, _ = week.start.isocalendar()
        days = f"{day_name(week.start)} to {day_name(week.last_day)}"
        line = f"  {year}-W{number:02}  {days:24} {len(alerts) or '':>4}  "
        shown = textwrap.wrap(rules, max(out.width - len(line), 20), break_on_hyphens=False)
        out.print(Text(f"\n{' ' * len(line)}".join([f"{line}{shown[0]}", *shown[1:]])))


def _dated(day: date) -> str:
    return f"W{day.isocalendar().week:02} {day_name(day)}"


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
