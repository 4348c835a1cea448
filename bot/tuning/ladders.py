"""What makes a rule stricter: options by kind, each with its values from mild to severe."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from bot.alerts.model import SEPARATOR, Finding
from bot.kinds import Cap, Drift, Drop, New, Rule, Spike
from bot.kinds.cap import DEFAULT
from bot.kinds.money_options import TWINS
from bot.kinds.spike import Sensitivity
from bot.spend.currency import Currency
from bot.spend.globs import matches
from bot.spend.metrics import Metric
from bot.spend.money import LARGEST_DOLLARS, from_dollars

Options = Mapping[str, Any]

_STEPS = tuple(Decimal(step) for step in ("1", "1.2", "1.5", "2", "2.5", "3", "4", "5", "6", "8"))
_MOST = Decimal(1_000_000)
_FINER = Decimal("1.05")
_MOST_TIMES = 100


def ladders(rule: Rule, told: Sequence[Finding], currency: Currency) -> list[list[Options]]:
    """Ladders of options in the order they are tried; `told` is what the rule said as it is."""
    match rule:
        case Cap():
            found = [_higher_limits(rule, told)]
        case Spike():
            found = [_calmer(rule), _dearer(rule, currency)]
        case Drop():
            found = [_lower(rule)]
            if rule.metric is Metric.COST:
                found = [_dearer(rule, currency), *found]
        case Drift():
            found = [_steeper(rule)]
        case New():
            found = [_dearer(rule, currency)] if rule.metric is Metric.COST else []
        case _:
            found = [_dearer(rule, currency)]
    return [list(ladder) for ladder in found]


def variant(rule: Rule, options: Options) -> Rule:
    """The rule with other options; one in the bill's currency takes the place of its twin."""
    said = rule.model_dump(mode="python", exclude_unset=True, by_alias=True)
    kept = {name: value for name, value in said.items() if TWINS.get(name) not in options}
    return type(rule).model_validate({**kept, **options})


def _higher_limits(rule: Cap, told: Sequence[Finding]) -> Iterator[Options]:
    """The limits of the subjects that were told, from a twentieth higher to a hundred times."""
    option = "limit_usd" if rule.limit_usd else "limit"
    limits = rule.limit_usd or rule.limit or {}
    spoken = {_entry(limits, one) for one in told}
    factor, last = _FINER, limits
    while factor <= _MOST_TIMES:
        raised = {
            glob: round_up(value * factor) if glob in spoken else value
            for glob, value in limits.items()
        }
        if raised != last and max(raised.values()) <= LARGEST_DOLLARS:
            yield {option: raised}
        last, factor = raised, factor * _FINER


def _entry(limits: Mapping[str, Decimal], told: Finding) -> str:
    """The entry of the limits that the finding's subject falls under."""
    names = told.subject.names
    words = [*names, SEPARATOR.join(names), *filter(None, told.subject.ids)]
    for glob in limits:
        if glob != DEFAULT and any(matches((glob,), None, word) for word in words):
            return glob
    return DEFAULT


def _calmer(rule: Spike) -> Iterator[Options]:
    order = [Sensitivity.HIGH, Sensitivity.NORMAL, Sensitivity.LOW]
    for sensitivity in order[order.index(rule.sensitivity) + 1 :]:
        yield {"sensitivity": sensitivity}


def _dearer(rule: Rule, currency: Currency) -> Iterator[Options]:
    option, least = rule.option("min_usd", currency), rule.min_nanos(currency)
    power = Decimal(1)
    while power < _MOST * currency.times:
        for step in _STEPS:
            if from_dollars(step * power) > least:
                yield {option: step * power}
        power *= 10


def _steeper(rule: Drift) -> Iterator[Options]:
    for tenths in range(int(rule.ratio * 10) + 1, 101):
        yield {"ratio": tenths / 10}


def _lower(rule: Drop) -> Iterator[Options]:
    first = int(rule.below) - (rule.below == int(rule.below))
    for percent in range(first, -1, -1):
        yield {"below": percent}


def round_up(value: Decimal) -> Decimal:
    """The value, or the next one above it with two significant digits."""
    if not value:
        return value
    unit = Decimal(10) ** (value.adjusted() - 1)
    up = value if value % unit == 0 else (value // unit + 1) * unit
    return Decimal(f"{up:f}")
