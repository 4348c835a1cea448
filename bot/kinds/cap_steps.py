"""Which steps of a cap are passed, and which are foreseen to be, for all of its subjects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bot.alerts.model import Foreseen
from bot.spend.calendar import ONE_DAY, Period
from bot.spend.forecast import TooYoung
from bot.spend.ledger import Ids
from bot.spend.outlook import NoOutlook, Outlook, TooManyMissing

DOUBT: Final = 0.5
"""A step is foreseen when the estimate, less half its way to the low end of the range, is past it.

With the estimate itself, 16 % of the forecasts told of an organisation were wrong, 29 % of a single
project; with the middle about half as many, a few days later (`make bench-forecast`).
"""
_MOST = int(np.iinfo(np.int64).max)

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class CapVerdict:
    """One subject in one period; `observed` and `limit` in the unit of the metric.

    `step` is the highest step really passed. `forecast_step` is the highest foreseen to be, if it
    is above that. `outlook` is None where nothing is to be foreseen.
    """

    ids: Ids
    period: Period
    observed: int
    limit: int
    step: float | None
    forecast_step: float | None
    outlook: Outlook | NoOutlook | None

    @property
    def foreseen(self) -> Foreseen | None:
        """The forecast, where it has passed a step."""
        if self.forecast_step is None or not isinstance(self.outlook, Outlook):
            return None
        end = self.outlook.forecast
        falls_on = self.outlook.falls_on(self.limit)
        return Foreseen(round(end.total), round(end.low), round(end.high), falls_on)


@dataclass(frozen=True, slots=True)
class Ends:
    """How the running period is foreseen to end for some subjects."""

    outlooks: Sequence[Outlook | NoOutlook | None]
    sure: Ints
    """What a step is held against; 0 without an outlook."""

    is_known: Bools
    is_young: Bools
    """Whose history is too short."""

    @classmethod
    def of(cls, outlooks: Sequence[Outlook | NoOutlook | None]) -> Ends:
        sure = [sure_end(one) if isinstance(one, Outlook) else 0 for one in outlooks]
        return cls(
            outlooks,
            np.array([min(one, _MOST) for one in sure], dtype=np.int64),
            np.array([isinstance(one, Outlook) for one in outlooks], dtype=bool),
            np.array([isinstance(one, TooYoung) for one in outlooks], dtype=bool),
        )

    def only(self, columns: Sequence[int]) -> Ends:
        """Those of some columns."""
        some = [self.outlooks[n] for n in columns]
        return Ends(some, self.sure[columns], self.is_known[columns], self.is_young[columns])


@dataclass(frozen=True, slots=True)
class CapTable:
    """Some subjects of a cap in one period; a column each. `ends` is None where nothing is to be
    foreseen."""

    ids: Sequence[Ids]
    period: Period
    observed: Ints
    limits: Sequence[int]
    steps: tuple[float, ...]
    forecast_steps: tuple[float, ...]
    ends: Ends | None

    def passed(self) -> NDArray[np.float64]:
        """The highest step that each has really passed, 0 for none."""
        return _highest_steps(self.observed, self.limits, self.steps)

    def foreseen(self, passed: NDArray[np.float64]) -> NDArray[np.float64]:
        """The highest step that each is foreseen to pass, if it is above the one passed; else 0."""
        if self.ends is None:
            return np.zeros(len(self.ids))
        end = np.maximum(self.ends.sure, self.observed)
        found = _highest_steps(end, self.limits, self.forecast_steps)
        speaks = self.ends.is_known & self._allows_something & (found > passed)
        return np.where(speaks, found, 0.0)

    def lack_forecast(self) -> Bools:
        """Of whom a forecast could have told something, and who are too young for one."""
        if self.ends is None or not self.ends.is_young.any():
            return np.zeros(len(self.ids), dtype=bool)
        highest = _highest_steps(self.observed, self.limits, (max(self.forecast_steps),))
        return np.asarray(self.ends.is_young & self._allows_something & (highest == 0))

    def is_on_course(self, n: int, today: date) -> bool:
        """Whether the plain run rate, today taken as over, ends above the lowest forecast step."""
        days = (today - self.period.start + ONE_DAY).days
        end = int(self.observed[n]) * len(self.period.span) // days
        return is_past(end, self.limits[n], min(self.forecast_steps))

    @property
    def _allows_something(self) -> Bools:
        return np.array([limit > 0 for limit in self.limits], dtype=bool)

    def outlook(self, n: int) -> Outlook | NoOutlook | None:
        return self.ends.outlooks[n] if self.ends else None

    @property
    def lacks_days(self) -> bool:
        """Whether too many days are missing to foresee anything."""
        if self.ends is None or self.ends.is_known.all():
            return False
        return any(isinstance(one, TooManyMissing) for one in self.ends.outlooks)

    def verdict(self, n: int, passed: float, foreseen: float) -> CapVerdict:
        """Of one column; with its steps, 0 for none."""
        return CapVerdict(
            self.ids[n],
            self.period,
            int(self.observed[n]),
            self.limits[n],
            passed or None,
            foreseen or None,
            self.outlook(n),
        )


def sure_end(outlook: Outlook) -> int:
    """What the period is foreseen to reach with little doubt."""
    end = outlook.forecast
    return round(end.total - DOUBT * (end.total - end.low))


def _highest_steps(
    amounts: Ints, limits: Sequence[int], steps: Sequence[float]
) -> NDArray[np.float64]:
    """`highest_step` of each column, 0 for none."""
    found = np.zeros(len(amounts))
    for step in sorted(steps):
        found[amounts > _most_within_each(limits, step)] = step
    return found


def _most_within_each(limits: Sequence[int], step: float) -> Ints:
    most = {limit: min(most_within(limit, step), _MOST) for limit in set(limits)}
    if len(most) == 1:
        return np.full(len(limits), next(iter(most.values())), dtype=np.int64)
    return np.array([most[limit] for limit in limits], dtype=np.int64)


def highest_step(observed: int, limit: int, steps: Sequence[float]) -> float | None:
    """The highest step (percent of the limit) that was passed. Exactly on a step is not past it."""
    return max((step for step in steps if is_past(observed, limit, step)), default=None)


def is_past(observed: int, limit: int, step: float) -> bool:
    """Whether more than that percent of the limit is reached."""
    return observed > most_within(limit, step)


@lru_cache(maxsize=10_000)
def most_within(limit: int, step: float) -> int:
    """The most that is not past that percent of the limit."""
    percent, hundreds = Decimal(str(step)).as_integer_ratio()  # as written: 33.3 is no float
    return limit * percent // (100 * hundreds)
