"""`bot explain`: the numbers behind an alert, or behind a day on which there was none."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from bot import app as flow
from bot.alerts.model import (
    ORGANIZATION,
    Finding,
    Outcome,
    Skipped,
    Subject,
    alert_key,
    rule_slug,
)
from bot.app import App
from bot.commands.backtest import load_recorded
from bot.commands.common import configuration, print_json
from bot.commands.workings import Worked, worked
from bot.config.problems import closest, printable, short
from bot.errors import UsageError
from bot.kinds import Cap, Rule
from bot.kinds.base import amount
from bot.report import finding_json, quantity_json, subject_json
from bot.spend.calendar import Period, Span, Unit, day_name, period_of
from bot.spend.ledger import Ledger
from bot.store.alerts import AlertBook
from bot.store.instants import to_text
from bot.wiring import dry_app


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be explained: one rule, one subject, the period of one day."""

    rule: Rule
    subject: Subject
    day: date
    unit: Unit = Unit.DAY
    """Of what has no period of its own; a cap has one."""

    @property
    def period(self) -> Period:
        return period_of(self.day, self.rule.period if isinstance(self.rule, Cap) else self.unit)

    @property
    def key(self) -> str:
        return alert_key(self.rule.name, self.subject, self.period)


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
    if (key is None) == (rule is None or day is None) or (key and (rule or subject or day)):
        raise UsageError(
            "say which finding: an alert's key, or --rule, --subject and --day",
            hint="`bot status` shows the keys; --subject may be left out for the organisation",
        )
    with dry_app(loaded, as_of) as app:
        load_recorded(app)
        ledger = flow.open_ledger(app)
        if key:
            asked = _of_key(app, ledger, key)
        else:
            found = _rule_named(app, rule or "")
            asked = Asked(found, _subject(found, ledger, subject), day or app.today)
        _check_day(ledger, asked)
        document = _document(app, ledger, asked)
    if output == "json":
        print_json(document)
    else:
        sys.stdout.write("\n".join(_lines(document)) + "\n")
    return 0


def _of_key(app: App, ledger: Ledger, key: str) -> Asked:
    parts = key.partition("#")[0].split("/")
    unit, _, start = parts[-1].partition(":")
    try:
        slug, who, begins, length = parts[0], parts[1], date.fromisoformat(start), Unit(unit)
    except (ValueError, IndexError):
        raise UsageError(
            f"'{printable(short(key))}' is not an alert's key",
            hint="a key reads rule/subject/day:2026-11-20; `bot status` shows them",
        ) from None
    rules = {rule_slug(rule.name): rule for rule in app.configuration.rulebook.rules}
    if slug not in rules:
        raise _unknown("rule", slug, list(rules))
    rule = rules[slug]
    subjects = {one.slug: one for one in _subjects(rule, ledger)}
    if who not in subjects:
        raise _unknown("subject", who, list(subjects))
    asked = Asked(rule, subjects[who], begins, length)
    if asked.key != "/".join(parts):
        raise UsageError(
            f"'{key}' is not an alert of rule '{rule.name}'", hint=f"did you mean '{asked.key}'?"
        )
    return asked


def _rule_named(app: App, name: str) -> Rule:
    rules = {rule.name: rule for rule in app.configuration.rulebook.rules}
    if name not in rules:
        raise _unknown("rule", name, list(rules))
    return rules[name]


def _subject(rule: Rule, ledger: Ledger, word: str | None) -> Subject:
    """The rule's subject with that id or name."""
    if rule.per == ORGANIZATION.dimensions and word in (None, "organization", ORGANIZATION.name):
        return ORGANIZATION
    subjects = _subjects(rule, ledger)
    if word is None:
        raise UsageError("--subject is missing", hint=f"one of: {_some(subjects)}")
    fits = [one for one in subjects if word in (one.name, one.slug, *one.ids)]
    if len(fits) == 1:
        return fits[0]
    if fits:
        ids = ", ".join(str(one.ids[0]) for one in fits)
        raise UsageError(f"'{word}' names several subjects", hint=f"say which by its id: {ids}")
    raise _unknown("subject", word, [one.name for one in subjects])


def _subjects(rule: Rule, ledger: Ledger) -> list[Subject]:
    return [rule.subject(ledger, ids) for ids in rule.amounts(ledger).ids] or [ORGANIZATION]


def _some(subjects: list[Subject]) -> str:
    return ", ".join(one.name for one in subjects[:10])


