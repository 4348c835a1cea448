"""A day's costs as columns of numbers, which take a tenth of the room of a million rows. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import repeat
from typing import NamedTuple, overload

import numpy as np
from numpy.typing import NDArray

from bot.spend.rows import CostDay, CostRow

_AT_ONCE = 8_192


class Coded(NamedTuple):
    """A column of few different words: each once, and its number for every row."""

    words: tuple[str | None, ...]
    codes: NDArray[np.int32]

    def some(self, rows: slice) -> list[str | None]:
        """The words of some rows."""
        words = self.words
        return [words[code] for code in self.codes[rows].tolist()]

    def at(self, rows: NDArray[np.intp]) -> Coded:
        """The column of some rows, in that order."""
        return Coded(self.words, self.codes[rows])


def coded(words: Iterable[str | None]) -> Coded:
    """A column of the words."""
    known: dict[str | None, int] = {}
    codes = [known.setdefault(word, len(known)) for word in words]
    return Coded(tuple(known), np.array(codes, dtype=np.int32))


@dataclass(frozen=True, slots=True, eq=False)
class CostColumns(Sequence[CostRow]):
    """The rows of one day. Reads like a tuple of `CostRow`; each is made when it is asked for.

    `nanos` are nanos; a quantity that is not known is NaN.
    """

    day: date
    projects: Coded
    line_items: Coded
    api_keys: Coded
    nanos: NDArray[np.int64]
    quantities: NDArray[np.float64]
    units: Coded

    @classmethod
    def of(cls, day: date, rows: Iterable[CostRow]) -> CostColumns:
        """The columns of rows, which are all of that day. Raises OverflowError for an amount
        of more than 64 bits."""
        rows = tuple(rows)
        unknown = float("nan")
        amounts = [unknown if row.quantity is None else row.quantity for row in rows]
        return cls(
            day=day,
            projects=coded(row.project_id for row in rows),
            line_items=coded(row.line_item for row in rows),
            api_keys=coded(row.api_key_id for row in rows),
            nanos=np.array([row.nanos for row in rows], dtype=np.int64),
            quantities=np.array(amounts, dtype=np.float64),
            units=coded(row.quantity_unit for row in rows),
        )

    @property
    def dimensions(self) -> tuple[Coded, Coded, Coded]:
        """What tells rows apart: project, line item, API key."""
        return self.projects, self.line_items, self.api_keys

    def at(self, rows: NDArray[np.intp]) -> CostColumns:
        """Some of the rows, in that order."""
        return CostColumns(
            self.day,
            self.projects.at(rows),
            self.line_items.at(rows),
            self.api_keys.at(rows),
            self.nanos[rows],
            self.quantities[rows],
            self.units.at(rows),
        )

    @property
    def total(self) -> int:
        """Nanos of all rows."""
        return sum(self.nanos.tolist())

    @property
    def gross(self) -> int:
        """The same, credits counted like charges."""
        return sum(np.abs(self.nanos).tolist())

    def by_project(self) -> dict[str | None, int]:
        """Nanos of the projects with any row that costs something."""
        used, places = np.unique(self.projects.codes[self.nanos != 0], return_inverse=True)
        sums = np.zeros(len(used), dtype=np.int64)
        np.add.at(sums, places, self.nanos[self.nanos != 0])
        words = self.projects.words
        return {words[code]: n for code, n in zip(used.tolist(), sums.tolist(), strict=True)}

    def spent_by_key(self) -> dict[tuple[str, str], int]:
        """Nanos by project and API key, of rows that name both."""
        width = len(self.api_keys.words)
        pairs = self.projects.codes.astype(np.int64) * width + self.api_keys.codes
        used, places = np.unique(pairs, return_inverse=True)
        sums = np.zeros(len(used), dtype=np.int64)
        np.add.at(sums, places, self.nanos)
        found: dict[tuple[str, str], int] = {}
        for pair, nanos in zip(used.tolist(), sums.tolist(), strict=True):
            project, key = self.projects.words[pair // width], self.api_keys.words[pair % width]
            if project and key:
                found[project, key] = nanos
        return found

    def __len__(self) -> int:
        return len(self.nanos)

    def __iter__(self) -> Iterator[CostRow]:
        for start in range(0, len(self), _AT_ONCE):
            yield from self._some(slice(start, start + _AT_ONCE))

    @overload
    def __getitem__(self, index: int) -> CostRow: ...

    @overload
    def __getitem__(self, index: slice) -> list[CostRow]: ...

    def __getitem__(self, index: int | slice) -> CostRow | list[CostRow]:
        if isinstance(index, slice):
            return list(self._some(index))
        return next(self._some(slice(index, index + 1 or None)))

    def __eq__(self, other: object) -> bool:
        return tuple(self) == tuple(other) if isinstance(other, Sequence) else NotImplemented

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return repr(tuple(self))

    def _some(self, rows: slice) -> Iterator[CostRow]:
        columns = (column.some(rows) for column in self.dimensions)
        made = zip(
            repeat(self.day),
            *columns,
            self.nanos[rows].tolist(),
            known(self.quantities[rows]),
            self.units.some(rows),
            strict=False,
        )
        return map(CostRow._make, made)


def columns_of(fetched: CostDay) -> CostColumns:
    """The rows of a day as columns. Raises OverflowError, see `CostColumns.of`."""
    rows = fetched.rows
    return rows if isinstance(rows, CostColumns) else CostColumns.of(fetched.day, rows)


def known(quantities: NDArray[np.float64]) -> list[float | None]:
    """The numbers, None for NaN."""
    found: list[float | None] = quantities.tolist()
    unknown = np.isnan(quantities)
    for n in np.flatnonzero(unknown):
        found[n] = None
    return found
