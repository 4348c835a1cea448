"""What `bot explain` is asked about: from an alert's key, or from names, to a rule and subject."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from bot import app as flow
from bot.alerts.model import ORGANIZATION, Subject, alert_key, rule_slug
from bot.config.problems import closest, printable, short
from bot.context import App
from bot.errors import UsageError
from bot.kinds import Cap, Rule
from bot.spend.calendar import Period, Unit, period_of
from bot.spend.ledger import Ledger
from bot.spend.metrics import FORMULAS
from bot.store.schema import alerts

_LISTED = 10
_LINE = "\n    "


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


def by_key(app: App, ledger: Ledger, word: str) -> Asked:
    """Of an alert's key, a message's key (`…#step-80`), or the only key that begins so.

    Raises UsageError for anything else, saying what may have been meant.
    """
    key = word.partition("#")[0].strip()
    try:
        return _of_key(app, ledger, key)
    except UsageError:
        begun = [one for one in _known_keys(app, ledger) if one.startswith(key)] if key else []
        if not begun:
            raise
    if len(begun) > 1:
        raise UsageError(
            f"{len(begun)} alerts begin with '{printable(short(key))}'",
            hint="one of:" + _LINE + _listed(begun[::-1], _LINE),
        )
    return _of_key(app, ledger, begun[0])


def _known_keys(app: App, ledger: Ledger) -> list[str]:
    """The keys of alerts that were told, and of all that holds in the history; latest last."""
    with app.database.reading() as connection:
        told = list(connection.execute(sa.select(alerts.c.key)).scalars())
    findings, _, _ = flow.judge(app, ledger, list(ledger.span))
    known = {*told, *(finding.key for finding in findings)}
    return sorted(known, key=lambda key: (key[-10:], key))


def _of_key(app: App, ledger: Ledger, key: str) -> Asked:
    parts = key.split("/")
    unit, _, start = parts[-1].partition(":")
    try:
        slug, who, begins, length = parts[0], parts[1], date.fromisoformat(start), Unit(unit)
    except (ValueError, IndexError):
        raise _no_key(app, key) from None
    rules = {rule_slug(rule.name): rule for rule in app.configuration.rulebook.rules}
    if slug not in rules:
        raise _unknown("rule", slug, list(rules))
    rule = rules[slug]
    found = {one.slug: one for one in subjects(rule, ledger)}
    if who not in found:
        raise _unknown("subject", who, list(found))
    asked = Asked(rule, found[who], begins, length)
    if asked.key != key:
        raise UsageError(
            f"'{printable(short(key))}' is not an alert of rule '{rule.name}'",
            hint=f"did you mean '{asked.key}'?",
        )
    return asked


def _no_key(app: App, key: str) -> UsageError:
    names = [rule.name for rule in app.configuration.rulebook.rules]
    near = closest(key, names)
    meant = f"did you mean --rule '{near}'? " if near else ""
    return UsageError(
        f"'{printable(short(key))}' is not an alert's key",
        hint=f"{meant}a key reads rule/subject/day:2026-11-20; `bot status` shows them",
    )


def by_names(app: App, ledger: Ledger, name: str, subject: str | None, day: date | None) -> Asked:
    """Of a rule's name, a subject's id or name, and a day; without one, the last finished day."""
    rules = {rule.name: rule for rule in app.configuration.rulebook.rules}
    folded = {one.casefold(): rule for one, rule in rules.items()}
    rule = rules.get(name) or folded.get(name.strip().casefold())
    if rule is None:
        raise _unknown("rule", name, list(rules))
    return Asked(rule, _subject(rule, ledger, subject), day or _last_finished(ledger, rule))


def _last_finished(ledger: Ledger, rule: Rule) -> date:
    finished = (day for day in ledger.span if ledger.judgeable(day, rule.metric))
    return max(finished, default=ledger.today)


def _subject(rule: Rule, ledger: Ledger, word: str | None) -> Subject:
    """The rule's subject with that id or name."""
    if rule.per == ORGANIZATION.dimensions and word in (None, "organization", ORGANIZATION.name):
        return ORGANIZATION
    known = subjects(rule, ledger)
    if word is None:
        raise UsageError(
            "--subject is missing", hint=f"one of: {_listed([one.name for one in known])}"
        )
    fits = [one for one in known if word in (one.name, one.slug, *one.ids)]
    fits = fits or [one for one in known if one.name.casefold() == word.strip().casefold()]
    if len(fits) == 1:
        return fits[0]
    if fits:
        ids = ", ".join(str(one.ids[0]) for one in fits)
        raise UsageError(f"'{word}' names several subjects", hint=f"say which by its id: {ids}")
    raise _unknown("subject", word, [one.name for one in known])


def subjects(rule: Rule, ledger: Ledger) -> list[Subject]:
    """Everybody the rule is about who is in the history; at least the organisation."""
    over = FORMULAS[rule.metric].over
    ids = dict.fromkeys(ids for part in over for ids in rule.table(ledger, part).ids)
    return [rule.subject(ledger, one) for one in ids] or [ORGANIZATION]


def check_day(ledger: Ledger, asked: Asked) -> None:
    """Raises UsageError for a period that the history does not touch."""
    span, period = ledger.span, asked.period.span
    if period.start >= span.end or period.end <= span.start:
        raise UsageError(
            f"{asked.day} is outside the history that is kept",
            hint=f"days from {span.start} to {ledger.today} can be explained",
        )


def _unknown(what: str, word: str, known: list[str]) -> UsageError:
    near = closest(word, known)
    meant = f"did you mean '{near}'? " if near else ""
    return UsageError(
        f"there is no {what} '{printable(short(word))}'",
        hint=f"{meant}{what}s: {_listed(known)}",
    )


def _listed(known: Sequence[str], between: str = ", ") -> str:
    return between.join(known[:_LISTED]) + (f"{between}…" if len(known) > _LISTED else "")
