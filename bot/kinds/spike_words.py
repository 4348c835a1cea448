"""A spike's finding in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from math import exp

from bot.alerts.model import Measure
from bot.kinds.base import Direction, amount, times
from bot.spend.baseline import BURSTY, FULL_RULE_FROM, WEEKDAY, Baseline
from bot.spend.beside import Beside
from bot.spend.calendar import Unit, day_name, period_of
from bot.spend.metrics import FORMULAS, Metric


@dataclass(frozen=True, slots=True)
class Rest:
    """What the rest of a part's project spent on the day, and what it usually does."""

    of: str
    spent: float
    usual: float


@dataclass(frozen=True, slots=True)
class Expected:
    """One entry of a `Baseline`; beside a rest, `swing` and `limit` are what `Beside` says."""

    usual: float
    limit: float
    swing: float
    method: str
    weeks: int
    history_days: int
    rest: Rest | None = None

    @classmethod
    def of(cls, all_of: Baseline, n: int) -> Expected:
        return cls(
            usual=float(all_of.usual[n]),
            limit=float(all_of.limit[n]),
            swing=float(all_of.swing[n]),
            method=str(all_of.method[n]),
            weeks=int(all_of.weeks_used[n]),
            history_days=int(all_of.history_days[n]),
        )

    def beside(self, fine: Beside, n: int, whole: str) -> Expected:
        """The same, held to what the rest of the whole lets expect."""
        rest = Rest(whole, float(fine.rest[n]), float(fine.rest_usual[n]))
        return replace(self, limit=float(fine.limit[n]), swing=float(fine.swing[n]), rest=rest)


@dataclass(frozen=True, slots=True)
class Spoken:
    """The numbers of a spike, in the metric's unit."""

    who: str
    metric: Metric
    measure: Measure
    direction: Direction
    day: date
    is_running: bool
    observed: float
    expected: Expected
    planned: str = ""
    """How much of the limit is planned money (see `Rule.planned_words`)."""


class SpikeWords:
    """Headline, sentence and facts."""

    def __init__(self, of: Spoken) -> None:
        self._of = of
        self._is_down = of.direction is Direction.DOWN
        self._subject = _subject(of)
        self._observed = amount(of.observed, of.measure)
        self._usual = amount(of.expected.usual, of.measure)
        self._limit = amount(of.expected.limit, of.measure)
        self._full = of.expected.method == WEEKDAY
        self._weekday = f"{of.day:%A}"
        self._extreme = "lowest" if self._is_down else "highest"

    @property
    def headline(self) -> str:
        so_far = " so far" if self._of.is_running else ""
        spent = f"{self._subject} {self._observed}{so_far} on {day_name(self._of.day)}"
        return f"{spent}, {self._compared}"

    @property
    def why(self) -> str:
        return f"{self._what_happened} {self._what_is_normal}"

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        label = (
            f"Usual {self._weekday}" if self._full else f"{self._extreme.title()} {self._so_far}"
        )
        gap = amount(abs(self._of.observed - self._of.expected.usual), self._of.measure)
        swing = (("Normal swing", self._swing),) if self._full else ()
        return (
            ("So far" if self._of.is_running else "That day", self._observed),
            (label, self._usual),
            ("Below it by" if self._is_down else "Above it by", gap),
            ("Fine down to" if self._is_down else "Fine up to", self._limit),
            *swing,
            *self._rest,
        )

    @property
    def _so_far(self) -> str:
        return "day of 8 weeks" if self._of.expected.method == BURSTY else "day so far"

    @property
    def _compared(self) -> str:
        usual = (
            f"its usual {self._weekday}" if self._full else f"its {self._extreme} {self._so_far}"
        )
        if self._of.expected.usual <= 0:
            return f"where {usual} is nothing"
        ratio = self._of.observed / self._of.expected.usual
        return f"{ratio:.0%} of {usual}" if self._is_down else f"{times(ratio)} {usual}"

    @property
    def _what_happened(self) -> str:
        day = period_of(self._of.day, Unit.DAY)
        part = " so far, in a day that is not over" if self._of.is_running else ""
        spent = f"{self._subject} {self._observed} on {day}{part}"
        compared = f" ({self._usual})" if self._of.expected.usual > 0 else ""
        return f"{spent}, {self._compared}{compared}."

    @property
    def _what_is_normal(self) -> str:
        planned = f"{self._of.planned}," if self._of.planned else ""
        most = f"{'down' if self._is_down else 'up'} to {self._limit}{planned}"
        fine = f"anything {most} would have been fine."
        if not self._full:
            return f"{self._why_not_full}, so its {self._extreme} day sets the limit: {fine}"
        weeks = f"{self._of.expected.weeks} weeks" if self._of.expected.weeks != 1 else "week"
        swings = f"Over the last {weeks} it normally swings about {self._swing}"
        if self._of.expected.rest is None:
            return f"{swings} around the usual; {fine}"
        ((_, spent),) = self._rest
        rest = f"the rest of {self._of.expected.rest.of}"
        return f"{swings} beside {rest}, which was at {spent}; {fine}"

    @property
    def _rest(self) -> tuple[tuple[str, str], ...]:
        rest = self._of.expected.rest
        if rest is None:
            return ()
        spent, usual = (amount(each, self._of.measure) for each in (rest.spent, rest.usual))
        return ((f"Rest of {rest.of}", f"{spent}, usually {usual}"),)

    @property
    def _swing(self) -> str:
        factor = exp(-self._of.expected.swing if self._is_down else self._of.expected.swing)
        return f"{factor - 1:+,.0%}"

    @property
    def _why_not_full(self) -> str:
        if self._of.expected.method == BURSTY:
            return "It is idle on too many days for them to be a guide"
        if self._of.expected.history_days < FULL_RULE_FROM:
            return f"It has only {self._of.expected.history_days} settled days of history"
        return f"No usual {self._weekday} is known yet"


def missing_words(missing: Sequence[date]) -> str:
    """Which days were not fetched whole."""
    if len(missing) == 1:
        return f"{day_name(missing[0])} is missing: not fetched whole"
    first, last = day_name(missing[0]), day_name(missing[-1])
    return f"{len(missing)} days are missing ({first} to {last}): not fetched whole"


def _subject(of: Spoken) -> str:
    if FORMULAS[of.metric].is_ratio:
        return f"{of.who}'s {of.metric.replace('_', ' ')} was"
    return f"{of.who} {'cost' if of.metric is Metric.COST else 'used'}"
