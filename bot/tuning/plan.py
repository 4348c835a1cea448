"""Thresholds at which rules would have told no more than a target, found by replaying variants.

Pure: the replay is an argument. Each rule that told more than its share is made stricter, one
option at a time, by bisecting a ladder of round values; the whole book is then replayed with all
changes together.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from bot.alerts.model import Finding
from bot.errors import UsageError
from bot.kinds import Rule
from bot.kinds.money_options import TWINS
from bot.spend.calendar import Unit
from bot.spend.currency import Currency
from bot.tuning.ladders import ladders, variant

_DAYS = {Unit.DAY: 1.0, Unit.WEEK: 7.0, Unit.MONTH: 365 / 12}
_FORM = re.compile(r"([0-9]+(?:\.[0-9]+)?) *(?:per|an?|/) *(day|week|month)", re.IGNORECASE)
_ROUNDS = 4
"""How often the shares are cut where the book still tells too much with all changes together."""


@dataclass(frozen=True, slots=True)
class Target:
    """At most so many alerts in each such time, on average."""

    alerts: float
    unit: Unit

    def allowed(self, days: int) -> int:
        """How many that is in so many days, rounded down."""
        return int(self.alerts * days / _DAYS[self.unit] + 1e-9)

    def __str__(self) -> str:
        return f"{self.alerts:g} per {self.unit}"


def parse_target(text: str) -> Target:
    """`2 per week`, `1 per day`, `5/month`. Raises UsageError for anything else."""
    fits = _FORM.fullmatch(text.strip())
    if not fits or not 0 < float(fits[1]) <= 1_000_000:
        raise UsageError(
            f"--target {text!r} is no number of alerts in a time",
            hint='write "2 per week", "1 per day" or "5 per month"',
        )
    return Target(float(fits[1]), Unit(fits[2].lower()))


Told = Sequence[Finding]
"""The first finding of each alert that some rules would have told."""

Replay = Callable[[Sequence[Rule]], Told]


@dataclass(frozen=True, slots=True)
class Proposal:
    """A stricter variant of a rule, and the alerts it would have told alone.

    `changes` are option, value now, value then. `reached` is False where no value of any option
    brings the rule down to its share.
    """

    rule: Rule
    variant: Rule
    before: int
    after: int
    share: int
    changes: tuple[tuple[str, Any, Any], ...]
    reached: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """What would keep a book within a target. `after`: alerts of all rules with the changes."""

    target: Target
    allowed: int
    before: int
    after: int
    proposals: tuple[Proposal, ...]

    @property
    def reached(self) -> bool:
        return self.after <= self.allowed


def plan(
    rules: Sequence[Rule],
    told: Told,
    target: Target,
    days: int,
    replay: Replay,
    currency: Currency,
) -> Plan:
    """Proposals for the rules that told more than their share of `target` in `told`."""
    allowed = target.allowed(days)
    if len(told) <= allowed:
        return Plan(target, allowed, len(told), len(told), ())
    counts = _counts(rules, told)
    tuner = _Tuner(replay, told, currency)
    budget = allowed
    for _ in range(_ROUNDS):
        shares = fair_shares(counts, max(budget, 0))
        proposals = [
            tuner.proposal(rule, counts[rule.name], shares[rule.name])
            for rule in rules
            if counts[rule.name] > shares[rule.name]
        ]
        changed = {one.rule.name: one.variant for one in proposals if one.changes}
        then = replay([changed.get(rule.name, rule) for rule in rules])
        if len(then) <= allowed or budget <= 0:
            break
        tuner.hear(then)
        louder = _louder(counts, _counts(rules, then))
        budget -= 0 if louder != counts else len(then) - allowed
        counts = louder
    return Plan(target, allowed, len(told), len(then), tuple(proposals))


def _counts(rules: Sequence[Rule], told: Told) -> dict[str, int]:
    return {rule.name: sum(one.rule == rule.name for one in told) for rule in rules}


def _louder(before: dict[str, int], after: dict[str, int]) -> dict[str, int]:
    """The larger counts: a rule may speak where another one that told it already is quiet now."""
    return {name: max(count, after[name]) for name, count in before.items()}


def fair_shares(counts: dict[str, int], allowed: int) -> dict[str, int]:
    """How many of the alerts allowed each rule may tell: what quiet ones leave goes to the others.

    Of an uneven rest the loudest rules get one more each.
    """
    left, shares = allowed, {}
    waiting = sorted(counts, key=lambda name: counts[name])
    for n, name in enumerate(waiting):
        shares[name] = min(counts[name], left // (len(waiting) - n))
        left -= shares[name]
    return shares


class _Tuner:
    """Finds the mildest variants, replaying each only once."""

    def __init__(self, replay: Replay, told: Told, currency: Currency) -> None:
        self._replay = replay
        self._currency = currency
        self._told = list(told)
        self._counts: dict[str, int] = {}

    def hear(self, told: Told) -> None:
        """What rules say where others have become quiet."""
        self._told += told

    def proposal(self, rule: Rule, before: int, share: int) -> Proposal:
        best, count = rule, before
        mine = [one for one in self._told if one.rule == rule.name]
        for ladder in ladders(rule, mine, self._currency):
            if not ladder:
                continue
            variants = [variant(best, options) for options in ladder]
            found = self._mildest(variants, share)
            best = variants[-1] if found is None else found
            count = self._count(best)
            if found is not None:
                break
        if count >= before:  # no option helps
            best, count = rule, before
        changes = tuple(_changes(rule, best))
        return Proposal(rule, best, before, count, share, changes, count <= share)

    def _mildest(self, variants: Sequence[Rule], share: int) -> Rule | None:
        """The first variant within the share; None if the strictest is not."""
        if self._count(variants[-1]) > share:
            return None
        low, high = 0, len(variants) - 1
        while low < high:
            middle = (low + high) // 2
            if self._count(variants[middle]) > share:
                low = middle + 1
            else:
                high = middle
        return variants[high]

    def _count(self, one: Rule) -> int:
        key = one.model_dump_json()
        if key not in self._counts:
            self._counts[key] = len(self._replay([one]))
        return self._counts[key]


def _changes(rule: Rule, variant: Rule) -> Iterator[tuple[str, Any, Any]]:
    replaced = {name for name, twin in TWINS.items() if twin in variant.model_fields_set}
    for option in type(rule).model_fields:
        old, new = getattr(rule, option), getattr(variant, option)
        if old != new and option not in replaced:
            yield option, old, new
