"""Ledgers, findings and rows in a line, for tests that are about something else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from bot.alerts.model import (
    ORGANIZATION,
    Dimension,
    Finding,
    Measure,
    Outcome,
    Severity,
    Skipped,
    Subject,
)
from bot.kinds import KINDS, Rule
from bot.spend.calendar import DayState, SettlingTimes, Span, Unit, period_of
from bot.spend.currency import USD, Currency
from bot.spend.ledger import Ids, Ledger, Sums, trailing
from bot.spend.metrics import Additive
from bot.spend.money import from_dollars
from bot.spend.split import Volume

TODAY = date(2026, 11, 20)
"""A Friday; most tests are about the day before, Thu 19 Nov 2026."""
NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
YESTERDAY = TODAY - timedelta(days=1)
IN_DOLLARS = Measure.money(USD)


def at(text: str) -> datetime:
    """`2026-11-20 09:00` (UTC)."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def on(text: str) -> date:
    """`11-19` of 2026, or a whole ISO date."""
    return date.fromisoformat(text if len(text) > 5 else f"2026-{text}")


@dataclass(frozen=True, slots=True)
class Entry:
    """An amount of one day by its place on the bill. Dollars for cost, else a plain count."""

    day: date
    amount: float
    of: Mapping[str, str | None] = field(default_factory=dict)
    quantity: Additive = Additive.COST


def spend(days: Mapping[str, float], **of: str | None) -> list[Entry]:
    """Dollars by day of one place on the bill: `spend({"11-19": 41.2}, project="search")`."""
    return [Entry(on(day), dollars, of) for day, dollars in days.items()]


def used(quantity: Additive, days: Mapping[str, int], **of: str | None) -> list[Entry]:
    """Volume by day: `used(Additive.REQUESTS, {"11-19": 12}, model="gpt-5")`."""
    return [Entry(on(day), number, of, quantity) for day, number in days.items()]


def daily(values: Sequence[float], *, until: date = YESTERDAY, **of: str | None) -> list[Entry]:
    """Dollars of consecutive days, the last of them `until`."""
    first = until - timedelta(days=len(values) - 1)
    return [Entry(first + timedelta(days=n), v, of) for n, v in enumerate(values) if v]


def weeks(week: Sequence[float], count: int, **of: str | None) -> list[Entry]:
    """The same week (Monday first) `count` times, the last day of all of them YESTERDAY."""
    days = [YESTERDAY - timedelta(days=n) for n in range(7 * count - 1, -1, -1)]
    return [Entry(day, week[day.weekday()], of) for day in days if week[day.weekday()]]


class DictReader:
    """A SumReader over entries, adding up as slowly and plainly as can be."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.entries = list(entries)
        self.asked: list[tuple[Additive, tuple[str, ...]]] = []

    def sums(self, quantity: Additive, dimensions: tuple[str, ...], span: Span) -> Sums:
        self.asked.append((quantity, dimensions))
        sums: dict[Ids, dict[date, int]] = {}
        for entry in self.entries:
            if entry.quantity is quantity and entry.day in span:
                ids = tuple(entry.of.get(dimension) for dimension in dimensions)
                days = sums.setdefault(ids, {})
                days[entry.day] = days.get(entry.day, 0) + _units(entry)
        return sums

    def bill(self, dimensions: tuple[str, ...], days: tuple[date, ...]) -> dict[Ids, int]:
        self.asked.append((Additive.COST, dimensions))
        found: dict[Ids, int] = {}
        for entry in self.entries:
            if entry.quantity is Additive.COST and entry.day in days:
                ids = tuple(entry.of.get(dimension) for dimension in dimensions)
                found[ids] = found.get(ids, 0) + _units(entry)
        return found

    def volumes(self, dimensions: tuple[str, ...], days: tuple[date, ...]) -> dict[Ids, Volume]:
        self.asked.append((Additive.REQUESTS, dimensions))
        found: dict[Ids, Volume] = {}
        for entry in self.entries:
            if entry.quantity.is_usage and entry.day in days:
                ids = tuple(entry.of.get(dimension) for dimension in dimensions)
                known = found.get(ids, Volume())
                grown = getattr(known, entry.quantity) + _units(entry)
                found[ids] = known._replace(**{entry.quantity: grown})
        return found


def _units(entry: Entry) -> int:
    return int(entry.amount) if entry.quantity.is_usage else from_dollars(entry.amount)


def ledger(
    *entries: Iterable[Entry],
    now: datetime = NOW,
    days: int = 90,
    states: Mapping[str, DayState] | None = None,
    names: Mapping[str, Mapping[str, str]] | None = None,
    currency: Currency = USD,
) -> Ledger:
    """A ledger as an hourly bot would hold it at `now`; `states` says what is different."""
    span = trailing(now.date(), days)
    known = {day: SettlingTimes().state(day, now, failed=False, now=now) for day in span}
    known |= {on(day): state for day, state in (states or {}).items()}
    reader = DictReader(entry for several in entries for entry in several)
    return Ledger(now, span, reader, known, known, currency, names or {})


def rule(kind: str, **options: Any) -> Rule:
    """A rule as its YAML says it; its name is the kind unless said otherwise."""
    return KINDS[kind].model_validate({"name": kind, "kind": kind, **options})


def judged(one: Rule, book: Ledger, *days: str) -> list[Outcome]:
    """What the rule says of the days; of yesterday and today unless said otherwise."""
    return list(one.judge(book, [on(d) for d in days] or [YESTERDAY, TODAY]))


def findings(one: Rule, book: Ledger, *days: str) -> list[Finding]:
    return [found for found in judged(one, book, *days) if isinstance(found, Finding)]


def skips(one: Rule, book: Ledger, *days: str) -> list[Skipped]:
    return [found for found in judged(one, book, *days) if isinstance(found, Skipped)]


def project(id_: str | None = "proj_a", name: str = "search") -> Subject:
    return Subject((Dimension.PROJECT,), (id_,), (name,))


def pair(*ids: tuple[str, str | None], names: tuple[str, ...] = ()) -> Subject:
    """`pair(("project", "proj_a"), ("model", "gpt-5"))`."""
    dimensions = tuple(Dimension(of) for of, _ in ids)
    members = tuple(member for _, member in ids)
    return Subject(dimensions, members, names or tuple(str(member) for member in members))


def finding(
    subject: Subject = ORGANIZATION,
    *,
    rule: str = "daily cap",
    step: float | None = None,
    day: date = YESTERDAY,
    unit: Unit = Unit.DAY,
    **other: Any,
) -> Finding:
    values: dict[str, Any] = {
        "kind": "cap",
        "severity": Severity.WARNING,
        "metric": "cost",
        "measure": IN_DOLLARS,
        "observed": from_dollars("41.2"),
        "why": "The organisation spent $41.20.",
        "headline": "The organisation is over its daily cap",
    }
    period = period_of(day, unit)
    return Finding(rule=rule, subject=subject, period=period, step=step, **{**values, **other})


def keys(some: Iterable[Finding]) -> list[str]:
    return [one.key for one in some]
