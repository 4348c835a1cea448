"""A case's bill as a ledger, judged by its rules."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from bot.alerts.model import Remark
from bot.kinds import Cap, Rule, judging
from bot.ruletest.compare import CaseOutcome, compared
from bot.ruletest.model import Case, Costs, Usage
from bot.ruletest.series import Series
from bot.spend.calendar import SettlingTimes, Span, period_of
from bot.spend.currency import currency
from bot.spend.ledger import Ids, Ledger, Sums, trailing
from bot.spend.line_item import family, parse
from bot.spend.metrics import Additive
from bot.spend.money import from_dollars
from bot.spend.split import Volume

HISTORY_DAYS = 90
"""The history that rules know, as a bot with the default settings does."""


def run_case(case: Case, rules: Sequence[Rule]) -> CaseOutcome:
    """What the enabled rules say of the case's bill, compared with what it expects."""
    asked = [rule for rule in rules if rule.enabled and rule.name in (case.only or [rule.name])]
    book = ledger_of(case, asked)
    outcomes = [o for o in judging.judge(asked, book, case.judged) if not isinstance(o, Remark)]
    return compared(case, list(dict.fromkeys(outcomes)))


def ledger_of(case: Case, rules: Sequence[Rule]) -> Ledger:
    """The case's bill as it is known at its instant.

    Every day of the history is known and as settled as its age says, unless the case says
    otherwise; a day without a row is a day on which nothing was spent.
    """
    entries = tuple(_entries(case))
    span = _span(case, rules, entries)
    times = SettlingTimes()
    states = {day: times.state(day, case.as_of, failed=False, now=case.as_of) for day in span}
    states |= {day: state for day, state in case.days.states().items() if day in span}
    names = {str(dimension): dict(known) for dimension, known in case.names.items()}
    return Ledger(
        case.as_of, span, _Entries(entries), states, states, currency(case.currency), names, times
    )


@dataclass(frozen=True, slots=True)
class _Entry:
    day: date
    quantity: Additive
    of: dict[str, str | None]
    value: int


@dataclass(frozen=True, slots=True)
class _Entries:
    """A SumReader over the rows of a case."""

    rows: Sequence[_Entry]

    def sums(self, quantity: Additive, dimensions: tuple[str, ...], span: Span) -> Sums:
        found: dict[Ids, dict[date, int]] = {}
        for row in self.rows:
            if row.quantity is quantity and row.day in span:
                ids = tuple(row.of.get(dimension) for dimension in dimensions)
                days = found.setdefault(ids, {})
                days[row.day] = days.get(row.day, 0) + row.value
        return found

    def bill(self, _dimensions: tuple[str, ...], _days: tuple[date, ...]) -> dict[Ids, int]:
        """Nothing: a case is judged, not explained."""
        return {}

    def volumes(self, _dimensions: tuple[str, ...], _days: tuple[date, ...]) -> dict[Ids, Volume]:
        """Nothing, as above."""
        return {}


def _span(case: Case, rules: Sequence[Rule], entries: Sequence[_Entry]) -> Span:
    """The history: as long as the default one, all of a capped period, and every row."""
    history = trailing(case.today, HISTORY_DAYS)
    units = {rule.period for rule in rules if isinstance(rule, Cap)}
    starts = [period_of(day, unit).start for unit in units for day in case.judged]
    starts += [entry.day for entry in entries]
    return Span(min([history.start, *starts]), history.end)


def _entries(case: Case) -> Iterator[_Entry]:
    for cost in case.costs:
        yield from _money(cost)
    for use in case.usage:
        yield from _volume(use)


def _money(cost: Costs) -> Iterator[_Entry]:
    line_item = f"{cost.model}, output" if cost.model else cost.line_item
    read = parse(line_item) if line_item else None
    of = {
        "project": cost.project,
        "line_item": line_item,
        "model": read.family if read else None,
        "snapshot": read.snapshot if read else None,
        "api_key": cost.api_key,
    }
    for day, money in _dated(cost.daily.start, cost.daily.amounts):
        yield _Entry(day, Additive.COST, of, from_dollars(money))


def _volume(use: Usage) -> Iterator[_Entry]:
    of = {
        "project": use.project,
        "model": family(use.model) if use.model else None,
        "snapshot": use.model,
        "api_key": use.api_key,
    }
    daily = use.daily
    for quantity, series in (
        (Additive.REQUESTS, daily.requests),
        (Additive.INPUT_TOKENS, daily.input_tokens),
        (Additive.OUTPUT_TOKENS, daily.output_tokens),
        (Additive.CACHED_TOKENS, daily.cached_tokens),
    ):
        for day, value in _dated(daily.start, series):
            yield _Entry(day, quantity, of, int(value))


def _dated(start: date, series: Series) -> Iterator[tuple[date, Decimal]]:
    """The days that have something, with their number."""
    for n, value in enumerate(series):
        if value:
            yield start + timedelta(days=n), value
