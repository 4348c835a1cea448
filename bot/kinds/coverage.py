"""Money that no rule looks at, by line item. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from bot.kinds.base import Rule
from bot.kinds.cap import Cap
from bot.kinds.members import BILL, holder, of_bill
from bot.spend.ledger import Days, Ids, Ledger
from bot.spend.metrics import Metric


def uncovered(rules: Sequence[Rule], ledger: Ledger, days: Days) -> dict[str | None, int]:
    """Nano-dollars of the days by line item that no enabled rule about cost looks at.

    A rule looks at what its `match` takes in; a cap only at subjects to which it sets a limit.
    """
    about_money = [rule for rule in rules if rule.enabled and rule.metric is Metric.COST]
    if any(_looks_at_everything(rule) for rule in about_money):
        return {}
    found: dict[str | None, int] = defaultdict(int)
    for ids, nanos in ledger.bill(BILL, days).items():
        if not any(_looks_at(rule, ledger, ids) for rule in about_money):
            found[ids[1]] += nanos
    return {item: nanos for item, nanos in found.items() if nanos > 0}


def _looks_at_everything(rule: Rule) -> bool:
    return not rule.match and (not isinstance(rule, Cap) or rule.limits_everyone)


def _looks_at(rule: Rule, ledger: Ledger, ids: Ids) -> bool:
    subject = holder(rule, ledger, of_bill(ids))
    if subject is None:
        return False
    if not isinstance(rule, Cap):
        return True
    return rule.limit_of(subject, rule.full_names(ledger, subject)) is not None
