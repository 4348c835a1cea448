"""Money that no rule looks at, by line item. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bot.kinds.base import Rule
from bot.kinds.cap import Cap
from bot.kinds.members import BILL, of_bill
from bot.spend.ledger import Days, Ids, Ledger
from bot.spend.metrics import Metric
from bot.spend.roster import Roster


def uncovered(rules: Sequence[Rule], ledger: Ledger, days: Days) -> dict[str | None, int]:
    """Nano-dollars of the days by line item that no enabled rule about cost looks at.

    A rule looks at what its `match` takes in; a cap only at subjects to which it sets a limit.
    """
    about_money = [rule for rule in rules if rule.enabled and rule.metric is Metric.COST]
    if any(_looks_at_everything(rule) for rule in about_money):
        return {}
    bill = _Bill.of(ledger, days)
    seen = np.zeros(len(bill.nanos), dtype=bool)
    for rule in about_money:
        seen |= bill.looked_at(rule, ledger, ~seen)
    found: dict[str | None, int] = defaultdict(int)
    for n in np.flatnonzero(~seen):
        found[bill.members["line_item"][n]] += bill.nanos[n]
    return {item: nanos for item, nanos in found.items() if nanos > 0}


@dataclass(frozen=True, slots=True)
class _Bill:
    """The money of some days by its finest dimensions, and the members of each dimension."""

    nanos: list[int]
    members: Mapping[str, list[str | None]]
    rosters: Mapping[str, tuple[Roster, NDArray[np.intp]]]

    @classmethod
    def of(cls, ledger: Ledger, days: Days) -> _Bill:
        bill = ledger.bill(BILL, days)
        rows = [of_bill(ids) for ids in bill]
        members = {name: [row[name] for row in rows] for name in _DIMENSIONS}
        rosters = {name: _roster(ledger, name, some) for name, some in members.items()}
        return cls(list(bill.values()), members, rosters)

    def looked_at(self, rule: Rule, ledger: Ledger, some: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Which of some rows the rule looks at."""
        found = some
        for dimension, globs in rule.match.items():
            roster, places = self.rosters[dimension]
            found = found & roster.fitting(globs)[places]
        if not isinstance(rule, Cap):
            return found
        rows = np.flatnonzero(found).tolist()
        subjects = [self._subject(rule, n) for n in rows]
        limited = {
            ids: rule.limit_of(ids, rule.full_names(ledger, ids)) is not None
            for ids in set(subjects)
        }
        found = np.zeros_like(some)
        found[rows] = [limited[ids] for ids in subjects]
        return found

    def _subject(self, rule: Rule, row: int) -> Ids:
        return tuple(self.members[name][row] if name in self.members else None for name in rule.per)


_DIMENSIONS = ("project", "line_item", "api_key", "model", "snapshot")


def _roster(
    ledger: Ledger, dimension: str, members: Sequence[str | None]
) -> tuple[Roster, NDArray[np.intp]]:
    places: dict[str | None, int] = {}
    codes = [places.setdefault(member, len(places)) for member in members]
    names = [ledger.name(dimension, member) for member in places]
    return Roster(tuple(places), names), np.array(codes, dtype=np.intp)


def _looks_at_everything(rule: Rule) -> bool:
    return not rule.match and (not isinstance(rule, Cap) or rule.limits_everyone)
