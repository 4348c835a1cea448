"""A reading of a day that can hardly be true: money that was known is gone. Pure.

An answer may be sound by its contract and still lack most of a day: a server that lost a shard, a
proxy's empty page, a billing job that runs again. What shrinks so is not believed at once: the day
keeps what was known and is as unknown as if nobody had answered. A real correction is believed once
it has been read the same for a day.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from bot.spend.calendar import ONE_DAY, day_name, midnight
from bot.spend.columns import columns_of
from bot.spend.currency import Currency
from bot.spend.rows import CostDay, UsageDay

PATIENCE = timedelta(hours=24)
"""What is read the same for so long is believed."""
WORTH = 0.01
"""The share of a day's total that must be gone with its project."""


@dataclass(frozen=True, slots=True)
class Known:
    """What was known of a day of one dataset before this reading.

    `amounts`: nanos of `currency` by project; empty for usage. `total`: nanos, or rows of usage.
    `is_whole`: it was read whole; `is_over`: since it ended. `doubted`: the words of an earlier
    doubt, and since when.
    """

    amounts: Mapping[str | None, int]
    total: int
    is_whole: bool
    is_over: bool
    doubted: tuple[str, datetime] | None
    currency: Currency


class Belief(Protocol):
    """Whether to believe what was read."""

    def doubt(self, read: CostDay | UsageDay, known: Known, now: datetime, /) -> str | None:
        """Why not, in words; None: it is believed."""


class Trusting:
    """Believes everything: somebody asked for it."""

    def doubt(self, _read: CostDay | UsageDay, _known: Known, _now: datetime, /) -> None:
        return None


class Doubting:
    """Believes what grows, and what shrinks only once it has been read the same for a day.

    A day without spend is believed: zero is not missing. Only what was known can be gone.
    """

    def doubt(self, read: CostDay | UsageDay, known: Known, now: datetime, /) -> str | None:
        if now < midnight(read.day) + ONE_DAY:
            return None  # an open day ends nothing, and is read again when it is over
        if known.is_whole and not read.whole:
            return f"{day_name(read.day)} came in part only"
        words = _shrunk(read, known)
        return None if words is None or _is_old(words, known, now) else words


def _is_old(words: str, known: Known, now: datetime) -> bool:
    if known.doubted is None:
        return False
    earlier, since = known.doubted
    return earlier == words and now - since >= PATIENCE


def _shrunk(read: CostDay | UsageDay, known: Known) -> str | None:
    """The money of a whole project that was known is in the reading no more, nor elsewhere in it.

    A line item or a key that is gone is a correction like a smaller amount.
    """
    if isinstance(read, UsageDay):
        return _all_gone(read, known)
    columns = columns_of(read)
    total = columns.total
    if known.is_over and known.total - total <= WORTH * abs(known.total):
        return None  # whatever is gone is elsewhere now
    found = columns.by_project()
    before = {project: nanos for project, nanos in known.amounts.items() if nanos > 0}
    gone = [project for project in before if project not in found]
    lost = sum(before[project] for project in gone)
    come = sum(nanos for project, nanos in found.items() if project not in before)
    if lost <= WORTH * abs(known.total) or (come >= lost and not known.is_over):
        return None
    text = known.currency.text
    return (
        f"{day_name(read.day)} reads {text(total)} where {text(known.total)} was known, without "
        f"{len(gone)} project{'' if len(gone) == 1 else 's'} of it"
    )


def _all_gone(read: UsageDay, known: Known) -> str | None:
    if read.rows or not known.total:
        return None
    return f"{day_name(read.day)} shows no use where {known.total:,} rows were known"
