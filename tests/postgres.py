"""A real PostgreSQL for tests marked `postgres`, and databases in it.

The server is the one that BOT_TEST_POSTGRES_URL names (its user may create databases and roles),
else a throw-away one, where its programs are installed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import make_url

from bot.store.database import open_lasting
from bot.store.schema import meta, metadata
from bot.store.version import VERSION
from tools.postgres import programs

VARIABLE = "BOT_TEST_POSTGRES_URL"
NO_SERVER = (
    f"no PostgreSQL: install the package `postgresql` (Debian, Ubuntu), or name one in {VARIABLE}"
)
THROW_AWAY = Path(__file__).parent.parent / "tools" / "postgres.py"


def is_available() -> bool:
    return VARIABLE in os.environ or programs() is not None


@contextmanager
def server_url() -> Iterator[str]:
    """A server, for as long as this lasts: the throw-away one ends even if this is killed."""
    if named := os.environ.get(VARIABLE):
        yield named
        return
    command = [sys.executable, str(THROW_AWAY)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.communicate()  # the end of its input is the end of the server


class Server:
    """Databases on a server."""

    def __init__(self, url: str) -> None:
        self._url = make_url(url)
        self._engine = sa.create_engine(self._url, isolation_level="AUTOCOMMIT")
        self._made: list[str] = []
        self._shared = self.new()
        open_lasting(self._shared).close()

    def new(self) -> str:
        """The URL of a new database without tables."""
        name = f"budget_bot_test_{uuid.uuid4().hex}"
        self.do(f"CREATE DATABASE {name} TEMPLATE template0")
        self._made.append(name)
        return self._url.set(database=name).render_as_string(hide_password=False)

    def emptied(self) -> str:
        """The URL of the database that tests have one after the other: the bot's, without rows.

        Ten times faster than a new one; not for tests that change tables.
        """
        engine = sa.create_engine(self._shared, poolclass=sa.NullPool)
        with engine.begin() as connection:
            for table in metadata.sorted_tables:
                connection.execute(table.delete())
            connection.execute(meta.insert().values(name="schema", value=str(VERSION)))
        return self._shared

    def do(self, *statements: str) -> None:
        """Statements of the server's owner, outside any of the databases."""
        with self._engine.connect() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)

    def close(self) -> None:
        """Remove the databases: the server may be somebody's own."""
        for name in self._made:
            self.do(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        self._engine.dispose()


def dump(url: str) -> dict[str, list[tuple[object, ...]]]:
    """Every relation of a database (tables, indexes, sequences, owners) and every row of it."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    catalog = sa.text(
        "SELECT n.nspname, c.relname, c.relkind, c.relowner FROM pg_class c "
        "JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema' ORDER BY 1, 2"
    )
    with engine.connect() as connection:
        relations = [tuple(row) for row in connection.execute(catalog)]
        found: dict[str, list[tuple[object, ...]]] = {"": relations}
        for schema, name, kind, _owner in relations:
            if kind in ("r", "S"):
                table = sa.table(str(name), schema=str(schema))
                rows = connection.execute(sa.select(sa.text("*")).select_from(table))
                found[f"{schema}.{name}"] = sorted((tuple(row) for row in rows), key=repr)
    return found
