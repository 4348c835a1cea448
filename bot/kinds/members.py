"""To which subject of a rule a row of the bill or of the usage belongs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date

from bot.kinds.base import Rule, matches
from bot.spend.ledger import Ids, Ledger
from bot.spend.line_item import parse

BILL = ("project", "line_item", "api_key")
"""The finest dimensions of money; model and snapshot are read from the line item."""


def of_bill(ids: Ids) -> dict[str, str | None]:
    """The members of every dimension that some money belongs to. `ids` are those of `BILL`."""
    project, item, key = ids
    parsed = parse(item) if item else None
    return {
        "project": project,
        "line_item": item,
        "api_key": key,
        "model": parsed.family if parsed else None,
        "snapshot": parsed.snapshot if parsed else None,
    }


def holder(rule: Rule, ledger: Ledger, member: Mapping[str, str | None]) -> Ids | None:
    """The ids of the rule's subject that the members belong to; None if `match` leaves them out."""
    for dimension, globs in rule.match.items():
        found = member[dimension]
        if not matches(globs, found, ledger.name(dimension, found)):
            return None
    return tuple(member.get(dimension) for dimension in rule.per)


def gross(rule: Rule, ledger: Ledger, day: date) -> dict[Ids, int]:
    """Nano-dollars of the day by subject of the rule, credits left out."""
    found: dict[Ids, int] = defaultdict(int)
    for ids, nanos in ledger.bill(BILL, (day,)).items():
        subject = holder(rule, ledger, of_bill(ids)) if nanos > 0 else None
        if subject is not None:
            found[subject] += nanos
    return found
