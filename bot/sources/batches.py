"""Days of use that are stored together: most days of most kinds are empty."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bot.sources.base import Fetched, FetchFailure
from bot.spend.rows import CostDay, Name, UsageDay

_ROWS = 5_000
"""So many rows of use wait at most, and one day more: memory does not grow with the span."""


def together(
    fetched: Iterable[Fetched],
) -> Iterator[CostDay | list[UsageDay] | Name | FetchFailure]:
    """The same in the same order, but days of use in lists, each as late as its last day."""
    waiting: list[UsageDay] = []
    rows = 0
    for one in fetched:
        if not isinstance(one, UsageDay):
            yield one
            continue
        waiting.append(one)
        rows += len(one.rows) + 1
        if rows > _ROWS:
            yield waiting
            waiting, rows = [], 0
    if waiting:
        yield waiting
