"""Columns of rows as lines of text, made by the database: a third of the work of the rows."""

from __future__ import annotations

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

_COMMA = ","


def packed(column: sa.ColumnElement[int]) -> sa.ColumnElement[str]:
    """All whole numbers of a column, in the order of its rows.

    Several columns packed by one query are in one order: they are made of the same rows, as they
    come.
    """
    line: sa.ColumnElement[str] = sa.func.aggregate_strings(sa.cast(column, sa.Text), _COMMA)
    return line


def unpacked(line: str, count: int) -> NDArray[np.int64]:
    """The numbers of a packed column, of which there are so many."""
    return np.fromstring(line, np.int64, count, sep=_COMMA)
