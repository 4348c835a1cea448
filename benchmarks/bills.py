"""Simulated bills: projects with weekday shapes, wandering levels, growth, holidays and noise.

Everything comes from a seed. Amounts are dollars; rows are consecutive days, the first a Monday.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

PROJECTS: Final = 12
HOLIDAY: Final = 0.02
"""The chance that a day is one on which a whole organisation works less."""


@dataclass(frozen=True, slots=True)
class Organisation:
    """The daily cost of every project; (days, projects)."""

    projects: Floats

    @property
    def total(self) -> Floats:
        """The daily cost of them all; (days,)."""
        return np.asarray(self.projects.sum(axis=1))


def organisation(seed: int, days: int) -> Organisation:
    """An organisation of twelve projects that share their holidays and a little of their growth."""
    rng = np.random.default_rng(seed)
    holidays = rng.random(days) < HOLIDAY
    growth = rng.normal(0.001, 0.001)
    projects = [_project(rng, days, growth, holidays) for _ in range(PROJECTS)]
    return Organisation(np.column_stack(projects))


def _project(
    rng: np.random.Generator, days: int, growth: float, holidays: NDArray[np.bool_]
) -> Floats:
    works_at_weekends = rng.random() < 0.3
    week = _week(rng, works_at_weekends)
    level = rng.normal(growth, 0.012, days)
    level += rng.normal(0, 0.3, days) * (rng.random(days) < 0.005)  # a launch, a switch of models
    noise = np.exp(
        rng.normal(0, 1, days) * rng.choice([0.12, 0.2, 0.3, 0.5], p=[0.3, 0.4, 0.15, 0.15])
    )
    busy = rng.random(days) < (rng.uniform(0.4, 0.8) if rng.random() < 0.12 else 1.0)
    quiet = np.where(holidays & ~np.bool_(works_at_weekends), rng.uniform(0.2, 0.7), 1.0)
    bursts = np.where(rng.random(days) < 0.004, rng.uniform(2, 6, days), 1.0)
    size = np.exp(rng.normal(3.0, 0.8))
    cost = size * np.exp(level.cumsum()) * np.resize(week, days) * noise * busy * quiet * bursts
    return np.asarray(cost)


def _week(rng: np.random.Generator, works_at_weekends: bool) -> Floats:
    week = rng.normal(1.0, 0.08, 7).clip(0.7, 1.3)
    week[5:] *= rng.uniform(0.7, 1.0) if works_at_weekends else rng.uniform(0.05, 0.4)
    return np.asarray(week)
