"""One event, one alert: spikes of parts that a whole tells already, and traffic that only moved.

A spike of a part (a model of a project, a key, a project of the organisation) is

- no finding but a remark, when other parts of its whole fell by half as much or more, or by so much
  that the rest of it is below its limit, or when its project as a whole rose by less than half as
  much: traffic moved;
- told by its whole's spike of the same day, where that fires, and named there;
- told by a cap's breach of the same day, which it explains.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from bot.alerts.model import ORGANIZATION, Dimension, Finding, Outcome, Subject
from bot.kinds.base import Rule, amount
from bot.kinds.cap import Cap
from bot.kinds.moved import excess, moved, rises, wholes_of
from bot.spend.ledger import Ids, Ledger

_Place = tuple[tuple[Dimension, ...], Ids]
"""Whom a finding is about, whatever it is called."""
DRIVES = 0.2
"""A part drives the organisation's spike from this share of its excess on."""
MOST_NAMED = 3
"""Drivers that a sentence names."""


def told_once(rules: Iterable[Rule], ledger: Ledger, outcomes: Sequence[Outcome]) -> list[Outcome]:
    """The outcomes in their order: spikes that only moved as remarks, told ones inhibited."""
    by_name = {rule.name: rule for rule in rules}
    settled = [moved(by_name, ledger, outcome) or outcome for outcome in outcomes]
    findings = [outcome for outcome in settled if isinstance(outcome, Finding)]
    book = _Book.of(by_name, findings)
    spikes = [each for each in findings if rises(by_name, each)]
    tellers = {id(spike): teller for spike in spikes if (teller := book.teller_of(spike))}

    driven: dict[int, list[Finding]] = defaultdict(list)
    for spike in spikes:
        if (driver_of := tellers.get(id(spike))) is not None:
            driven[id(driver_of)].append(spike)

    def told(finding: Finding) -> Finding:
        teller, drivers = tellers.get(id(finding)), driven.get(id(finding), [])
        named = _with_drivers(finding, sorted(drivers, key=lambda each: -excess(each)))
        return replace(named, inhibited_by=teller.key) if teller else named

    return [told(each) if isinstance(each, Finding) else each for each in settled]


@dataclass(frozen=True, slots=True)
class _Book:
    """The findings of one judgement, as they silence each other."""

    rules: Mapping[str, Rule]
    spikes: Mapping[_Place, Sequence[Finding]]
    """Those upwards, by whom they are about; in their order, as the caps are."""
    caps: Mapping[_Place, Sequence[Finding]]
    order: Mapping[int, int]
    """Of the caps."""

    @classmethod
    def of(cls, rules: Mapping[str, Rule], findings: Sequence[Finding]) -> _Book:
        spikes = [each for each in findings if rises(rules, each)]
        caps = [each for each in findings if isinstance(rules.get(each.rule), Cap)]
        return cls(rules, _by_place(spikes), _by_place(caps), _order(caps))

    def teller_of(self, spike: Finding) -> Finding | None:
        """The finding that tells the spike already, if there is one."""
        return next(self._tellers(spike), None)

    def _tellers(self, finding: Finding) -> Iterator[Finding]:
        if (whole := self._spike_over(finding)) is not None:
            yield whole
        around = (finding.subject, *wholes_of(finding.subject))
        found = [cap for subject in around for cap in self.caps.get(_place(subject), ())]
        found.sort(key=lambda cap: self.order[id(cap)])
        yield from (cap for cap in found if self._explains(finding, cap))

    def _spike_over(self, finding: Finding) -> Finding | None:
        """The spike of the nearest whole that tells this one."""
        for whole in wholes_of(finding.subject):
            for each in self.spikes.get(_place(whole), ()):
                if self._is_about(each, finding) and _drives(finding, each):
                    return each
        return None

    def _is_about(self, each: Finding, part: Finding) -> bool:
        if each.channel != part.channel:
            return False
        seen = self.rules[each.rule].match in ({}, self.rules[part.rule].match)
        return seen and each.period == part.period and each.metric == part.metric

    def _explains(self, spike: Finding, cap: Finding) -> bool:
        """Whether the breach of a cap, on the same subject or what that is a part of, tells the
        spike of that day: the same subject is over it, or a whole that would not be without it."""
        if self.rules[cap.rule].match not in ({}, self.rules[spike.rule].match):
            return False
        if cap.period != spike.period or cap.metric != spike.metric or cap.channel != spike.channel:
            return False
        if cap.limit is None or cap.observed <= cap.limit:
            return False
        if _place(cap.subject) == _place(spike.subject):
            return True
        return cap.observed - excess(spike) <= cap.limit


def _by_place(findings: Iterable[Finding]) -> Mapping[_Place, Sequence[Finding]]:
    found: dict[_Place, list[Finding]] = defaultdict(list)
    for each in findings:
        found[_place(each.subject)].append(each)
    return found


def _order(findings: Iterable[Finding]) -> dict[int, int]:
    return {id(each): n for n, each in enumerate(findings)}


def _place(subject: Subject) -> _Place:
    return subject.dimensions, subject.ids


def _drives(part: Finding, whole: Finding) -> bool:
    """All parts of a project are named in its alert; of the organisation's, the large ones."""
    return whole.subject != ORGANIZATION or excess(part) >= DRIVES * excess(whole)


def _with_drivers(finding: Finding, drivers: Sequence[Finding]) -> Finding:
    drivers = [each for each in drivers if _place(each.subject) != _place(finding.subject)]
    if not drivers:
        return finding
    first = {_place(each.subject): each for each in reversed(drivers)}  # two rules, one subject
    named = [_driver(finding, first[place]) for place in dict.fromkeys(_places(drivers))]
    more = f" and {len(named) - MOST_NAMED} more" if len(named) > MOST_NAMED else ""
    who = f"{', '.join(named[:MOST_NAMED])}{more}"
    return replace(
        finding,
        why=f"{finding.why} Driven by {who}.",
        facts=(*finding.facts, ("Driven by", who)),
    )


def _places(findings: Sequence[Finding]) -> list[_Place]:
    return [_place(each.subject) for each in findings]


def _driver(whole: Finding, part: Finding) -> str:
    known = set(zip(whole.subject.dimensions, whole.subject.ids, strict=True))
    own = zip(part.subject.dimensions, part.subject.ids, part.subject.names, strict=True)
    name = " × ".join(name for dimension, id_, name in own if (dimension, id_) not in known)
    expected = "usual" if part.is_usual else "highest day"
    return f"{name} ({amount(excess(part), part.measure)} above its {expected})"
