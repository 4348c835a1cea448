"""One event, one alert: spikes of parts that a whole tells already, and traffic that only moved.

A spike of a part (a model of a project, a key, a project of the organisation) is

- no finding but a remark, when other parts of its whole fell by half as much or more, or by so much
  that the rest of it is below its limit, or when its project as a whole rose by less than half as
  much: traffic moved;
- told by its whole's spike of the same day, where that fires, and named there;
- told by a cap's breach of the same day, which it explains.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bot.alerts.model import ORGANIZATION, Dimension, Finding, Outcome, Remark, Subject
from bot.kinds.base import Direction, Rule, amount
from bot.kinds.cap import Cap
from bot.kinds.spike import Series, Spike
from bot.spend.calendar import period_name
from bot.spend.ledger import Ids, Ledger
from bot.spend.names import clean
from bot.spend.weekdays import SAME_WEEKDAYS, Floats, median

DRIVES = 0.2
"""A part drives the organisation's spike from this share of its excess on."""
FALLEN = 2.0
"""Swings below its usual from which a part has fallen, and not only strayed."""
LASTING = 0.25
"""A part was high on a day of the last week if it was above its usual by this share of its
excess."""
MOST_NAMED = 3
"""Drivers that a sentence names."""


def told_once(rules: Iterable[Rule], ledger: Ledger, outcomes: Sequence[Outcome]) -> list[Outcome]:
    """The outcomes in their order: spikes that only moved as remarks, told ones inhibited."""
    by_name = {rule.name: rule for rule in rules}
    settled = [_moved(by_name, ledger, outcome) or outcome for outcome in outcomes]
    findings = [outcome for outcome in settled if isinstance(outcome, Finding)]
    book = _Book(by_name, findings)
    spikes = [each for each in findings if _rises(by_name, each)]
    tellers = {id(spike): teller for spike in spikes if (teller := book.teller_of(spike))}

    def told(finding: Finding) -> Finding:
        teller = tellers.get(id(finding))
        drivers = [each for each in spikes if tellers.get(id(each)) is finding]
        named = _with_drivers(finding, sorted(drivers, key=lambda each: -_excess(each)))
        return replace(named, inhibited_by=teller.key) if teller else named

    return [told(each) if isinstance(each, Finding) else each for each in settled]


@dataclass(frozen=True, slots=True)
class _Book:
    """The findings of one judgement, as they silence each other."""

    rules: Mapping[str, Rule]
    findings: Sequence[Finding]

    def teller_of(self, spike: Finding) -> Finding | None:
        """The finding that tells the spike already, if there is one."""
        return next(self._tellers(spike), None)

    def _tellers(self, finding: Finding) -> Iterator[Finding]:
        if (whole := self._spike_over(finding)) is not None:
            yield whole
        yield from (cap for cap in self.findings if self._explains(finding, cap))

    def _spike_over(self, finding: Finding) -> Finding | None:
        """The spike of the nearest whole that tells this one."""
        for whole in wholes_of(finding.subject):
            for each in self.findings:
                if self._is_about(each, finding, whole) and _drives(finding, each):
                    return each
        return None

    def _is_about(self, each: Finding, part: Finding, whole: Subject) -> bool:
        if not _rises(self.rules, each) or each.channel != part.channel:
            return False
        same = (each.subject.dimensions, each.subject.ids) == (whole.dimensions, whole.ids)
        seen = self.rules[each.rule].match in ({}, self.rules[part.rule].match)
        return same and seen and each.period == part.period and each.metric == part.metric

    def _explains(self, spike: Finding, cap: Finding) -> bool:
        """Whether the cap's breach of that day tells the spike: the same subject is over it, or
        its project or organisation that would not be without this spike."""
        rule = self.rules.get(cap.rule)
        if not isinstance(rule, Cap) or rule.match not in ({}, self.rules[spike.rule].match):
            return False
        if cap.period != spike.period or cap.metric != spike.metric or cap.channel != spike.channel:
            return False
        if cap.limit is None or cap.observed <= cap.limit:
            return False
        if _place(cap.subject) == _place(spike.subject):
            return True
        over = any(_place(cap.subject) == _place(whole) for whole in wholes_of(spike.subject))
        return over and cap.observed - _excess(spike) <= cap.limit


def wholes_of(subject: Subject) -> tuple[Subject, ...]:
    """What a subject is a part of, nearest first: the first of a pair, then the organisation."""
    if subject.dimensions == ORGANIZATION.dimensions:
        return ()
    if len(subject.dimensions) == 1:
        return (ORGANIZATION,)
    order = sorted(range(2), key=lambda n: subject.dimensions[n] is not Dimension.PROJECT)
    parts = [
        Subject((subject.dimensions[n],), (subject.ids[n],), (subject.names[n],)) for n in order
    ]
    return (*parts, ORGANIZATION)


def _place(subject: Subject) -> tuple[tuple[Dimension, ...], Ids]:
    return subject.dimensions, subject.ids


def _rises(rules: Mapping[str, Rule], finding: Finding) -> bool:
    """Whether it is a spike upwards of what adds up."""
    rule = rules.get(finding.rule)
    return isinstance(rule, Spike) and not rule.is_ratio and rule.direction is Direction.UP


def _excess(finding: Finding) -> float:
    return float(finding.observed - (finding.expected or 0))


def _drives(part: Finding, whole: Finding) -> bool:
    """All parts of a project are named in its alert; of the organisation's, the large ones."""
    return whole.subject != ORGANIZATION or _excess(part) >= DRIVES * _excess(whole)


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


