"""An older database is brought along a step at a time, or left as it was."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.store.database import open_lasting
from bot.store.migrations import STEPS, migrate
from bot.store.schema import VERSION, meta


def _schema(connection: Connection) -> str | None:
    return connection.execute(sa.select(meta.c.value).where(meta.c.name == "schema")).scalar()


def _add(column: str) -> sa.TextClause:
    return sa.text(f"ALTER TABLE names ADD COLUMN {column} TEXT")


def test_steps_run_in_order_and_the_version_follows(tmp_path: Path) -> None:
    database = open_lasting(f"sqlite:///{tmp_path / 'bot.db'}")

    def first(connection: Connection) -> None:
        connection.execute(_add("one"))

    def second(connection: Connection) -> None:
        connection.execute(sa.text("ALTER TABLE names RENAME COLUMN one TO two"))

    with database.writing() as connection:
        migrate(connection, 1, 3, {1: first, 2: second})
    with database.reading() as connection:
        assert _schema(connection) == "3"
        assert "two" in {c["name"] for c in sa.inspect(connection).get_columns("names")}


def test_a_step_that_fails_leaves_the_database_as_it_was(tmp_path: Path) -> None:
    database = open_lasting(f"sqlite:///{tmp_path / 'bot.db'}")

    def broken(connection: Connection) -> None:
        connection.execute(_add("half"))
        raise RuntimeError("half way")

    with pytest.raises(RuntimeError), database.writing() as connection:
        migrate(connection, 1, 2, {1: broken})
    with database.reading() as connection:
        assert _schema(connection) == str(VERSION)
        assert "half" not in {c["name"] for c in sa.inspect(connection).get_columns("names")}


def test_there_is_a_step_from_every_older_schema() -> None:
    assert set(STEPS) == set(range(1, VERSION))
