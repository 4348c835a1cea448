"""Why a finding's cost is what it is: the change against the days before, split and named. Pure.

Reads a few sums of the days in question from the ledger, each once for all findings that share
those days.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from math import prod

from bot.alerts.model import ORGANIZATION, Dimension, Finding
from bot.kinds.base import Rule
from bot.kinds.compare import Comparison, compared
from bot.kinds.members import BILL, holder, of_bill
from bot.kinds.why_words import in_brief, sentences
from bot.spend.ledger import Days, Ids, Ledger
from bot.spend.metrics import FORMULAS, Additive, Metric
from bot.spend.names import clean
from bot.spend.sharing import whole
from bot.spend.split import (
    Cause,
    Cell,
    Contributor,
    Explanation,
    Place,
    Side,
    Split,
    Volume,
    explain,
)

TOP = 3
MOST_ROWS = 100_000
"""Rows of a bill beyond which the organisation's change is split by model alone."""
ROUNDING = 1_000
"""Nanos by which a sum of scaled amounts may miss what it was scaled to."""
NEARLY = 3.0
"""A rule's usual further than this many times from its weekdays' mean is not of those days."""
_USE = ("project", "model", "api_key", "kind")
_NARROWER: Mapping[Dimension, tuple[str, ...]] = {
    Dimension.ORGANIZATION: ("project", "model", "api_key"),
    Dimension.PROJECT: ("model", "api_key"),
    Dimension.API_KEY: ("project", "model"),
}
"""By which dimensions contributors are named; project and key for all others."""

Amounts = dict[Ids, float]
Uses = dict[Ids, Volume]


@dataclass(frozen=True, slots=True)
class Taken:
    """One side of a comparison of one subject: money by `BILL`, use by `_USE`."""

    bill: Amounts
    use: Uses
    members: Mapping[tuple[str, str | None], float] = field(default_factory=dict)
    """Money by project and by key, where the bill was read without them."""

    def scaled(self, factor: float) -> Taken:
        return Taken(
            {ids: nanos * factor for ids, nanos in self.bill.items()},
            {ids: _times(use, factor) for ids, use in self.use.items()},
            {member: nanos * factor for member, nanos in self.members.items()},
        )

    def by(self, dimension: str) -> Iterator[tuple[tuple[str, str | None], float]]:
        """Money by the members of a dimension, in pieces."""
        if self.members and dimension != Dimension.MODEL:
            yield from (found for found in self.members.items() if found[0][0] == dimension)
        else:
            yield from ((_member(dimension, ids), nanos) for ids, nanos in self.bill.items())

    @property
    def total(self) -> float:
        return sum(self.bill.values())

    def used(self, quantity: Additive) -> float:
        return sum(float(getattr(use, quantity)) for use in self.use.values())


