"""Many rows into a table at once, the fastest way each database has.

SQLAlchemy's own insert builds a dict for every row and binds it by name: for a day of 50,000 rows
that costs more than everything else together.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain, islice
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

_MOST_VALUES = 900
"""SQLite binds 999 values to a statement at least (https://sqlite.org/limits.html). Many rows by
one statement take a quarter less time than as many statements."""


def insert_all(connection: Connection, table: sa.Table, rows: Iterable[tuple[Any, ...]]) -> None:
    """Inserts the rows, whose values are in the order of the table's columns.

    They are taken one by one, so that never all of them have to be there.
    """
    if connection.dialect.name == "postgresql":
        _copy(connection, table, rows)
        return
    # The name is our own schema's; the values are bound.
    command, width = f"INSERT INTO {table.name} VALUES ", len(table.c)  # noqa: S608
    marks = f"({', '.join('?' * width)})"
    at_once = _MOST_VALUES // width
    several = command + ", ".join([marks] * at_once)
    rows = iter(rows)
    cursor: Any = connection.connection.cursor()
    try:
        while len(some := list(islice(rows, at_once))) == at_once:
            cursor.execute(several, tuple(chain.from_iterable(some)))
        cursor.executemany(command + marks, some)
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
