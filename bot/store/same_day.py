"""Whether a day of costs is held already, exactly as it was read.

Most days of the window are as they were an hour ago: there is nothing to write then.
"""

from __future__ import annotations

from itertools import islice
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlalchemy.engine import Connection

from bot.spend.columns import Coded
from bot.store.day_rows import DayRows
from bot.store.packing import packed, unpacked
from bot.store.schema import cost_rows, cost_sums

_AT_ONCE = 8_192
_MOST_PACKED = 100_000
"""Rows whose lines of text are in memory at once: some MB."""
_UNKNOWN = 2**62
"""Stands for a quantity that is not known; none is so large (`LARGEST_COUNT` of the source)."""
_NO_UNIT, _BETWEEN = "\x1e", "\x1f"
_KEY = (cost_rows.c.project, cost_rows.c.line_item, cost_rows.c.api_key)


def is_stored(connection: Connection, rows: DayRows) -> bool:
    """Whether the day is held with exactly these rows."""
    day = rows.columns.day.toordinal()
    total = sa.select(cost_sums.c.nanos).where(
        cost_sums.c.dimension == "organization", cost_sums.c.day == day
    )
    if not len(rows) or connection.execute(total).scalar() != rows.columns.total:
        return False
    if connection.dialect.name == "sqlite" and _is_packable(rows):
        return _is_same_packed(connection, rows)
    return _is_same(connection, rows)


def _is_same(connection: Connection, rows: DayRows) -> bool:
    """Row by row."""
    of_day = cost_rows.c.day == rows.columns.day.toordinal()
    query = sa.select(cost_rows).where(of_day).order_by(*_KEY)
    cursor: Any = connection.execute(query).cursor
    new = rows.cost_rows()
    while held := cursor.fetchmany(_AT_ONCE):
        if held != list(islice(new, len(held))):
            return False
    return next(new, None) is None


def _is_packable(rows: DayRows) -> bool:
    """Whether all of it can be said in whole numbers, and a few words."""
    quantities = rows.columns.quantities
    known = quantities[~np.isnan(quantities)]
    words = "".join(word or "" for word in rows.columns.units.words)
    has_mark = _NO_UNIT in words or _BETWEEN in words
    whole = (np.abs(known) < _UNKNOWN) & (known == np.trunc(known))
    return len(rows) <= _MOST_PACKED and not has_mark and bool(whole.all())


def _is_same_packed(connection: Connection, rows: DayRows) -> bool:
    """Column by column, as lines of text. They are in one order: SQLite walks along the key.

    Were it another, they would differ, and the same day be written once more.
    """
    held = connection.execute(_PACKED, {"day": rows.columns.day.toordinal()}).one()
    count, broken, units, *lines = held
    if count != len(rows) or broken:
        return False
    numbers = (rows.project, rows.line_item, rows.api_key, rows.model, rows.columns.nanos)
    columns = (*numbers, _whole(rows.columns.quantities))
    return units == _told(rows.columns.units) and all(
        np.array_equal(unpacked(line, count), column)
        for line, column in zip(lines, columns, strict=True)
    )


def _whole(quantities: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.where(np.isnan(quantities), _UNKNOWN, quantities).astype(np.int64)


def _told(units: Coded) -> str:
    words = [_NO_UNIT if word is None else word for word in units.words]
    return _BETWEEN.join([words[code] for code in units.codes.tolist()])


_QUANTITY = sa.cast(cost_rows.c.quantity, sa.BigInteger)
_LINES: list[sa.ColumnElement[Any]] = [
    sa.func.count(),
    sa.func.sum(sa.cast(cost_rows.c.quantity != _QUANTITY, sa.Integer)),  # not a whole number
    sa.func.aggregate_strings(sa.func.coalesce(cost_rows.c.quantity_unit, _NO_UNIT), _BETWEEN),
    *map(packed, (*_KEY, cost_rows.c.model, cost_rows.c.nanos)),
    packed(sa.func.coalesce(_QUANTITY, _UNKNOWN)),
]
_PACKED = sa.select(*_LINES).where(cost_rows.c.day == sa.bindparam("day"))
