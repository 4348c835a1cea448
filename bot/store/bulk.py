"""Many rows into a table at once, the fastest way each database has.

SQLAlchemy's own insert builds a dict for every row and binds it by name: for a day of 50,000 rows
that costs more than everything else together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain, islice
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

_MOST_VALUES = 900
"""SQLite binds 999 values to a statement at least (https://sqlite.org/limits.html). Many rows by
one statement take a quarter less time than as many statements."""


def insert_all(connection: Connection, table: sa.Table, rows: Iterable[tuple[Any, ...]]) -> None:
    """Inserts the rows, whose values are in the order of the table's columns.

    They are taken some hundred at a time, so that never all of them have to be there.
    """
    if connection.dialect.name == "postgresql":
        _copy(connection, table, rows)
        return
    rows, width = iter(rows), len(table.c)
    with _inserting(connection, table) as insert:
        while some := list(islice(rows, _MOST_VALUES // width)):
            insert(len(some), tuple(chain.from_iterable(some)))


def insert_columns(
    connection: Connection, table: sa.Table, batches: Iterable[Sequence[list[Any]]]
) -> None:
    """The same of rows that come as their columns, some thousand rows in a batch: no row is made
    on the way."""
    if connection.dialect.name == "postgresql":
        _copy(connection, table, chain.from_iterable(zip(*each, strict=True) for each in batches))
        return
    at_once = _MOST_VALUES // len(table.c)
    with _inserting(connection, table) as insert:
        for columns in batches:
            for start in range(0, len(columns[0]), at_once):
                some = [column[start : start + at_once] for column in columns]
                insert(len(some[0]), _interleaved(some))


def _interleaved(columns: Sequence[list[Any]]) -> list[Any]:
    """The values of the first row, then those of the second, and so on."""
    width = len(columns)
    values: list[Any] = [None] * (width * len(columns[0]))
    for place, column in enumerate(columns):
        values[place::width] = column
    return values


@contextmanager
def _inserting(
    connection: Connection, table: sa.Table
) -> Iterator[Callable[[int, Sequence[Any]], None]]:
    """Inserts so many rows, given all their values one after the other."""
    cursor: Any = connection.connection.cursor()
    # The name is our own schema's; the values are bound.
    command = f"INSERT INTO {table.name} VALUES "  # noqa: S608
    marks = f"({', '.join('?' * len(table.c))})"

    def insert(rows: int, values: Sequence[Any]) -> None:
        cursor.execute(command + ", ".join([marks] * rows), values)

    try:
        yield insert
    except connection.dialect.loaded_dbapi.Error as error:  # as SQLAlchemy's own commands raise it
        raise sa.exc.DBAPIError(command, None, error) from error
    finally:
        cursor.close()


def _copy(connection: Connection, table: sa.Table, rows: Iterable[tuple[Any, ...]]) -> None:
    """PostgreSQL's COPY (https://www.psycopg.org/psycopg3/docs/basic/copy.html)."""
    rows = iter(rows)
    first = list(islice(rows, 1))
    if not first:
        return
    columns = ", ".join(column.name for column in table.c)
    cursor: Any = connection.connection.cursor()
    command = f"COPY {table.name} ({columns}) FROM STDIN"
    try:
        with cursor, cursor.copy(command) as copy:
            for row in chain(first, rows):
                copy.write_row(row)
    except connection.dialect.loaded_dbapi.Error as error:  # as SQLAlchemy's own commands raise it
        raise sa.exc.DBAPIError(command, None, error) from error


def insert_of(connection: Connection) -> Any:
    """The `insert` that knows `ON CONFLICT`: one per database, of which one is loaded."""
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects.postgresql import insert  # noqa: PLC0415 - only what is used

        return insert
    from sqlalchemy.dialects.sqlite import insert as sqlite_insert  # noqa: PLC0415 - as above

    return sqlite_insert