def _unknown(what: str, word: str, known: list[str]) -> UsageError:
    near = closest(word, known)
    meant = f"did you mean '{near}'? " if near else ""
    listed = ", ".join(known[:10]) + (", …" if len(known) > 10 else "")
    return UsageError(
        f"there is no {what} '{printable(short(word))}'", hint=f"{meant}{what}s: {listed}"
    )


def _check_day(ledger: Ledger, asked: Asked) -> None:
    span, period = ledger.span, asked.period.span
    if period.start >= span.end or period.end <= span.start:
        raise UsageError(
            f"{asked.day} is outside the history that is kept",
            hint=f"days from {span.start} to {ledger.today} can be explained",
        )


def _document(app: App, ledger: Ledger, asked: Asked) -> dict[str, Any]:
    known = [d for d in asked.period.span if d in ledger.span]
    outcomes = list(asked.rule.judge(ledger, known))
    finding = _with_key(outcomes, asked.key) or _later(asked, ledger)
    whom = (asked.subject.name, asked.rule.everyone)
    skipped = [o.why for o in outcomes if isinstance(o, Skipped) and o.subject in whom]
    work = worked(asked.rule, ledger, asked.subject, asked.period)
    measure = asked.rule.measure
    return {
        "key": asked.key,
        "rule": asked.rule.name,
        "kind": asked.rule.kind,
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
        "formula": list(work.formula),
        "days": [
            {
                "day": entry.day.isoformat(),
                "value": quantity_json(entry.value, measure),
                "shown": f"{day_name(entry.day)}  {amount(entry.value, measure)}",
                "usable": entry.why_not is None,
                "why_not": entry.why_not,
                "state": entry.state.value,
            }
            for entry in work.days
        ],
        "alert": _alert_state(app, asked.key),
        "silence": list(work.silence) if finding else [],
    }


def _with_key(outcomes: Iterable[Outcome], key: str) -> Finding | None:
    return next((o for o in outcomes if isinstance(o, Finding) and o.key == key), None)


def _later(asked: Asked, ledger: Ledger) -> Finding | None:
    """The finding that began with the day asked for, where a later day was the one to tell it."""
    since = Span(max(asked.period.start, ledger.span.start), ledger.span.end)
    return _with_key(asked.rule.judge(ledger, list(since)), asked.key)


def _verdict(asked: Asked, work: Worked, finding: Finding | None, skipped: list[str]) -> str:
    if finding:
        return finding.why
    if skipped:
        return f"could not be judged: {skipped[0]}"
    nothing = "nothing to tell" if isinstance(asked.rule, Cap) else f"not a {asked.rule.kind}"
    return f"{nothing}: {work.why_not}"


def _alert_state(app: App, key: str) -> dict[str, Any] | None:
    alert = AlertBook(app.database).one(key)
    if alert is None or alert.told_at is None:
        return None
    first_told = to_text(alert.first_at)
    return {"state": alert.state(app.now).value, "first_told": first_told, "step": alert.top_step}


def _lines(document: dict[str, Any]) -> list[str]:
    options = ", ".join(f"{name}: {_option(v)}" for name, v in document["options"].items())
    lines = [
        f"{document['rule']} ({document['kind']}) · {document['subject']['name']} · "
        f"{document['period']['name']}",
        f"  key: {document['key']}",
        f"  options: {options or 'none, all defaults'}",
        "",
        *textwrap.wrap(document["verdict"], 80, break_on_hyphens=False),
        "",
        "How it is worked out",
        *(f"  {line}" for line in document["formula"]),
    ]
    if document["days"]:
        lines += ["", "Days"]
        lines += [f"  {entry['shown']}{_remark(entry)}" for entry in document["days"]]
    lines += ["", _told(document["alert"])]
    if document["silence"]:
        lines += ["", "What would silence it", *(f"  {line}" for line in document["silence"])]
    return lines


def _remark(entry: dict[str, Any]) -> str:
    return "" if entry["usable"] else f"  not used: {entry['why_not']}"


def _option(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {_option(of)}" for name, of in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_option(of) for of in value) + "]"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _told(alert: dict[str, Any] | None) -> str:
    if alert is None:
        return "Alert: never told."
    step = f", highest step told {alert['step']:g}%" if alert["step"] is not None else ""
    return f"Alert: {alert['state']}, first told {alert['first_told']}{step}."
