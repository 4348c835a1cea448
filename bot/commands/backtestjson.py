"""A backtest as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from bot.backtest import Backtest, News, Replayed, by_subject
from bot.commands.weeks import by_week
from bot.config.yamlwrite import number, rule_entry, written
from bot.kinds import Rule
from bot.report import finding_json, remark_json
from bot.spend.calendar import ONE_DAY, Period
from bot.tuning import Plan, Proposal


def document_of(
    result: Backtest, other: Backtest | None = None, *, proposed: Plan | None = None
) -> dict[str, Any]:
    """The document; with `other` also its own, and what only one of the two tells."""
    document: dict[str, Any] = {
        "from": result.days.start.isoformat(),
        "until": (result.days.end - ONE_DAY).isoformat(),
        "days": len(result.days),
        "rules": [_rule(result, rule) for rule in result.rules],
        "alerts": [_alert(alert) for alert in result.alerts],
        "weeks": [_week(week, alerts) for week, alerts in by_week(result)],
        "skipped": [
            {"rule": rule, "why": why, "count": count} for rule, why, count in result.skipped
        ],
        "inhibited": [_inhibited(news) for news in result.inhibited],
        "remarks": [remark_json(remark) for remark in result.remarks],
    }
    if other is not None:
        document["compared"] = document_of(other)
        document["only_a"] = [_alert(alert) for alert in result.without(other)]
        document["only_b"] = [_alert(alert) for alert in other.without(result)]
    if proposed is not None:
        document["target"] = _target(proposed)
        document["proposals"] = [_proposal(one) for one in proposed.proposals]
    return document


def _week(week: Period, alerts: Sequence[Replayed]) -> dict[str, Any]:
    year, number, _ = week.start.isocalendar()
    rules = list(dict.fromkeys(alert.first.finding.rule for alert in alerts))
    return {
        "week": f"{year}-W{number:02}",
        "start": week.start.isoformat(),
        "end": week.end.isoformat(),
        "alerts": len(alerts),
        "rules": [
            _rule_of_week(rule, [one for one in alerts if one.first.finding.rule == rule])
            for rule in rules
        ],
    }


def _rule_of_week(rule: str, alerts: Sequence[Replayed]) -> dict[str, Any]:
    return {
        "rule": rule,
        "alerts": len(alerts),
        "subjects": [
            {**_subject(told), "told": [_sentence(alert) for alert in told]}
            for _, told in by_subject(alerts)
        ],
    }


def _sentence(alert: Replayed) -> dict[str, Any]:
    return {
        "key": alert.key,
        "day": alert.first.day.isoformat(),
        "why": alert.first.finding.why,
    }


def _target(proposed: Plan) -> dict[str, Any]:
    return {
        "alerts": proposed.target.alerts,
        "per": proposed.target.unit.value,
        "allowed": proposed.allowed,
        "alerts_now": proposed.before,
        "alerts_then": proposed.after,
        "reached": proposed.reached,
    }


def _proposal(one: Proposal) -> dict[str, Any]:
    return {
        "rule": one.rule.name,
        "kind": one.rule.kind,
        "share": one.share,
        "alerts_now": one.before,
        "alerts_then": one.after,
        "reached": one.reached,
        "changes": [
            {"option": option, "from": _option(old), "to": _option(new)}
            for option, old, new in one.changes
        ],
        "yaml": written({"rules": [rule_entry(one.variant)]}) if one.changes else None,
    }


def _option(value: Any) -> Any:
    """A threshold as JSON has it: money exact in a string, the rest as it is."""
    if isinstance(value, dict):
        return {glob: _option(of) for glob, of in value.items()}
    return number(value) if isinstance(value, Decimal) else value


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
    return {
        **finding_json(alert.first.finding),
        "why": alert.first.finding.why,
        "day": alert.first.day.isoformat(),
        "foreseen": alert.first.is_foreseen,
        "later_steps": [_later(news) for news in alert.steps],
    }


def _later(news: News) -> dict[str, Any]:
    numbers = finding_json(news.finding)
    return {
        "step": _step(news),
        "foreseen": news.is_foreseen,
        "day": news.day.isoformat(),
        "observed": numbers["observed"],
        "forecast": numbers["forecast"],
        "why": news.finding.why,
    }


def _step(news: News) -> Any:
    """The step that is the news, as JSON has it: passed or foreseen."""
    finding = finding_json(news.finding)
    return finding["forecast"]["step"] if news.is_foreseen else finding["step"]