@dataclass(slots=True)
class Why:
    """Explains the findings of one ledger; what several need is read and sorted once."""

    ledger: Ledger
    _bills: dict[object, dict[Ids, Amounts]] = field(default_factory=dict)
    _uses: dict[object, dict[Ids, Uses]] = field(default_factory=dict)
    _comparisons: dict[object, Comparison] = field(default_factory=dict)

    def explained(self, finding: Finding, rule: Rule) -> Finding:
        """The finding with its split and causes; as it was where it is told by another."""
        if finding.inhibited_by:
            return finding
        comparison = self._comparison(finding, rule)
        if not comparison.days:
            return finding
        before, now = self._sides(finding, rule, comparison)
        explanation = self._explanation(rule, comparison, before, now)
        split = self._split(finding, comparison, explanation, before, now)
        spenders = tuple(self._contributors(finding, Taken({}, {}), now))
        causes = sentences(finding, comparison, split, explanation, spenders, self.ledger.currency)
        compares = comparison.before or finding.kind == "new"
        return replace(finding, causes=causes, split=split if compares else None)

    def briefly(
        self, finding: Finding, rule: Rule, comparison: Comparison | None = None
    ) -> tuple[str, Split | None]:
        """The reason of a change in a few words, and the split behind it; empty without one.

        `comparison` takes the place of the one that fits the finding's kind.
        """
        comparison = comparison or self._comparison(finding, rule)
        days = (*comparison.days, *(day for _, past in comparison.before for day in past))
        if not comparison.days or not comparison.before or self._has_many_rows(days):
            return "", None
        before, now = self._sides(finding, rule, comparison)
        explanation = self._explanation(rule, comparison, before, now)
        split = self._split(finding, comparison, explanation, before, now)
        return in_brief(split, explanation), split

    def _sides(self, finding: Finding, rule: Rule, comparison: Comparison) -> tuple[Taken, Taken]:
        """What was usual, and what is now."""
        taken = self._roughly if self._is_vast(rule, comparison) else self._taken
        now = taken(finding, rule, ((1.0, comparison.days),))
        before = taken(finding, rule, comparison.before)
        return before.scaled(_level(finding, before, now)), now

    def _comparison(self, finding: Finding, rule: Rule) -> Comparison:
        key = (rule.name, finding.period, finding.observed_in)
        if key not in self._comparisons:
            self._comparisons[key] = compared(finding, rule, self.ledger)
        return self._comparisons[key]

    def _explanation(
        self, rule: Rule, comparison: Comparison, before: Taken, now: Taken
    ) -> Explanation | None:
        """None where usage is not known, or cannot be told apart as the subject is."""
        asked = {*rule.per, *rule.match}
        if comparison.running or comparison.usage_missing:
            return None
        if asked & {Dimension.LINE_ITEM, Dimension.SNAPSHOT}:
            return None
        if now.total > 0 and before.use and not now.used(Additive.REQUESTS):
            return None
        by_project = any(ids[0] is not None for ids in (*before.bill, *now.bill))
        made = explain(_side(before, by_project), _side(now, by_project))
        for effect in made.effects:
            project, model = effect.cell
            name = clean(self.ledger.name("project", project)) if by_project else None
            effect.cell = name, model
        return made

    def _split(
        self,
        finding: Finding,
        comparison: Comparison,
        explanation: Explanation | None,
        before: Taken,
        now: Taken,
    ) -> Split:
        observed, expected = round(now.total), round(before.total)
        parts: tuple[tuple[Cause, int], ...] = ()
        names: tuple[str, ...] = ()
        if explanation:
            amounts = explanation.amounts
            parts = tuple(
                zip(amounts, whole(list(amounts.values()), observed - expected), strict=True)
            )
            lost = explanation.unexplained
            names = tuple(
                clean(name) for name in sorted(lost, key=lambda n: -abs(lost[n])) if lost[name]
            )[:TOP]
        return Split(
            against=_said_against(finding, comparison, expected),
            observed=observed,
            expected=expected,
            parts=parts,
            unexplained=names,
            contributors=tuple(self._contributors(finding, before, now)),
        )

    def _contributors(self, finding: Finding, before: Taken, now: Taken) -> Iterator[Contributor]:
        """The members whose cost changed most in the direction of the whole change."""
        dimensions = finding.subject.dimensions
        narrower = _NARROWER.get(dimensions[0], ("project", "api_key"))
        total = now.total - before.total
        for dimension in (d for d in narrower if d not in dimensions):
            changes: dict[tuple[str, str | None], float] = defaultdict(float)
            for side, sign in ((now, 1), (before, -1)):
                for member, nanos in side.by(dimension):
                    changes[member] += sign * nanos
            known = {m: v for m, v in changes.items() if m[1] is not None and v * total > 0}
            for of, id_ in sorted(known, key=lambda m: -abs(known[m]))[:TOP]:
                nanos = known[of, id_]
                name = clean(self.ledger.name(of, id_))
                share = nanos / total if round(total) else None
                yield Contributor(of, id_, name, round(nanos), share)

    def _taken(self, finding: Finding, rule: Rule, weighed: Iterable[tuple[float, Days]]) -> Taken:
        bill: Amounts = defaultdict(float)
        use: Uses = {}
        ids = finding.subject.ids
        for weight, days in weighed:
            for place, nanos in self._bill_of(rule, days).get(ids, {}).items():
                bill[place] += weight * nanos
            for cell, volume in self._use_of(rule, days).get(ids, {}).items():
                use[cell] = _plus(use.get(cell, Volume()), _times(volume, weight))
        return Taken(bill, use)

    def _is_vast(self, rule: Rule, comparison: Comparison) -> bool:
        """Whether the organisation's bill of these days has too many rows to read them all."""
        if rule.per != ORGANIZATION.dimensions or rule.match:
            return False
        return self._has_many_rows(comparison.days)

    def _has_many_rows(self, days: Days) -> bool:
        members = (len(self.ledger.bill((d,), days)) for d in ("project", "line_item"))
        return prod(members) * len(days) > MOST_ROWS

    def _roughly(
        self, _finding: Finding, _rule: Rule, weighed: Iterable[tuple[float, Days]]
    ) -> Taken:
        """All of the organisation, without telling which project used which model."""
        bill: Amounts = defaultdict(float)
        use: Uses = {}
        members: dict[tuple[str, str | None], float] = defaultdict(float)
        for weight, days in weighed:
            for (item,), nanos in self.ledger.bill(("line_item",), days).items():
                bill[None, item, None] += weight * nanos
            for of in ("project", "api_key"):
                for (member,), nanos in self.ledger.bill((of,), days).items():
                    members[of, member] += weight * nanos
            for (model, kind), volume in self.ledger.volumes(("model", "kind"), days).items():
                cell = None, model, None, kind
                use[cell] = _plus(use.get(cell, Volume()), _times(volume, weight))
        return Taken(bill, use, members)

    def _bill_of(self, rule: Rule, days: Days) -> dict[Ids, Amounts]:
        """The money of those days by subject of the rule."""
        key = (rule.per, tuple(rule.match.items()), days)
        if key not in self._bills:
            found: dict[Ids, Amounts] = defaultdict(dict)
            for ids, nanos in self.ledger.bill(BILL, days).items():
                subject = holder(rule, self.ledger, of_bill(ids))
                if subject is not None:
                    found[subject][ids] = nanos
            self._bills[key] = found
        return self._bills[key]

    def _use_of(self, rule: Rule, days: Days) -> dict[Ids, Uses]:
        """The use of those days by subject of the rule; nothing where usage cannot tell."""
        key = (rule.per, tuple(rule.match.items()), days)
        if {*rule.per, *rule.match} & {Dimension.LINE_ITEM, Dimension.SNAPSHOT}:
            return {}
        if key not in self._uses:
            found: dict[Ids, Uses] = defaultdict(dict)
            for ids, volume in self.ledger.volumes(_USE, days).items():
                subject = holder(rule, self.ledger, dict(zip(_USE, ids, strict=True)))
                if subject is not None:
                    found[subject][ids] = volume
            self._uses[key] = found
        return self._uses[key]


