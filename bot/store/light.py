"""A database without SQLAlchemy, for what must be small or quick: the idle worker, `bot health`.

One statement or one transaction at a time, on a connection that is closed after it, so that no
process keeps a file or a server waiting. Statements have `?` for values, on both systems.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Protocol

from bot.errors import StoreError

Statement = tuple[str, Sequence[Any]]
Row = tuple[Any, ...]

_WAIT_SECONDS = 2.0
_SERVER_SECONDS = 3


class Light(Protocol):
    """A database that is there, with the tables of `bot.store.schema`."""

    def rows(self, sql: str, *values: Any) -> list[Row]:
        """What a query finds. Raises StoreError, in one line."""

    def change(self, *statements: Statement) -> list[int]:
        """Carries out the statements in one transaction: how many rows each changed."""


class LightFile:
    """A SQLite file. It is never made: a missing one is a StoreError."""

    def __init__(self, path: Path, wait: float = _WAIT_SECONDS) -> None:
        self._path = path
        self._wait = wait

    def exists(self) -> bool:
        """Whether there is one, or may be: SQLite says why one cannot be looked at."""
        try:
            self._path.stat()
        except FileNotFoundError:
            return False
        except OSError:  # a circle of links too, of which Path.exists says that nothing is there
            return True
        return True

    def rows(self, sql: str, *values: Any) -> list[Row]:
        if not self.exists():
            raise StoreError(f"there is no database yet at {self._path}")
        try:
            with closing(self._connected("ro")) as connection:
                return connection.execute(sql, values).fetchall()
        except sqlite3.Error as error:
            raise StoreError(f"{self._path}: {error}") from error

    def together(self, *statements: Statement) -> list[list[Row]]:
        """What each query finds, all of one state. Raises StoreError."""
        try:
            with closing(self._connected("ro")) as connection:
                connection.execute("BEGIN")
                return [connection.execute(sql, values).fetchall() for sql, values in statements]
        except sqlite3.Error as error:
            raise StoreError(f"{self._path}: {error}") from error

    def change(self, *statements: Statement) -> list[int]:
        try:
            with closing(self._connected("rw")) as connection:
                connection.execute("PRAGMA synchronous=FULL")
                connection.execute("BEGIN IMMEDIATE")
                changed = [connection.execute(sql, values).rowcount for sql, values in statements]
                connection.execute("COMMIT")
                return changed
        except sqlite3.Error as error:
            raise StoreError(f"{self._path}: {error}") from error

    def _connected(self, mode: str) -> sqlite3.Connection:
        uri = f"{self._path.as_uri()}?mode={mode}"
        return sqlite3.connect(uri, uri=True, timeout=self._wait, isolation_level=None)


class LightServer:
    """A PostgreSQL server."""

    def __init__(self, url: str) -> None:
        self._url = url

    def rows(self, sql: str, *values: Any) -> list[Row]:
        with self._connected() as connection:
            return list(connection.execute(in_percent(sql), values).fetchall())

    def change(self, *statements: Statement) -> list[int]:
        with self._connected() as connection:
            return [connection.execute(in_percent(sql), v).rowcount for sql, v in statements]

    def _connected(self) -> Any:
        return _Explained(self._url)


class _Explained:
    """A psycopg connection for one transaction, whose errors are StoreErrors of one line."""

    def __init__(self, url: str) -> None:
        import psycopg  # noqa: PLC0415 - the extra `postgres`

        self._errors = psycopg.Error
        try:
            self._connection = psycopg.connect(url, connect_timeout=_SERVER_SECONDS)
        except psycopg.Error as error:
            raise StoreError(_one_line(error)) from None

    def __enter__(self) -> Any:
        return self._connection

    def __exit__(self, kind: Any, error: Any, traceback: Any) -> None:
        try:
            self._connection.__exit__(kind, error, traceback)
        except self._errors as failed:
            raise StoreError(_one_line(failed)) from None
        if isinstance(error, self._errors):
            raise StoreError(_one_line(error)) from None


def open_light(url: str) -> Light:
    """The database at an absolute `store.url`. Nothing is connected yet."""
    if url.startswith("sqlite"):
        return LightFile(Path(url.partition(":///")[2].partition("?")[0]))
    scheme, colon, rest = url.partition(":")
    return LightServer(f"{scheme.partition('+')[0]}{colon}{rest}")


def plain_file(url: str, wait: float) -> LightFile | None:
    """The SQLite file at an absolute `store.url` that says nothing but its place."""
    path = url.removeprefix("sqlite:///")
    if path == url or "?" in path or not path.startswith("/"):
        return None
    return LightFile(Path(path), wait)


def in_percent(sql: str) -> str:
    """The same statement for a driver that writes `%s` where a value goes."""
    return sql.replace("%", "%%").replace("?", "%s")


def _one_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
