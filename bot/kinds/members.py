"""To which subject of a rule a row of the bill or of the usage belongs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from functools import partial
from typing import NamedTuple

from bot.kinds.base import Rule
from bot.spend.globs import Index, matches
from bot.spend.ledger import Days, Ids, Ledger
from bot.spend.line_item import parse

BILL = ("project", "line_item", "api_key")
"""The finest dimensions of money; model and snapshot are read from the line item."""


class BillRow(NamedTuple):
    """Money of some days together: who it belongs to in every dimension, and nanos."""

    member: Mapping[str, str | None]
    nanos: int

    def subject(self, rule: Rule) -> Ids:
        """The ids of the rule's subject that the money belongs to."""
        return tuple(self.member.get(dimension) for dimension in rule.per)


class Bill:
    """The rows of a bill, found by what a rule's `match` lets through."""

    def __init__(self, ledger: Ledger, days: Days) -> None:
        self._ledger = ledger
        self.rows = [BillRow(of_bill(ids), n) for ids, n in ledger.bill(BILL, days).items()]
        self._indexes: dict[str, Index] = {}

    def places(self, rule: Rule) -> Iterable[int]:
        """The numbers of the rows that the rule's `match` takes in."""
        if not rule.match:
            return range(len(self.rows))
        found = [self._index(dimension).places(globs) for dimension, globs in rule.match.items()]
        return set.intersection(*found)

    def _index(self, dimension: str) -> Index:
        if dimension not in self._indexes:
            members = [row.member[dimension] for row in self.rows]
            self._indexes[dimension] = Index(members, partial(self._ledger.name, dimension))
        return self._indexes[dimension]


def bill_of(ledger: Ledger, days: Days) -> Bill:
    """The bill of the days, read once."""
    return ledger.remembered(("bill", days), lambda: Bill(ledger, days))


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
    """Nanos of the day by subject of the rule, credits left out."""
    bill = bill_of(ledger, (day,))
    found: dict[Ids, int] = defaultdict(int)
    for row in map(bill.rows.__getitem__, bill.places(rule)):
        if row.nanos > 0:
            found[row.subject(rule)] += row.nanos
    return found
