"""What was told of each alert so far: for a replay, which keeps of an alert only its news. Pure.

A finding that stands for weeks is the same every day. Kinds ask here before they make it.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from enum import Enum

from bot.alerts.model import Finding
from bot.spend.calendar import Period
from bot.spend.ledger import Ids


class Novelty(Enum):
    """What is new of an alert."""

    FIRST = "first"
    STEP = "step"
    FORECAST = "forecast"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Told:
    """What was told of all alerts. Nothing, unless something was noted.

    A step, or a forecast step, is 0 where there is none. An alert is of a rule, a subject (its ids)
    and a period, as its key is.
    """

    _highest: dict[Hashable, tuple[float, float]] = field(default_factory=dict)
    """The highest step passed, and the highest foreseen."""

    def novelty(
        self, rule: str, ids: Ids, period: Period, step: float = 0.0, forecast_step: float = 0.0
    ) -> Novelty:
        """What such a finding would tell beside what was told of its alert."""
        highest = self._highest.get((rule, ids, period))
        if highest is None:
            return Novelty.FIRST
        passed, foreseen = highest
        if step > passed:
            return Novelty.STEP
        return Novelty.FORECAST if forecast_step > max(passed, foreseen) else Novelty.NONE

    def note(self, finding: Finding) -> Novelty:
        """What the finding tells; from now on that is told."""
        about = finding.rule, finding.subject.ids, finding.period
        step, forecast_step = finding.step or 0.0, finding.forecast_step or 0.0
        found = self.novelty(*about, step, forecast_step)
        passed, foreseen = self._highest.get(about, (0.0, 0.0))
        self._highest[about] = (max(passed, step), max(foreseen, forecast_step))
        return found
