"""Money that no rule looks at, by line item. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from bot.kinds.base import Rule
from bot.kinds.cap import Cap
from bot.kinds.members import Bill, bill_of
from bot.spend.ledger import Days, Ids, Ledger
from bot.spend.metrics import Metric


def uncovered(rules: Sequence[Rule], ledger: Ledger, days: Days) -> dict[str | None, int]:
    """Nanos of the days by line item that no enabled rule about cost looks at.

    A rule looks at what its `match` takes in; a cap only at subjects to which it sets a limit.
    """
    about_money = [
        rule
        for rule in rules
        if rule.enabled and rule.metric is Metric.COST and rule.fits(ledger.currency)
    ]
    if any(_looks_at_everything(rule) for rule in about_money):
        return {}
    bill = bill_of(ledger, days)
    left = set(range(len(bill.rows)))
    for rule in about_money:
        left -= _looked_at(rule, ledger, bill, left.intersection(bill.places(rule)))
    found: dict[str | None, int] = defaultdict(int)
    for row in map(bill.rows.__getitem__, left):
        found[row.member["line_item"]] += row.nanos
    return {item: nanos for item, nanos in found.items() if nanos > 0}


def _looks_at_everything(rule: Rule) -> bool:
    return not rule.match and (not isinstance(rule, Cap) or rule.limits_everyone)


def _looked_at(rule: Rule, ledger: Ledger, bill: Bill, places: set[int]) -> set[int]:
    """Those of the rows taken in by the rule's `match` that it looks at."""
    if not isinstance(rule, Cap) or rule.limits_everyone:
        return places
    by_subject: dict[Ids, set[int]] = defaultdict(set)
    for place in places:
        by_subject[bill.rows[place].subject(rule)].add(place)
    limited = [
        rows
        for ids, rows in by_subject.items()
        if rule.limit_of(ids, rule.full_names(ledger, ids)) is not None
    ]
    return set().union(*limited)
