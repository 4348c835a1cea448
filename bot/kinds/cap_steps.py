"""Which steps of a cap are passed, and which are foreseen to be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from bot.alerts.model import Foreseen
from bot.spend.calendar import ONE_DAY, Period
from bot.spend.forecast import TooYoung
from bot.spend.ledger import Ids
from bot.spend.outlook import NoOutlook, Outlook

DOUBT: Final = 0.5
"""A step is foreseen when the estimate, less half its way to the low end of the range, is past it.

With the estimate itself, 16 % of the forecasts told of an organisation were wrong, 29 % of a single
project; with the middle about half as many, a few days later (`make bench-forecast`).
"""


@dataclass(frozen=True, slots=True)
class CapVerdict:
    """One subject in one period; `observed` and `limit` in the unit of the metric.

    `outlook` is None where nothing is to be foreseen.
    """

    ids: Ids
    period: Period
    observed: int
    limit: int
    steps: tuple[float, ...]
    forecast_steps: tuple[float, ...]
    outlook: Outlook | NoOutlook | None

    @property
    def speaks(self) -> bool:
        return self.step is not None or self.forecast_step is not None

    @property
    def step(self) -> float | None:
        """The highest step really passed."""
        return highest_step(self.observed, self.limit, self.steps)

    @property
    def forecast_step(self) -> float | None:
        """The highest step foreseen to be passed, if it is above what was really passed."""
        if not isinstance(self.outlook, Outlook) or self.limit <= 0:
            return None
        end = self.outlook.forecast
        sure = round(end.total - DOUBT * (end.total - end.low))
        foreseen = highest_step(max(sure, self.observed), self.limit, self.forecast_steps)
        return foreseen if foreseen is not None and foreseen > (self.step or 0) else None

    @property
    def foreseen(self) -> Foreseen | None:
        """The forecast, where it has passed a step."""
        if self.forecast_step is None or not isinstance(self.outlook, Outlook):
            return None
        end = self.outlook.forecast
        falls_on = self.outlook.falls_on(self.limit)
        return Foreseen(round(end.total), round(end.low), round(end.high), falls_on)

    @property
    def lacks_forecast(self) -> bool:
        """Whether a forecast could have told something, and the subject is too young for one."""
        highest = max(self.forecast_steps, default=0.0)
        return (
            isinstance(self.outlook, TooYoung)
            and self.limit > 0
            and not is_past(self.observed, self.limit, highest)
        )

    def is_on_course(self, today: date) -> bool:
        """Whether the plain run rate, today taken as over, ends above the lowest forecast step."""
        days = (today - self.period.start + ONE_DAY).days
        end = self.observed * len(self.period.span) // days
        return is_past(end, self.limit, min(self.forecast_steps))


def highest_step(observed: int, limit: int, steps: Sequence[float]) -> float | None:
    """The highest step (percent of the limit) that was passed. Exactly on a step is not past it."""
    return max((step for step in steps if is_past(observed, limit, step)), default=None)


def is_past(observed: int, limit: int, step: float) -> bool:
    """Whether more than that percent of the limit is reached."""
    percent, hundreds = Decimal(str(step)).as_integer_ratio()  # as written: 33.3 is no float
    return observed * 100 * hundreds > limit * percent
