"""Some subjects of a series on one day, and what is usual for them: worked out once for many rules.

Rules that differ only in how loud they are, or from which amount on, look at the same days. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bot.spend.baseline import Usual, idle_share, usual_of_last
from bot.spend.weekdays import Floats

Columns = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Watched:
    """`columns` of a series, ascending; `seen` is their history, the day itself in the last row."""

    columns: Columns
    seen: Floats

    @cached_property
    def usual(self) -> Usual:
        return usual_of_last(self.seen)

    @cached_property
    def known(self) -> NDArray[np.int64]:
        """How many days before the day are history."""
        return np.asarray((~np.isnan(self.seen[:-1])).sum(axis=0))

    @cached_property
    def idle(self) -> Floats:
        """On which share of its days each is idle; see `bot.spend.baseline`."""
        return idle_share(self.seen)

    def holds(self, columns: Columns) -> bool:
        return bool(np.isin(columns, self.columns, assume_unique=True).all())

    def places(self, columns: Columns) -> Columns:
        """Where these columns of the series are among the watched ones, which hold them."""
        return np.searchsorted(self.columns, columns)
