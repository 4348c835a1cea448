"""Daily costs of invented organisations: weekday shapes, walks of level, holidays, idle days.

Everything comes from a seed. About 12 % of the series are sparse and 15 % noisy; the rest, the
regular ones, differ by the world they live in. Values are dollars, (days, series), the first day a
Monday. Sizes and shares are chosen, not fitted to any organisation; what they were chosen for is
said with each world.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

SPARSE: Final = 0.12
NOISY: Final = 0.15
WORKS_ON_WEEKDAYS: Final = 0.55


@dataclass(frozen=True, slots=True)
class World:
    """What is common to the series of a simulation.

    `noise(rng, count)` are the log-scale deviations of regular series. `bursts` are days a year on
    which a series really costs two to five times as much, which nobody foresees and every rule that
    finds them is charged for. `sizes` and `shares` are the log-scale spread of an organisation's
    projects, and of a project's models; `calm_are_large`: who spends most swings least, as the
    sum of many people's work does.
    """

    noise: Callable[[np.random.Generator, int], Floats]
    bursts: float
    holidays: float
    sizes: float
    shares: float
    calm_are_large: bool = False


def _most_are_calm(rng: np.random.Generator, count: int) -> Floats:
    return np.asarray(np.clip(0.16 * np.exp(rng.normal(0, 0.45, count)), 0.06, 0.34))


def _evenly_rough(rng: np.random.Generator, count: int) -> Floats:
    return rng.uniform(0.06, 0.32, count)


USUAL: Final = World(
    _most_are_calm, bursts=0.7, holidays=8, sizes=0.6, shares=0.4, calm_are_large=True
)
"""Most series are calm, and now and then one bursts. Chosen so that of regular series at 2 false
alerts a year an oracle finds about 0.8 of the doubled days and the plain weekday rule 0.68, that
rule 0.61 of all at 4, and that it gives 4 to 5 with 2.5 swings."""
ROUGH: Final = World(_evenly_rough, bursts=0.0, holidays=11, sizes=0.8, shares=0.7)
"""As many rough series as calm ones, and organisations in which many models are tiny."""


@dataclass(frozen=True, slots=True)
class Bill:
    """Series and the truth behind them: what an oracle knows, and nobody else.

    `mean` is the median of each day before its noise, `noise` its log-scale standard deviation.
    """

    values: Floats
    mean: Floats
    noise: Floats
    is_sparse: Flags

    @property
    def is_regular(self) -> Flags:
        """Neither sparse nor noisy (log-scale noise above 0.35)."""
        return ~self.is_sparse & (self.noise <= 0.35)


def series(seed: int, count: int, days: int = 400, world: World = USUAL) -> Bill:
    """Unrelated series of the classes above; each has its own holidays."""
    rng = np.random.default_rng(seed)
    calendars = np.stack([_holidays(rng, days, world) for _ in range(count)], axis=1)
    return _bill(rng, count, calendars, np.zeros((days, count)), world)


@dataclass(frozen=True, slots=True)
class Organisation:
    """Twelve projects and the models they use, about 34 pairs of them.

    `project[n]` is the project of the pair in column n; a project with one model has one column.
    """

    bill: Bill
    project: NDArray[np.int64]


def organisation(
    seed: int, projects: int = 12, days: int = 400, world: World = USUAL
) -> Organisation:
    """An organisation whose projects share holidays and a part of their swing.

    A project's models share its traffic, in parts that wander and swing by about 15 %.
    """
    rng = np.random.default_rng(seed)
    owner = np.repeat(np.arange(projects), rng.integers(1, 6, projects))
    calendar = np.repeat(_holidays(rng, days, world)[:, None], projects, axis=1)
    together = np.repeat(rng.normal(0, 0.03, days)[:, None], projects, axis=1)
    bill = _bill(rng, projects, calendar, together, world)
    size = rng.lognormal(0, world.sizes, projects)
    if world.calm_are_large:
        roughness = bill.noise + bill.is_sparse + rng.normal(0, 0.1, projects)
        size = np.sort(size)[np.argsort(np.argsort(-roughness))]
    share = rng.lognormal(0, world.shares, len(owner)) * np.exp(
        rng.normal(0, 0.15, (days, len(owner)))
        + rng.normal(0, 0.01, (days, len(owner))).cumsum(axis=0)
    )
    whole = np.stack([share[:, owner == p].sum(axis=1) for p in range(projects)], axis=1)
    part = share / whole[:, owner] * size[owner]
    spread = Bill(
        bill.values[:, owner] * part,
        bill.mean[:, owner] * part,
        bill.noise[owner],
        bill.is_sparse[owner],
    )
    return Organisation(spread, owner)


def _bill(
    rng: np.random.Generator, count: int, holidays: Flags, shared: Floats, world: World
) -> Bill:
    """Series of all classes; `shared` is log-scale swing that several of them have in common."""
    days = len(holidays)
    kind = rng.random(count)
    sparse, noisy = kind < SPARSE, (kind >= SPARSE) & (kind < SPARSE + NOISY)
    noise = np.where(noisy | sparse, rng.uniform(0.36, 0.75, count), world.noise(rng, count))
    mean = _level(rng, days, count) * _week(rng, days, count) * np.exp(shared)
    mean *= np.where(holidays, rng.uniform(0.1, 0.7, count), 1.0)
    active = rng.random((days, count)) < np.where(sparse, rng.uniform(0.15, 0.55, count), 0.985)
    values = np.where(active, mean * np.exp(noise * _shocks(rng, days, count)), 0.0)
    if world.bursts:
        bursts = rng.random((days, count)) < world.bursts / 365.25
        values *= np.where(bursts, rng.uniform(2, 5, (days, count)), 1.0)
    return Bill(values * 100, mean * 100, noise, sparse)


def _level(rng: np.random.Generator, days: int, count: int) -> Floats:
    """A random walk of the log level, with a slow trend and now and then a step."""
    walk = rng.normal(0, rng.uniform(0.002, 0.012, count), (days, count))
    trend = rng.normal(0.0005, 0.001, count)
    steps = (rng.random((days, count)) < 1 / 700) * rng.normal(0.05, 0.3, (days, count))
    return np.asarray(np.exp((walk + trend + steps).cumsum(axis=0)))


def _week(rng: np.random.Generator, days: int, count: int) -> Floats:
    """A factor for each weekday: most series rest at weekends, more or less."""
    rests = rng.random(count) < WORKS_ON_WEEKDAYS
    weekend = np.where(rests, rng.uniform(0.03, 0.45, count), rng.uniform(0.75, 1.1, count))
    factors = np.exp(rng.normal(0, 0.08, (7, count)))
    factors[5:] *= weekend
    return np.asarray(factors[np.arange(days) % 7])


def _shocks(rng: np.random.Generator, days: int, count: int) -> Floats:
    """Noise with a standard deviation of one and tails a little heavier than the normal's."""
    heavy = rng.standard_t(12, (days, count)) / np.sqrt(12 / 10)
    return np.asarray(heavy)


def _holidays(rng: np.random.Generator, days: int, world: World) -> Flags:
    """Days off, a working day each; some of them in a row as around a new year."""
    off = rng.random(days) < world.holidays / 365 / 1.5
    return np.asarray(off | (np.roll(off, 1) & (rng.random(days) < 0.5)))
