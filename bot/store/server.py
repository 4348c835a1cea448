"""PostgreSQL: how its transactions begin, and how a dry run leaves it alone.

Writers wait for each other, as they do on SQLite: each transaction that writes holds one advisory
lock to its end. What it reads and then decides on cannot change under it, and neither deadlocks
nor failed serializations can come of it, so nothing is tried twice. None of them waits for a
network, so the queue is short.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection, Engine

from bot.errors import StoreError
from bot.store.schema import metadata
from bot.store.trouble import explained

_CONNECT_SECONDS = 10

_WRITERS = int.from_bytes(b"budget", "big")
"""The advisory lock of the bot's writers. Such locks are known to one database only."""

_BEGINNINGS = {
    "write": (
        # Whatever the server's default is: what is read after the wait is not as it was before.
        "SET TRANSACTION ISOLATION LEVEL READ COMMITTED",
        # The wait is longer than a frozen process can hold the lock: the server ends it before.
        "SET LOCAL lock_timeout = '30s'",
        "SET LOCAL idle_in_transaction_session_timeout = '20s'",
        f"SELECT pg_advisory_xact_lock({_WRITERS})",
    ),
    "forget": ("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ",),
    "read": ("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY",),
}

_TEMPORARY_FIRST = (
    "SELECT set_config('search_path', 'pg_temp, ' || current_setting('search_path'), true)"
)


def server_engine(url: URL) -> Engine:
    """An engine whose transactions read one consistent state, or write one after the other."""
    own = {} if "connect_timeout" in url.query else {"connect_timeout": _CONNECT_SECONDS}
    try:
        engine = sa.create_engine(url, pool_pre_ping=True, connect_args=own)
    except (sa.exc.NoSuchModuleError, ModuleNotFoundError):
        raise StoreError(
            f"store.url: no driver for {url.drivername}",
            hint="install the extra: pip install 'openai-budget-bot[postgres]'",
        ) from None

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        for statement in _BEGINNINGS[connection.get_execution_options().get("begins", "read")]:
            connection.exec_driver_sql(statement)

    return engine


class ForgetfulServer:
    """A database server on which nothing is ever committed: all work is one rolled-back whole.

    Writers among other processes are not held up: what is changed here are temporary copies.
    """

    def __init__(self, engine: Engine, where: str) -> None:
        self._where = where
        self._copied = False
        with explained(where):
            self._connection = engine.connect().execution_options(begins="forget")
            self._whole = self._connection.begin()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        with explained(self._where):
            yield self._connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        with explained(self._where):
            if not self._copied:
                _put_copies_in_front(self._connection)
                self._copied = True
            with self._connection.begin_nested():
                yield self._connection

    def close(self) -> None:
        self._whole.rollback()
        self._connection.close()
        self._connection.engine.dispose()


def _put_copies_in_front(connection: Connection) -> None:
    """Temporary tables with the same names, columns and rows, found before the lasting ones.

    Tables made from here on are temporary, too.
    """
    inspector = sa.inspect(connection)
    lasting = inspector.default_schema_name
    there = set(inspector.get_table_names(lasting)) & set(metadata.tables)
    connection.exec_driver_sql(_TEMPORARY_FIRST)
    for name in sorted(there):
        columns = [column["name"] for column in inspector.get_columns(name, lasting)]
        original, copy = (
            sa.table(name, *map(sa.column, columns), schema=schema)
            for schema in (lasting, "pg_temp")
        )
        source = connection.dialect.identifier_preparer.format_table(original)
        connection.exec_driver_sql(f"CREATE TABLE {name} (LIKE {source} INCLUDING ALL)")
        connection.execute(copy.insert().from_select(columns, sa.select(original)))