def _places(findings: Sequence[Finding]) -> list[tuple[tuple[Dimension, ...], Ids]]:
    return [_place(each.subject) for each in findings]


def _driver(whole: Finding, part: Finding) -> str:
    known = set(zip(whole.subject.dimensions, whole.subject.ids, strict=True))
    own = zip(part.subject.dimensions, part.subject.ids, part.subject.names, strict=True)
    name = " × ".join(name for dimension, id_, name in own if (dimension, id_) not in known)
    return f"{name} ({amount(_excess(part), part.measure)} above its usual)"


def _moved(rules: Mapping[str, Rule], ledger: Ledger, outcome: Outcome) -> Remark | None:
    """The remark that stands for a spike of a part while the rest of its whole fell."""
    if not isinstance(outcome, Finding) or not _rises(rules, outcome):
        return None
    rule = rules[outcome.rule]
    if not isinstance(rule, Spike) or outcome.subject.dimensions in _NOT_REPLACEABLE:
        return None
    if not ledger.judgeable(outcome.period.start, rule.metric):
        return None  # what a day that is not over shows of the rest may still come
    whole = wholes_of(outcome.subject)[0]
    fell = _fall_of_the_others(rule, ledger, outcome, whole)
    rise = np.inf if whole == ORGANIZATION else _rise_of(rule, ledger, outcome, whole)
    is_new = outcome.observed - fell > (outcome.limit or 0) and fell < _excess(outcome) / 2
    if is_new and rise >= _excess(outcome) / 2:
        return None
    return Remark(
        outcome.rule, outcome.subject, outcome.period, _moved_words(outcome, whole, fell, rise)
    )


_NOT_REPLACEABLE = (ORGANIZATION.dimensions, (Dimension.PROJECT,))
"""Whose spike is news whatever the others do: a project has its own budget and people."""


def _fall_of_the_others(rule: Spike, ledger: Ledger, part: Finding, whole: Subject) -> float:
    """How far the other parts of the whole that fell, beyond their swing, are below their usual."""
    day, at = part.period.start, (part.period.start - ledger.span.start).days
    series = rule.series(ledger)
    places = [n for n, ids in enumerate(series.ids) if _is_beside(ids, part.subject, whole)]
    expected = rule.baseline(ledger, series.history[:, places], day)
    observed = np.maximum(series.observed[at, places], 0.0)
    fallen = observed < expected.usual * np.exp(-FALLEN * expected.swing)  # never of a NaN
    return float((expected.usual - observed)[fallen].sum())


def _rise_of(rule: Spike, ledger: Ledger, part: Finding, whole: Subject) -> float:
    """How far the whole rose with its part, in the metric's unit; infinite where it is not known.

    On the day itself; or, where the part has been high for days, on an average one of them: what
    moved stays moved, also on a day on which the whole happens to be high.
    """
    own, total = _column(rule, ledger, part.subject), _column(rule, ledger, whole)
    if own is None or total is None:
        return np.inf
    at = (part.period.start - ledger.span.start).days
    usual = float(rule.baseline(ledger, total.history, part.period.start).usual[0])
    day = np.inf if np.isnan(usual) else float(total.observed[at, 0]) - usual
    ran, whole_ran = _excess_lately(own, at), _excess_lately(total, at)
    high = np.flatnonzero(ran >= LASTING * _excess(part))
    if not len(high):
        return day
    share = (day + whole_ran[high].sum()) / (_excess(part) + ran[high].sum())
    return float(min(day, share * _excess(part)))


def _column(rule: Spike, ledger: Ledger, subject: Subject) -> Series | None:
    """The series of one subject, of what the rule is about."""
    series = rule.model_copy(update={"per": subject.dimensions}).series(ledger)
    if subject.ids not in series.ids:
        return None
    n = series.ids.index(subject.ids)
    return Series((subject.ids,), series.observed[:, [n]], series.history[:, [n]])


def _excess_lately(series: Series, at: int) -> Floats:
    """How far each of the seven days before the day was above the median of its weekday before."""
    days = np.arange(max(at - 7, 0), at)
    before = days[:, None] - 7 * np.arange(1, 1 + SAME_WEEKDAYS)
    past = np.where(before >= 0, series.history[before, 0], np.nan)
    return np.asarray(np.nan_to_num(series.observed[days, 0] - median(past)))


def _is_beside(ids: Ids, part: Subject, whole: Subject) -> bool:
    """Whether the ids are of another part of the same whole."""
    member = dict(zip(part.dimensions, ids, strict=True))
    shared = zip(whole.dimensions, whole.ids, strict=True)
    of_whole = whole == ORGANIZATION or all(member[of] == id_ for of, id_ in shared)
    return of_whole and ids != part.ids


def _moved_words(part: Finding, whole: Subject, fell: float, rise: float) -> str:
    kinds = {Dimension.API_KEY: "keys", Dimension.LINE_ITEM: "line items"}
    between = kinds.get(part.subject.dimensions[-1], "models")
    where = clean(whole.name)
    above = f"{part.subject.title} was {amount(_excess(part), part.measure)} above its usual"
    if rise >= _excess(part) / 2 or fell >= _excess(part) / 2:
        meanwhile = f"the rest of {where} fell by {amount(fell, part.measure)}"
    elif rise > 0:
        meanwhile = f"{where} as a whole rose by {amount(rise, part.measure)} only"
    else:
        meanwhile = f"{where} as a whole did not rise"
    day = period_name(part.period)
    return f"{above} on {day} while {meanwhile}: traffic moved between {between}."
