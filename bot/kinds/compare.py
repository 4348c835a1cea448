"""What a finding's cost is compared with: the same weekdays before it, by kind. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from bot.alerts.model import Finding
from bot.kinds.base import Rule
from bot.spend.calendar import DayState, Span
from bot.spend.ledger import Days, Ledger
from bot.spend.weekdays import SAME_WEEKDAYS

WEEKS_AGO = {"cap": range(1, 5), "drift": range(3, 6), "drop": range(1, 7)}
"""Which weeks before count, by kind; for the others those of a spike's usual."""
USUAL_WEEKS = range(1, SAME_WEEKDAYS + 1)
WEEKDAYS_NEEDED = 2
AVERAGE_DAYS = 28
AVERAGE_NEEDED = 7
"""Settled days among the last 28 that make an average where the weekdays are too few."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Some known days of a finding, and the days before that they are compared with.

    `before` holds days and what they weigh: the sum of both makes up for `days`. Empty: nothing
    is known before. `usage_missing` is a day whose volume is not known yet, if there is one.
    """

    days: Days
    before: tuple[tuple[float, Days], ...]
    against: str
    running: bool = False
    usage_missing: date | None = None


def compared(finding: Finding, rule: Rule, ledger: Ledger) -> Comparison:
    """What the finding's days are compared with. A period's open day is left out of it."""
    span = finding.observed_in or finding.period.span
    known = _known(span, ledger)
    running = known == (ledger.today,)
    if not running:
        known = tuple(day for day in known if day < ledger.today)
    if finding.kind == "new":
        return Comparison(known, (), "no spend before", running, _without_usage(known, ledger))
    pairs, against = _pairs(finding, rule, ledger, known)
    if 2 * len(pairs) < len(known) or not pairs:
        return Comparison(known, (), "", running)
    used = {day for past in pairs.values() for day in past}
    return Comparison(
        days=tuple(pairs),
        before=_weighed(list(pairs.values())),
        against=against,
        running=running,
        usage_missing=_without_usage((*pairs, *sorted(used)), ledger),
    )


def _known(span: Span, ledger: Ledger) -> Days:
    states = ledger.cost_states
    return tuple(d for d in span if states.get(d, DayState.MISSING) is not DayState.MISSING)


def _without_usage(days: Sequence[date], ledger: Ledger) -> date | None:
    complete = (DayState.SETTLING, DayState.SETTLED)
    return next((day for day in days if ledger.usage_states.get(day) not in complete), None)


def _pairs(
    finding: Finding, rule: Rule, ledger: Ledger, known: Days
) -> tuple[dict[date, Days], str]:
    """For each day that can be compared the days it is compared with; and that in words."""
    first = finding.period.start
    weeks = WEEKS_AGO.get(finding.kind, USUAL_WEEKS)
    whole_week = finding.kind == "drift"  # a week, each of whose days has its own past
    pairs = {
        day: past
        for day in known
        if (past := _weekdays(day, day if whole_week else first, weeks, rule, ledger))
    }
    enough = WEEKDAYS_NEEDED if len(known) == 1 else 1
    pairs = {day: past for day, past in pairs.items() if len(past) >= enough}
    if pairs or len(known) > 1 or whole_week:
        return pairs, _in_words(finding, known, weeks)
    past = tuple(d for d in _before(first, AVERAGE_DAYS) if _usable(d, rule, ledger))
    if len(past) < AVERAGE_NEEDED:
        return {}, ""
    return dict.fromkeys(known, past), f"an average day of the {len(past)} before"


def _weekdays(day: date, first: date, weeks: range, rule: Rule, ledger: Ledger) -> Days:
    """The usable days of the same weekday in those weeks before the day `first`."""
    last = day - timedelta(weeks=-(-((day - first).days + 1) // 7) if day >= first else 0)
    past = [last - timedelta(weeks=week - 1) for week in weeks]
    usable = tuple(d for d in reversed(past) if _usable(d, rule, ledger))
    with_usage = tuple(d for d in usable if not _without_usage((d,), ledger))
    return with_usage if len(with_usage) >= WEEKDAYS_NEEDED else usable


def _before(day: date, count: int) -> list[date]:
    return [day - timedelta(days=back) for back in range(count, 0, -1)]


def _usable(day: date, rule: Rule, ledger: Ledger) -> bool:
    """Settled, and no day on which something else was planned."""
    settled = ledger.cost_states.get(day) is DayState.SETTLED
    return settled and not any(day in window for window in rule.planned)


def _in_words(finding: Finding, known: Days, weeks: range) -> str:
    if len(known) == 1:
        return f"a usual {known[0]:%A}"
    if finding.kind == "drift":
        return f"the same weekdays {weeks[0]} to {weeks[-1]} weeks before"
    return f"the same weekdays of the {len(weeks)} weeks before"


def _weighed(past: Sequence[Days]) -> tuple[tuple[float, Days], ...]:
    """Each day's past as its mean; days that weigh the same together, to be added up as one."""
    weights: dict[date, float] = defaultdict(float)
    for days in past:
        for day in days:
            weights[day] += 1 / len(days)
    together: dict[float, list[date]] = defaultdict(list)
    for day in sorted(weights):
        together[round(weights[day], 9)].append(day)
    return tuple((weights[days[0]], tuple(days)) for days in together.values())
