"""How a database is opened, read and written, and how its failures are told.

SQLite runs with a rollback journal and `synchronous=FULL`: WAL has a bug that can lose commits
in every SQLite below 3.51.3 (https://sqlite.org/wal.html#walresetbug), and one small writer gains
nothing from it.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Protocol

import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection, Engine, make_url
from sqlalchemy.pool import NullPool, StaticPool

from bot.errors import StoreError
from bot.store.memory import copied
from bot.store.migrations import migrate
from bot.store.schema import days, meta, metadata, outbox
from bot.store.server import ForgetfulServer, server_engine
from bot.store.trouble import explained, shown
from bot.store.version import VERSION

_LOCK_WAIT_SECONDS = 10
"""How long to wait for another process; `?timeout=` in the URL says otherwise."""


class Database(Protocol):
    """A database to read from and write to."""

    def reading(self) -> AbstractContextManager[Connection]:
        """A connection for reading one consistent state."""

    def writing(self) -> AbstractContextManager[Connection]:
        """A connection whose changes are committed together at the end, or not at all."""

    def close(self) -> None:
        """Let go of it."""


class LastingDatabase:
    """A database that keeps what is written."""

    def __init__(self, engine: Engine, where: str) -> None:
        self._engine = engine
        self._where = where

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        with explained(self._where), self._engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        with (
            explained(self._where),
            self._engine.connect().execution_options(begins="write") as connection,
            connection.begin(),
        ):
            yield connection

    def close(self) -> None:
        self._engine.dispose()


def open_lasting(url: str) -> Database:
    """The database at the URL, its tables made if there are none.

    Raises StoreError when it is newer than this program, locked, read-only, corrupt or
    unreachable; it is then left as it was.
    """
    parsed = _parsed(url)
    engine = _sqlite_file(parsed) if _is_sqlite(parsed) else server_engine(parsed)
    return _prepared(LastingDatabase(engine, shown(url)), url)


def open_forgetful(url: str) -> Database:
    """The database at the URL as it is now, to be changed without any change remaining.

    A SQLite file is copied and not touched, nor made if it does not exist. On a
    server, tables are copied into temporary ones by the first change, and all is rolled back at
    the end; other processes are not held up.
    """
    parsed = _parsed(url)
    if not _is_sqlite(parsed):
        return _prepared(ForgetfulServer(server_engine(parsed), shown(url)), url)
    with explained(shown(url)):
        return _prepared(LastingDatabase(_in_memory(parsed), shown(url)), url)


def open_glanced(url: str) -> Database:
    """The database at the URL for a few quick questions, without a copy of it.

    A SQLite file is opened read-only; while a question is read, nobody can write. One that is
    missing, of another version or in need of repair is opened as `open_forgetful` does.
    """
    parsed = _parsed(url)
    file = Path(parsed.database) if _is_sqlite(parsed) and parsed.database else None
    if file is not None and os.path.isfile(file):  # noqa: PTH113 - raises nothing
        database = LastingDatabase(_read_only(file, _wait_seconds(parsed)), shown(url))
        with suppress(StoreError), database.reading() as connection:
            if _known_version(connection, url) == VERSION:
                return database
        database.close()
    return open_forgetful(url)


def _read_only(file: Path, wait: float) -> Engine:
    uri = f"{file.resolve().as_uri()}?mode=ro"
    engine = sa.create_engine(
        "sqlite://",
        creator=lambda: sqlite3.connect(uri, uri=True, timeout=wait, check_same_thread=False),
        poolclass=NullPool,
    )
    return _with_own_transactions(engine)


def _parsed(url: str) -> URL:
    try:
        parsed = make_url(url)
    except sa.exc.ArgumentError:
        raise StoreError(
            "store.url is not a database URL",
            hint="write sqlite:///budget-bot.db or postgresql+psycopg://user@host/name",
        ) from None
    named_by_others = parsed.drivername in {"postgresql", "postgres"}
    return parsed.set(drivername="postgresql+psycopg") if named_by_others else parsed


def _is_sqlite(url: URL) -> bool:
    return url.drivername.partition("+")[0] == "sqlite"


def _sqlite_file(url: URL) -> Engine:
    connect = {"timeout": _wait_seconds(url)}
    return _with_own_transactions(sa.create_engine(url, poolclass=NullPool, connect_args=connect))


def _wait_seconds(url: URL) -> float:
    try:
        return float(str(url.query.get("timeout", _LOCK_WAIT_SECONDS)))
    except ValueError:
        raise StoreError(
            "store.url: timeout is not a number of seconds", hint="write ?timeout=10"
        ) from None


def _in_memory(url: URL) -> Engine:
    memory = copied(Path(url.database) if url.database else None, _wait_seconds(url))
    engine = sa.create_engine("sqlite://", creator=lambda: memory, poolclass=StaticPool)
    return _with_own_transactions(engine)


def _with_own_transactions(engine: Engine) -> Engine:
    """BEGIN IMMEDIATE for writers, so that two of them wait for each other instead of failing."""

    @sa.event.listens_for(engine, "connect")
    def _configure(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA synchronous=FULL")

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("begins") == "write"
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _prepared(database: Database, url: str) -> Database:
    try:
        with database.reading() as connection:
            known = _known_version(connection, url)
        if known != VERSION:
            with database.writing() as connection:
                _bring_along(connection, url)
    except BaseException:
        database.close()
        raise
    return database


def _bring_along(connection: Connection, url: str) -> None:
    """Asks again what is there: another process may have brought it along in the meantime."""
    known = _known_version(connection, url)
    if known is None:
        metadata.create_all(connection)
        connection.execute(meta.insert().values(name="schema", value=str(VERSION)))
    else:
        migrate(connection, known, VERSION)


def _known_version(connection: Connection, url: str) -> int | None:
    """The schema that is there; None for an empty database."""
    inspector = sa.inspect(connection)
    present = set(inspector.get_table_names(inspector.default_schema_name))
    if not present:
        return None
    _refuse_foreign(present, url)
    version = _version(connection, url)
    if version > VERSION:
        raise StoreError(
            f"{shown(url)}: written by a newer version of the bot (schema {version}; this one "
            f"knows {VERSION})",
            hint="update openai-budget-bot, or give this version its own store.url",
        )
    return version


def _refuse_foreign(tables: set[str], url: str) -> None:
    if not {table.name for table in (meta, days, outbox)} <= tables:
        raise _foreign(url)


def _foreign(url: str) -> StoreError:
    return StoreError(
        f"{shown(url)}: this database belongs to another program",
        hint="give the bot a database of its own in store.url",
    )


def _version(connection: Connection, url: str) -> int:
    found = connection.execute(sa.select(meta.c.value).where(meta.c.name == "schema")).scalar()
    if found is None or not found.isdecimal():
        raise _foreign(url)
    return int(found)
