"""Spikes of parts that are none: traffic that only moved between the parts of a whole.

What counts as moved is said in `bot.kinds.rollup`, which asks here first.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import numpy as np

from bot.alerts.model import ORGANIZATION, Dimension, Finding, Outcome, Remark, Subject
from bot.kinds.base import Direction, Rule, amount
from bot.kinds.spike import Series, Spike
from bot.kinds.watched import Watched
from bot.spend.calendar import period_name
from bot.spend.ledger import Ids, Ledger
from bot.spend.names import clean
from bot.spend.weekdays import SAME_WEEKDAYS, Floats, median

FALLEN = 2.0
"""Swings below its usual from which a part has fallen, and not only strayed."""
LASTING = 0.25
"""A part was high on a day of the last week if it was above its usual by this share of its
excess."""


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


def rises(rules: Mapping[str, Rule], finding: Finding) -> bool:
    """Whether it is a spike upwards of what adds up."""
    rule = rules.get(finding.rule)
    return isinstance(rule, Spike) and not rule.is_ratio and rule.direction is Direction.UP


def excess(finding: Finding) -> float:
    """How far it is above its usual, in the metric's unit."""
    return float(finding.observed - (finding.expected or 0))


def moved(rules: Mapping[str, Rule], ledger: Ledger, outcome: Outcome) -> Remark | None:
    """The remark that stands for a spike of a part while the rest of its whole fell."""
    if not isinstance(outcome, Finding) or not rises(rules, outcome):
        return None
    rule = rules[outcome.rule]
    if not isinstance(rule, Spike) or outcome.subject.dimensions in _NOT_REPLACEABLE:
        return None
    if not ledger.judgeable(outcome.period.start, rule.metric):
        return None  # what a day that is not over shows of the rest may still come
    whole = wholes_of(outcome.subject)[0]
    fell = _fall_of_the_others(rule, ledger, outcome, whole)
    rise = np.inf if whole == ORGANIZATION else _rise_of(rule, ledger, outcome, whole)
    is_new = outcome.observed - fell > (outcome.limit or 0) and fell < excess(outcome) / 2
    if is_new and rise >= excess(outcome) / 2:
        return None
    return Remark(
        outcome.rule, outcome.subject, outcome.period, _moved_words(outcome, whole, fell, rise)
    )


_NOT_REPLACEABLE = (ORGANIZATION.dimensions, (Dimension.PROJECT,))
"""Whose spike is news whatever the others do: a project has its own budget and people."""


def _fall_of_the_others(rule: Spike, ledger: Ledger, part: Finding, whole: Subject) -> float:
    """How far the other parts of the whole that fell, beyond their swing, are below their usual."""
    day, at = part.period.start, (part.period.start - ledger.span.start).days
    series, watched = rule.series(ledger), _parts(rule, ledger, part.subject, whole, day)
    others = np.array([n for n in watched.columns if series.ids[n] != part.subject.ids], np.intp)
    expected = rule.baseline(ledger, others, day, watched)
    observed = np.maximum(series.observed[at, others], 0.0)
    fallen = observed < expected.usual * np.exp(-FALLEN * expected.swing)  # never of a NaN
    return float((expected.usual - observed)[fallen].sum())


def _parts(rule: Spike, ledger: Ledger, part: Subject, whole: Subject, day: date) -> Watched:
    """All parts of the whole that the part is of, shared by those that stand out on the day."""
    series = rule.series(ledger)

    def made() -> Watched:
        columns = [n for n, ids in enumerate(series.ids) if _is_of(ids, part, whole)]
        return rule.watched(ledger, series, np.array(columns, np.intp), day)

    return ledger.remembered(("parts", *rule.about, rule.planned, whole, day), made)


def _rise_of(rule: Spike, ledger: Ledger, part: Finding, whole: Subject) -> float:
    """How far the whole rose with its part, in the metric's unit; infinite where it is not known.

    On the day itself; or, where the part has been high for days, on an average one of them: what
    moved stays moved, also on a day on which the whole happens to be high.
    """
    own, total = _column(rule, ledger, part.subject), _column(rule, ledger, whole)
    if own is None or total is None:
        return np.inf
    at = (part.period.start - ledger.span.start).days
    day, first = part.period.start, np.zeros(1, np.intp)
    expected = rule.baseline(ledger, first, day, rule.watched(ledger, total, first, day))
    usual = float(expected.usual[0])
    rose = np.inf if np.isnan(usual) else float(total.observed[at, 0]) - usual
    ran, whole_ran = _excess_lately(own, at), _excess_lately(total, at)
    high = np.flatnonzero(ran >= LASTING * excess(part))
    if not len(high):
        return rose
    share = (rose + whole_ran[high].sum()) / (excess(part) + ran[high].sum())
    return float(min(rose, share * excess(part)))


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


def _is_of(ids: Ids, part: Subject, whole: Subject) -> bool:
    """Whether the ids are of a part, of the same kind as this one, of the whole."""
    member = dict(zip(part.dimensions, ids, strict=True))
    shared = zip(whole.dimensions, whole.ids, strict=True)
    return whole == ORGANIZATION or all(member[of] == id_ for of, id_ in shared)


def _moved_words(part: Finding, whole: Subject, fell: float, rise: float) -> str:
    kinds = {Dimension.API_KEY: "keys", Dimension.LINE_ITEM: "line items"}
    between = kinds.get(part.subject.dimensions[-1], "models")
    where = clean(whole.name)
    expected = "usual" if part.is_usual else "highest day"
    above = f"{part.subject.title} was {amount(excess(part), part.measure)} above its {expected}"
    if rise >= excess(part) / 2 or fell >= excess(part) / 2:
        meanwhile = f"the rest of {where} fell by {amount(fell, part.measure)}"
    elif rise > 0:
        meanwhile = f"{where} as a whole rose by {amount(rise, part.measure)} only"
    else:
        meanwhile = f"{where} as a whole did not rise"
    day = period_name(part.period)
    return f"{above} on {day} while {meanwhile}: traffic moved between {between}."
