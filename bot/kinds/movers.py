"""Who moved in a period and why, for a digest: projects, then models and keys of others. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from bot.alerts.model import Dimension, Finding, Severity, Subject
from bot.kinds.base import Rule
from bot.kinds.compare import Comparison
from bot.kinds.spike import Spike
from bot.kinds.why import Why
from bot.spend.calendar import Period, Unit
from bot.spend.currency import Currency
from bot.spend.movement import Mover, before, movers
from bot.spend.split import Split

MOST_UP, MOST_DOWN = 3, 2
MOST_OTHERS = 2
"""Models and keys that no named project's reason tells already."""
TELLS = 0.4
"""A model or key with this share of a project's change is told with it."""

_Member = tuple[str, str | None]


def moved(why: Why, period: Period) -> tuple[Mover, ...]:
    """The projects that moved most up and down, and models and keys beyond them, with reasons."""
    named: list[Mover] = []
    told: set[_Member] = set()
    for mover in _few(movers(why.ledger, Dimension.PROJECT, period)):
        reasoned, split = _reasoned(why, mover, period)
        named.append(reasoned)
        told |= _told_with(split)
    return (*named, *_others(why, period, told))


def _few(found: Sequence[Mover]) -> list[Mover]:
    up = [one for one in found if one.change > 0][:MOST_UP]
    return up + [one for one in found if one.change < 0][:MOST_DOWN]


def _told_with(split: Split | None) -> set[_Member]:
    """The models and keys that a project's change is made of."""
    contributors = split.contributors if split else ()
    return {(one.dimension, one.id) for one in contributors if (one.share or 0) >= TELLS}


def _others(why: Why, period: Period, told: set[_Member]) -> Iterator[Mover]:
    found = [
        mover
        for dimension in (Dimension.MODEL, Dimension.API_KEY)
        for mover in movers(why.ledger, dimension, period)
        if mover.id is not None and (mover.dimension, mover.id) not in told
    ]
    found.sort(key=lambda mover: -abs(mover.change))
    for mover in found[:MOST_OTHERS]:
        reasoned, split = _reasoned(why, mover, period)
        if (mover.dimension, mover.id) not in told:
            yield reasoned
            told |= _told_with(split)


def _reasoned(why: Why, mover: Mover, period: Period) -> tuple[Mover, Split | None]:
    rule = Spike.model_validate({"name": mover.dimension, "per": mover.dimension})
    finding = _as_finding(mover, rule, period, why.ledger.currency)
    comparison = None if period.unit is Unit.DAY else _with_the_one_before(period)
    words, split = why.briefly(finding, rule, comparison)
    return replace(mover, why=words), split


def _as_finding(mover: Mover, rule: Rule, period: Period, currency: Currency) -> Finding:
    """The change as `Why` takes it; it is never told."""
    return Finding(
        rule=rule.name,
        kind="spike" if period.unit is Unit.DAY else "period",
        severity=Severity.INFO,
        subject=Subject(rule.per, (mover.id,), (mover.name,)),
        period=period,
        metric=rule.metric,
        measure=rule.measure_in(currency),
        observed=mover.now,
        expected=mover.usual,
        why="",
        headline="",
    )


def _with_the_one_before(period: Period) -> Comparison:
    past = before(period)
    weight = len(period.span) / len(past.span)
    return Comparison(
        tuple(period.span), ((weight, tuple(past.span)),), f"the {period.unit} before"
    )
