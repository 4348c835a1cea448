"""What rules judge: daily sums by subject over the known history, with the state of each day.

A ledger never holds raw rows: it asks its reader for sums by day and keeps small tables.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial
from typing import Protocol, TypeGuard, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from bot.spend.calendar import ONE_DAY, DayState, SettlingTimes, Span, utc_day
from bot.spend.currency import Currency
from bot.spend.globs import Index, Match
from bot.spend.metrics import FORMULAS, Additive, Metric
from bot.spend.spikeless import Grown
from bot.spend.split import Volume

T = TypeVar("T")

Ids = tuple[str | None, ...]
"""One id per dimension; None for the organisation and for money without a project."""

Sums = Mapping[Ids, Mapping[date, int]]
"""Exact sums by ids and day. A day that is absent is zero (or not known: see the day's state)."""


Days = tuple[date, ...]


class SumReader(Protocol):
    """Where a ledger gets its sums: the database's roll-ups, or a test's dict."""

    def sums(self, quantity: Additive, dimensions: tuple[str, ...], span: Span) -> Sums:
        """Exact sums per ids and day within the span, by the dimensions in the order given."""

    def bill(self, dimensions: tuple[str, ...], days: Days) -> Mapping[Ids, int]:
        """Nanos per ids, the days added up."""

    def volumes(self, dimensions: tuple[str, ...], days: Days) -> Mapping[Ids, Volume]:
        """Use per ids, the days added up. `kind` (of usage) may be one of the dimensions."""


Members = tuple[str | None, ...]


class TableReader(SumReader, Protocol):
    """A reader with tables at hand, that also finds a few members without reading the others."""

    @property
    def sought(self) -> str:
        """The dimension whose members it finds so."""

    def table(
        self,
        quantity: Additive,
        dimensions: tuple[str, ...],
        span: Span,
        members: Members | None = None,
    ) -> DailyTable:
        """What `sums` tells; with `members` of what belongs to these of the `sought` dimension."""


@dataclass(frozen=True, slots=True)
class DailyTable:
    """Exact daily sums: one row a day of `span`, one column per entry of `ids` (sorted).

    `whole` is the table that this one is a part of, if it is, with the numbers of its columns.
    """

    span: Span
    ids: tuple[Ids, ...]
    values: NDArray[np.int64]
    whole: tuple[DailyTable, tuple[int, ...]] | None = field(default=None, compare=False)

    def column(self, ids: Ids) -> NDArray[np.int64]:
        """The daily sums of one subject; zeros where it is unknown."""
        if ids not in self.ids:
            return np.zeros(len(self.span), dtype=np.int64)
        return self.values[:, self.ids.index(ids)]

    def only(self, columns: NDArray[np.intp]) -> DailyTable:
        """The table of some subjects, by the numbers of their columns."""
        ids = tuple(self.ids[n] for n in columns)
        return DailyTable(self.span, ids, self.values[:, columns], (self, tuple(map(int, columns))))

    def totals(self, span: Span) -> dict[Ids, int]:
        """Exact sum of each subject over the part of the span that the table covers."""
        return dict(zip(self.ids, self.sums(span).tolist(), strict=True))

    def sums(self, span: Span) -> NDArray[np.int64]:
        """The same by the numbers of the columns."""
        start = max((span.start - self.span.start).days, 0)
        end = max((span.end - self.span.start).days, 0)
        return np.asarray(self.values[start:end].sum(axis=0))


def _has_tables(reader: object) -> TypeGuard[TableReader]:
    return hasattr(reader, "table")


_FEW = 8
"""Rows of at most one member in so many are looked up, and not found among all."""


@dataclass(slots=True)
class Ledger:
    """Daily sums up to and including `now`'s UTC day, and what is known of every day.

    `cost_states` and `usage_states` give the state of each day of `span` for money and volume.
    `currency` is the bill's: all money is in nanos of it.
    `names` maps dimension -> id -> what people call it. `grown` is what ledgers of one history
    after the other share.
    """

    now: datetime
    span: Span
    reader: SumReader
    cost_states: Mapping[date, DayState]
    usage_states: Mapping[date, DayState]
    currency: Currency
    names: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    settling: SettlingTimes = field(default_factory=SettlingTimes)
    grown: Grown = field(default_factory=Grown)
    _tables: dict[tuple[Additive, tuple[str, ...]], DailyTable] = field(default_factory=dict)
    _bills: dict[tuple[tuple[str, ...], Days], Mapping[Ids, int]] = field(default_factory=dict)
    _volumes: dict[tuple[tuple[str, ...], Days], Mapping[Ids, Volume]] = field(default_factory=dict)
    _announced: dict[tuple[Additive, tuple[str, ...]], set[str | None]] = field(
        default_factory=dict
    )
    _memory: dict[Hashable, object] = field(default_factory=dict)

    def remembered(self, key: Hashable, make: Callable[[], T]) -> T:
        """What was made of this ledger under the key: made once, shared by rules that are alike."""
        if key not in self._memory:
            self._memory[key] = make()
        return cast(T, self._memory[key])

    @property
    def today(self) -> date:
        return utc_day(self.now)

    def state(self, day: date, metric: Metric = Metric.COST) -> DayState:
        """The state of a day for a metric: the less certain of the parts it needs."""
        states = [
            (self.usage_states if part.is_usage else self.cost_states).get(day, DayState.MISSING)
            for part in FORMULAS[metric].parts
        ]
        return min(states, key=CERTAINTY.index)

    def judgeable(self, day: date, metric: Metric = Metric.COST) -> bool:
        """Whether a verdict that needs the complete day may be given now."""
        return self.settling.judgeable(day, self.state(day, metric), self.now)

    def settled(self, metric: Metric = Metric.COST) -> NDArray[np.bool_]:
        """For each day of the span, whether it is settled: fit for baselines."""
        return self.remembered(
            ("settled", metric),
            lambda: np.array([self.state(day, metric) is DayState.SETTLED for day in self.span]),
        )

    def days_in_state(self, span: Span, state: DayState, metric: Metric = Metric.COST) -> Days:
        """The days of the span up to today in that state; before the history all are missing."""
        today = self.today
        return self.remembered(
            ("in state", span, state, metric),
            lambda: tuple(d for d in span if d <= today and self.state(d, metric) is state),
        )

    def name(self, dimension: str, member: str | None) -> str:
        """What people call a member: its name, else its id."""
        if member is None:
            return _NAMELESS.get(dimension, f"(no {dimension.replace('_', ' ')})")
        return self.names.get(dimension, {}).get(member) or member

    def sums(self, quantity: Additive, dimensions: tuple[str, ...]) -> DailyTable:
        """Exact daily sums by dimension, read once."""
        key = (quantity, dimensions)
        if key not in self._tables:
            self._tables[key] = self._read(quantity, dimensions)
        return self._tables[key]

    def _read(self, quantity: Additive, dimensions: tuple[str, ...]) -> DailyTable:
        if _has_tables(self.reader):
            return self.reader.table(quantity, dimensions, self.span)
        return _table(self.span, self.reader.sums(quantity, dimensions, self.span))

    def bill(self, dimensions: tuple[str, ...], days: Days) -> Mapping[Ids, int]:
        """Nanos of some days together, by dimension; read once."""
        key = (dimensions, days)
        if key not in self._bills:
            self._bills[key] = self.reader.bill(dimensions, days)
        return self._bills[key]

    def volumes(self, dimensions: tuple[str, ...], days: Days) -> Mapping[Ids, Volume]:
        """Use of some days together, by dimension (or by `kind` of usage); read once."""
        key = (dimensions, days)
        if key not in self._volumes:
            self._volumes[key] = self.reader.volumes(dimensions, days)
        return self._volumes[key]

    def selected(self, quantity: Additive, per: tuple[str, ...], match: Match = ()) -> DailyTable:
        """Daily sums per subject of only what the match lets through; made once.

        The dimensions that the match looks at need not be part of `per`.
        """
        if not match:
            return self.sums(quantity, per)
        key = ("selected", quantity, per, match)
        return self.remembered(key, lambda: self._selected(quantity, per, match))

    def announce(self, quantity: Additive, per: tuple[str, ...], match: Match = ()) -> None:
        """Say that `selected` will be asked for: members whose rows are looked up, because they
        are few, are looked up together."""
        wide = _wide(per, match)
        if ("selected", quantity, per, match) not in self._memory:
            few = self._few(quantity, wide, match) or frozenset()
            self._announced.setdefault((quantity, wide), set()).update(few)

    def _selected(self, quantity: Additive, per: tuple[str, ...], match: Match) -> DailyTable:
        wide = _wide(per, match)
        few = self._few(quantity, wide, match)
        columns = self._columns(quantity, wide) if few is None else self._of(few, quantity, wide)
        found = [columns.by(name).places(globs) for name, globs in match]
        kept = np.array(sorted(set.intersection(*found)), dtype=np.intp)
        return _folded(columns.table.only(kept), wide, per)

    def _few(
        self, quantity: Additive, wide: tuple[str, ...], match: Match
    ) -> frozenset[str | None] | None:
        """The members of one dimension to look up alone: the match lets through no others.

        None if they are many, or if all is read already. Pairs of dimensions have no roll-ups: all
        of them are all rows of the history.
        """
        reader, asked = self.reader, dict(match)
        if not _has_tables(reader) or reader.sought not in asked:
            return None
        if len(wide) == 1 or quantity.is_usage or (quantity, wide) in self._tables:
            return None
        roll = self._columns(quantity, (reader.sought,)).by(reader.sought).roll
        found = roll.fitting(asked[reader.sought])
        return found if _FEW * len(found) <= len(roll) else None

    def _of(
        self, few: frozenset[str | None], quantity: Additive, wide: tuple[str, ...]
    ) -> _Columns:
        """The sums of a few members; of all that were announced, if these are among them."""
        announced = frozenset(self._announced.get((quantity, wide), ()))
        wanted = announced if few <= announced else few

        def made() -> _Columns:
            reader = cast(TableReader, self.reader)
            return self._named(reader.table(quantity, wide, self.span, tuple(wanted)), wide)

        return self.remembered(("few", quantity, wide, wanted), made)

    def _columns(self, quantity: Additive, wide: tuple[str, ...]) -> _Columns:
        return self.remembered(
            ("columns", quantity, wide), lambda: self._named(self.sums(quantity, wide), wide)
        )

    def _named(self, table: DailyTable, wide: tuple[str, ...]) -> _Columns:
        return _Columns(table, wide, self.name)


@dataclass(frozen=True, slots=True)
class _Columns:
    """A table whose columns are found by their members of each dimension."""

    table: DailyTable
    dimensions: tuple[str, ...]
    name: Callable[[str, str | None], str]
    _indexes: dict[str, Index] = field(default_factory=dict)

    def by(self, dimension: str) -> Index:
        if dimension not in self._indexes:
            at = self.dimensions.index(dimension)
            members = [ids[at] for ids in self.table.ids]
            self._indexes[dimension] = Index(members, partial(self.name, dimension))
        return self._indexes[dimension]


CERTAINTY = (DayState.MISSING, DayState.OPEN, DayState.SETTLING, DayState.SETTLED)
"""The states of a day, the least certain first."""
_NAMELESS = {
    "organization": "the organisation",
    "project": "(no project)",
    "model": "other (no model)",
    "snapshot": "other (no model)",
    "api_key": "(no key)",
}


def _wide(per: tuple[str, ...], match: Match) -> tuple[str, ...]:
    """The dimensions of `per`, and those that the match looks at."""
    wide = per + tuple(name for name, _ in match if name not in per)
    return tuple(name for name in wide if name != "organization")


def _narrow(ids: Ids, wide: tuple[str, ...], per: tuple[str, ...]) -> Ids:
    return tuple(ids[wide.index(name)] if name in wide else None for name in per)


def _folded(table: DailyTable, wide: tuple[str, ...], per: tuple[str, ...]) -> DailyTable:
    """The columns that are of one subject of `per` added up."""
    if wide == per:
        return table
    targets = [_narrow(ids, wide, per) for ids in table.ids]
    ids = tuple(sorted(set(targets), key=sort_key))
    values = np.zeros((len(table.span), len(ids)), dtype=np.int64)
    where = {target: n for n, target in enumerate(ids)}
    for column, target in enumerate(targets):
        values[:, where[target]] += table.values[:, column]
    return DailyTable(table.span, ids, values)


def _table(span: Span, sums: Sums) -> DailyTable:
    ids = tuple(sorted(sums, key=sort_key))
    values = np.zeros((len(span), len(ids)), dtype=np.int64)
    for column, member in enumerate(ids):
        for day, value in sums[member].items():
            values[(day - span.start).days, column] = value
    return DailyTable(span, ids, values)


def sort_key(ids: Ids) -> tuple[tuple[bool, str], ...]:
    """The order of subjects: by id, None last."""
    return tuple((member is None, member or "") for member in ids)


def trailing(today: date, days: int) -> Span:
    """The span of that many UTC days which ends with today."""
    return Span(today + ONE_DAY - days * ONE_DAY, today + ONE_DAY)
