"""A reading of a day that can hardly be true: money that was known is gone. Pure.

An answer may be sound by its contract and still lack most of a day: a server that lost a shard, a
proxy's empty page, a billing job that runs again. What shrinks so is not believed at once: the day
keeps what was known and is as unknown as if nobody had answered. A real correction is believed once
it has been read the same for a day.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

from bot.spend.calendar import ONE_DAY, SettlingTimes, day_name, midnight
from bot.spend.money import usd
from bot.spend.rows import CostDay, UsageDay

REGULAR_DAYS = 14
ENOUGH_DAYS = 10
"""A finished day without spend is doubted until it settles, if all known days of the two weeks
before had some, so many at the least."""
PATIENCE = timedelta(hours=24)
"""What is read the same for so long is believed."""
WORTH = 0.01
"""The share of a day's total that must be gone with its project, line item or key."""

Member = tuple[str, str | None]
"""A dimension and an id of it."""


@dataclass(frozen=True, slots=True)
class Known:
    """What was known of a day of one dataset before this reading.

    `amounts`: nano-dollars by project, line item and key; empty for usage. `total`: nano-dollars,
    or rows of usage. `is_whole`: it was read whole; `is_over`: since it ended. `doubted`: the words
    of an earlier doubt, and since when. `busy` and `idle`: how many of the two weeks' days before
    it had any, and had none.
    """

    amounts: Mapping[Member, int]
    total: int
    is_whole: bool
    is_over: bool
    doubted: tuple[str, datetime] | None
    busy: int
    idle: int


class Doubt(NamedTuple):
    """Why a reading is not believed. `is_gone`: money that was known is gone, and not only late."""

    words: str
    is_gone: bool = True


class Belief(Protocol):
    """Whether to believe what was read."""

    def doubt(self, read: CostDay | UsageDay, known: Known, now: datetime, /) -> Doubt | None:
        """Why not, in words; None: it is believed."""


class Trusting:
    """Believes everything: somebody asked for it."""

    def doubt(self, _read: CostDay | UsageDay, _known: Known, _now: datetime, /) -> None:
        return None


@dataclass(frozen=True, slots=True)
class Doubting:
    """Believes what grows, and what shrinks only once it has been read the same for a day."""

    times: SettlingTimes

    def doubt(self, read: CostDay | UsageDay, known: Known, now: datetime, /) -> Doubt | None:
        end = midnight(read.day) + ONE_DAY
        if now >= end and known.is_whole and not read.whole:
            return Doubt(f"{day_name(read.day)} came in part only")
        settles = end <= now < end + self.times.settle
        if words := _shrunk(read, known):
            doubt = Doubt(words)
        elif settles and (words := _silent(read, known)):
            doubt = Doubt(words, is_gone=False)
        else:
            return None
        return None if _is_old(doubt.words, known, now) else doubt


def _is_old(words: str, known: Known, now: datetime) -> bool:
    if known.doubted is None:
        return False
    earlier, since = known.doubted
    return earlier == words and now - since >= PATIENCE


def _shrunk(read: CostDay | UsageDay, known: Known) -> str | None:
    """Money that was known is in the reading no more, nor anywhere else in it."""
    if isinstance(read, UsageDay):
        return _all_gone(read, known)
    total = sum(row.nanos for row in read.rows)
    if known.is_over and known.total - total <= WORTH * abs(known.total):
        return None  # whatever is gone is elsewhere now
    found = _members(read)
    for dimension in found:
        before = {id_: n for (of, id_), n in known.amounts.items() if of == dimension and n > 0}
        gone = [id_ for id_ in before if id_ not in found[dimension]]
        lost = sum(before[id_] for id_ in gone)
        come = sum(n for id_, n in found[dimension].items() if id_ not in before)
        if lost > WORTH * abs(known.total) and (known.is_over or come < lost):
            return (
                f"{day_name(read.day)} reads {usd(total)} where {usd(known.total)} was known, "
                f"without {_counted(len(gone), dimension)} of it"
            )
    return None


def _all_gone(read: UsageDay, known: Known) -> str | None:
    if read.rows or not known.total:
        return None
    return f"{day_name(read.day)} shows no use where {known.total:,} rows were known"


def _members(read: CostDay) -> Mapping[str, Mapping[str | None, int]]:
    """Nano-dollars by dimension and id; nobody where no row at all costs anything.

    A row of zero beside others is a charge that was taken back.
    """
    found: dict[str, dict[str | None, int]] = {"project": {}, "line_item": {}, "api_key": {}}
    for row in read.rows if any(row.nanos for row in read.rows) else ():
        own = (row.project_id, row.line_item, row.api_key_id)
        for sums, id_ in zip(found.values(), own, strict=True):
            sums[id_] = sums.get(id_, 0) + row.nanos
    return found


def _counted(many: int, dimension: str) -> str:
    """`1 project`, `3 line items`."""
    word = {"line_item": "line item", "api_key": "API key"}.get(dimension, dimension)
    return f"{many} {word}{'' if many == 1 else 's'}"


def _silent(read: CostDay | UsageDay, known: Known) -> str | None:
    """A finished day without anything, after days that all had something."""
    if any(_amounts(read)):
        return None
    if known.idle or known.busy < ENOUGH_DAYS:
        return None
    what = "spend" if isinstance(read, CostDay) else "use"
    words = "every known day of the two weeks before had some"
    return f"{day_name(read.day)} shows no {what} at all; {words}"


def _amounts(read: CostDay | UsageDay) -> Iterable[bool]:
    if isinstance(read, CostDay):
        return (bool(row.nanos) for row in read.rows)
    return (True for _ in read.rows)