def explained(finding: Finding, rule: Rule, ledger: Ledger) -> Finding:
    """One finding with its split and causes (see `Why` for many)."""
    return Why(ledger).explained(finding, rule)


def _member(dimension: str, ids: Ids) -> tuple[str, str | None]:
    """The member of a dimension that some money belongs to; for no model its line item."""
    member = of_bill(ids)
    if dimension == Dimension.MODEL and member["model"] is None:
        return Dimension.LINE_ITEM.value, member["line_item"]
    return dimension, member[dimension]


def _level(finding: Finding, before: Taken, now: Taken) -> float:
    """What the days before are multiplied with: to stand for what the rule calls usual, or, where
    the rule is about a ratio, for as much use as there is now."""
    formula = FORMULAS[Metric(finding.metric)]
    if formula.is_ratio:
        used = [sum(side.used(under) for under in formula.under) for side in (before, now)]
        return used[1] / used[0] if min(used) > 0 else 1.0
    mean = before.total
    if not _has_usual(finding) or not finding.is_usual:
        return 1.0
    expected = float(finding.expected or 0)
    if mean <= 0 or not mean / NEARLY <= expected <= mean * NEARLY:
        return 1.0
    return expected / mean


def _has_usual(finding: Finding) -> bool:
    """Whether its rule says what such a day costs."""
    return finding.kind in ("spike", "drop") and finding.metric == Metric.COST


def _said_against(finding: Finding, comparison: Comparison, expected: int) -> str:
    """What it is compared with: an average day where that is not what the rule calls usual."""
    if not _has_usual(finding) or abs(expected - (finding.expected or 0)) <= ROUNDING:
        return comparison.against
    return comparison.against.replace("a usual ", "an average ", 1)


def _side(taken: Taken, by_project: bool) -> Side:
    bill: dict[Place, float] = defaultdict(float)
    use: dict[Cell, Volume] = {}
    kinds: dict[Cell, str] = {}
    for (project, item, _), nanos in taken.bill.items():
        bill[project if by_project else None, item] += nanos
    for (project, model, _, kind), volume in taken.use.items():
        cell = (project if by_project else None, model)
        use[cell] = _plus(use.get(cell, Volume()), volume)
        kinds[cell] = kind or ""
    return Side(bill, use, kinds)


def _plus(one: Volume, other: Volume) -> Volume:
    return Volume(*(a + b for a, b in zip(one, other, strict=True)))


def _times(volume: Volume, factor: float) -> Volume:
    return Volume(*(measure * factor for measure in volume))
