"""`bot explain`: the numbers behind an alert, or behind a day on which there was none."""

from __future__ import annotations

import shlex
import sys
from datetime import date, datetime
from math import isnan
from pathlib import Path
from typing import Any

from bot import app as flow
from bot.alerts.model import Finding, Measure, Skipped
from bot.commands.asked import Asked, by_key, by_names, check_day
from bot.commands.backtest import load_recorded
from bot.commands.common import configuration
from bot.commands.explaintext import lines_of
from bot.commands.printing import print_json
from bot.commands.toldstate import alert_state
from bot.commands.workings import UsedDay, Worked, worked
from bot.context import App, open_ledger
from bot.errors import UsageError
from bot.kinds import Cap, judging
from bot.kinds.base import amount
from bot.report import finding_json, quantity_json, subject_json
from bot.spend.calendar import DayState, Span
from bot.spend.ledger import Ledger
from bot.wiring import dry_app


def run_explain(
    *,
    key: str | None,
    rule: str | None,
    subject: str | None,
    day: date | None,
    config: Path | None,
    output: str,
    as_of: datetime | None,
) -> int:
    """Exit code 0; UsageError for a key, rule, subject or day that does not exist."""
    loaded = configuration(config)
    if (key is None) == (rule is None) or (key and (subject or day)):
        raise UsageError(
            "say which finding: an alert's key, or --rule, --subject and --day",
            hint="`bot status` shows the keys; --subject may be left out for the organisation",
        )
    with dry_app(loaded, as_of) as app:
        load_recorded(app)
        ledger = open_ledger(app)
        if key is not None:
            asked = by_key(app, ledger, key)
        else:
            asked = by_names(app, ledger, rule or "", subject, day)
        check_day(ledger, asked)
        document = _document(app, ledger, asked)
    if output == "json":
        print_json(document)
    else:
        sys.stdout.write("\n".join(lines_of(document)) + "\n")
    return 0


def _document(app: App, ledger: Ledger, asked: Asked) -> dict[str, Any]:
    finding, skipped = _judged(app, ledger, asked)
    work = worked(asked.rule, ledger, asked.subject, asked.period)
    measure = asked.rule.measure_in(ledger.currency)
    key = finding.key if finding else asked.key
    return {
        "key": key,
        "rule": asked.rule.name,
        "kind": asked.rule.kind,
        "enabled": asked.rule.enabled,
        "options": asked.rule.model_dump(
            mode="json", exclude_unset=True, by_alias=True, exclude={"name", "kind"}
        ),
        "subject": subject_json(asked.subject),
        "period": {
            "unit": asked.period.unit.value,
            "start": asked.period.start.isoformat(),
            "end": asked.period.end.isoformat(),
            "name": str(asked.period),
        },
        "observed": quantity_json(work.observed, measure),
        "limit": quantity_json(work.limit, measure),
        "expected": quantity_json(work.expected, measure),
        "step": finding_json(finding)["step"] if finding else None,
        "unit": measure.value,
        "holds": finding is not None,
        "verdict": _verdict(asked, work, finding, skipped),
        "causes": list(finding.causes) if finding else [],
        "inhibited_by": finding.inhibited_by if finding else None,
        "formula": list(work.formula),
        "days": [_day(entry, measure) for entry in work.days],
        "alert": alert_state(app, key),
        "silence": _silence(key, work) if finding else [],
    }


def _judged(app: App, ledger: Ledger, asked: Asked) -> tuple[Finding | None, list[str]]:
    """The finding on the subject, or why it could not be judged.

    Judged with all rules, so that it is known which other finding tells it already. An episode
    that began before the day has an earlier key.
    """
    known = [day for day in asked.period.span if day in ledger.span]
    if asked.rule.enabled:
        findings, skipped, _ = flow.judge(app, ledger, known)
    else:
        outcomes = judging.judge([asked.rule], ledger, known)
        findings = [one for one in outcomes if isinstance(one, Finding)]
        skipped = [one for one in outcomes if isinstance(one, Skipped)]
    mine = (one for one in findings if one.rule == asked.rule.name)
    found = next((one for one in mine if one.subject.ids == asked.subject.ids), None)
    found = found or _later(asked, ledger)
    whom = (asked.subject.name, asked.rule.everyone)
    why = [one.why for one in skipped if one.rule == asked.rule.name and one.subject in whom]
    return found, why


def _later(asked: Asked, ledger: Ledger) -> Finding | None:
    """The finding that began with the day asked for, where a later day was the one to tell it."""
    since = Span(max(asked.period.start, ledger.span.start), ledger.span.end)
    told = judging.judge([asked.rule], ledger, list(since))
    return next((o for o in told if isinstance(o, Finding) and o.key == asked.key), None)


def _day(entry: UsedDay, measure: Measure) -> dict[str, Any]:
    unread = entry.state is DayState.MISSING and not entry.value  # never zero: nobody knows
    known = not isnan(entry.value) and not unread
    return {
        "day": entry.day.isoformat(),
        "weekday": f"{entry.day:%A}",
        "value": quantity_json(entry.value, measure) if known else None,
        "shown": amount(entry.value, measure) if known else "unknown" if unread else "nothing",
        "state": entry.state.value,
        "usable": entry.why_not is None,
        "use": entry.use if entry.why_not is None else None,
        "why_not": entry.why_not,
    }


def _verdict(asked: Asked, work: Worked, finding: Finding | None, skipped: list[str]) -> str:
    if finding:
        return finding.why
    if skipped:
        return f"could not be judged: {skipped[0]}"
    nothing = "nothing to tell" if isinstance(asked.rule, Cap) else f"not a {asked.rule.kind}"
    if asked.rule.kind == "new":
        nothing = "not new"
    return f"{nothing}: {work.why_not}"


def _silence(key: str, work: Worked) -> list[str]:
    return [*work.silence, f"for a while: bot snooze {shlex.quote(key)} 4h"]
