"""The size of an invented organisation, and where its days lie. Nothing here is heavy."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
"""The instant of every benchmark; its day is the last of the bill."""
TODAY = NOW.date()
_MODELS = ("gpt-5.4-2026-03-05", "gpt-5.6-terra", "gpt-4o-2024-08-06", "o4-mini-2025-04-16")
_PARTS = ("input", "output", "cached input")


@dataclass(frozen=True, slots=True)
class Shape:
    """Projects × line items × keys of a project, all of them billed on each of the days."""

    projects: int
    line_items: int
    keys: int = 1
    days: int = 3
    seed: int = 8

    @property
    def per_day(self) -> int:
        """Rows of a day."""
        return self.projects * self.line_items * self.keys

    @property
    def rows(self) -> int:
        return self.per_day * self.days

    @property
    def first(self) -> date:
        return TODAY - timedelta(days=self.days - 1)

    def of_days(self, days: int) -> Shape:
        """The same organisation over another number of days."""
        return replace(self, days=days)

    def dates(self) -> list[date]:
        return [self.first + timedelta(days=number) for number in range(self.days)]

    def project_ids(self) -> list[str]:
        return [f"proj_{self.seed:04x}{number:020x}" for number in range(self.projects)]

    def items(self) -> list[str]:
        """Line items: four models by three parts, then services."""
        models = [f"{model}, {part}" for model in _MODELS for part in _PARTS]
        more = [f"service {number}" for number in range(self.line_items - len(models))]
        return [*models, *more][: self.line_items]

    def key_ids(self, project: str) -> list[str]:
        return [f"key_{project[5:]}_{number:02d}" for number in range(self.keys)]

    @property
    def title(self) -> str:
        return (
            f"{self.projects:,} projects × {self.line_items} line items × {self.keys} keys × "
            f"{self.days:,} days = {self.rows:,} rows"
        )
