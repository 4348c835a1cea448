"""A database that cannot be used is told in a line, with a way out, and left as it was."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.errors import StoreError
from bot.store import memory
from bot.store.database import Database, open_forgetful, open_glanced, open_lasting
from bot.store.schema import meta, metadata, pulses
from bot.store.trouble import shown
from bot.store.version import VERSION

OPENERS = [open_lasting, open_forgetful]
Opener = Callable[[str], Database]


def url_of(file: Path, query: str = "") -> str:
    return f"sqlite:///{file}{query}"


def beat(database: Database, name: str) -> None:
    with database.writing() as connection:
        connection.execute(pulses.insert().values(name=name, at="2026"))


def beats(database: Database) -> list[str]:
    with database.reading() as connection:
        return list(connection.execute(sa.select(pulses.c.name)).scalars())


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A database with one pulse in it."""
    database = open_lasting(url_of(tmp_path / "bot.db"))
    beat(database, "kept")
    database.close()
    return tmp_path / "bot.db"


def sql(file: Path, *statements: str) -> None:
    connection = sqlite3.connect(file, isolation_level=None)
    for statement in statements:
        connection.execute(statement)
    connection.close()


def refused(opener: Opener, url: str) -> StoreError:
    with pytest.raises(StoreError) as error:
        opener(url)
    assert error.value.exit_code == 3
    assert "\n" not in error.value.message
    assert error.value.hint
    return error.value


def test_a_new_database_has_every_table_and_its_version(tmp_path: Path) -> None:
    database = open_lasting(url_of(tmp_path / "bot.db"))
    with database.reading() as connection:
        assert set(sa.inspect(connection).get_table_names()) == set(metadata.tables)
        assert connection.execute(sa.select(meta)).all() == [("schema", str(VERSION))]


def test_what_is_written_is_there_for_the_next(file: Path) -> None:
    assert beats(open_lasting(url_of(file))) == ["kept"]


def test_an_empty_file_is_a_new_database(tmp_path: Path) -> None:
    (tmp_path / "bot.db").touch()
    beat(open_lasting(url_of(tmp_path / "bot.db")), "first")


def test_writing_is_all_or_nothing(file: Path) -> None:
    database = open_lasting(url_of(file))

    def fail_halfway(connection: Connection) -> None:
        connection.execute(pulses.insert().values(name="half", at="2026"))
        raise KeyError

    with pytest.raises(KeyError), database.writing() as connection:
        fail_halfway(connection)
    assert beats(database) == ["kept"]


def test_commits_are_on_the_disk_and_journals_are_rolled_back(file: Path) -> None:
    with open_lasting(url_of(file)).reading() as connection:
        pragmas = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("synchronous", "journal_mode")
        ]
    assert pragmas == [2, "delete"]  # 2 is FULL (https://sqlite.org/pragma.html)


@pytest.mark.parametrize("opener", OPENERS)
def test_a_newer_schema_is_refused(file: Path, opener: Opener) -> None:
    sql(file, "UPDATE meta SET value = '7'")
    before = file.read_bytes()
    error = refused(opener, url_of(file))
    assert str(error) == (
        f"sqlite:///{file}: written by a newer version of the bot (schema 7; this one knows "
        f"{VERSION})\n"
        "  update openai-budget-bot, or give this version its own store.url"
    )
    assert file.read_bytes() == before


@pytest.mark.parametrize("opener", OPENERS)
@pytest.mark.parametrize(
    "tables",
    [
        ["CREATE TABLE invoices (id INTEGER)"],
        ["CREATE TABLE meta (id INTEGER)"],
        ["CREATE TABLE meta (name TEXT, value TEXT)", "INSERT INTO meta VALUES ('schema', '1')"],
    ],
)
def test_the_database_of_another_program_is_refused(
    tmp_path: Path, opener: Opener, tables: list[str]
) -> None:
    file = tmp_path / "other.db"
    sql(file, *tables)
    before = file.read_bytes()
    error = refused(opener, url_of(file))
    assert str(error) == (
        f"sqlite:///{file}: this database belongs to another program\n"
        "  give the bot a database of its own in store.url"
    )
    assert file.read_bytes() == before


@pytest.mark.parametrize("opener", OPENERS)
@pytest.mark.parametrize("damage", ["DELETE FROM meta", "UPDATE meta SET value = 'seven'"])
def test_a_database_without_a_version_is_refused(file: Path, opener: Opener, damage: str) -> None:
    sql(file, damage)
    assert "belongs to another program" in refused(opener, url_of(file)).message


@pytest.mark.parametrize("opener", OPENERS)
def test_what_is_no_database_is_refused(tmp_path: Path, opener: Opener) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("shopping list\n" * 100)
    before = file.read_bytes()
    error = refused(opener, url_of(file))
    assert str(error) == (
        f"sqlite:///{file}: file is not a database\n"
        "  the file is something else or damaged: restore a backup or move it away"
    )
    assert file.read_bytes() == before


@pytest.mark.parametrize("opener", OPENERS)
def test_a_damaged_database_is_refused(file: Path, opener: Opener) -> None:
    damaged = bytearray(file.read_bytes())
    damaged[100:] = b"\xff" * (len(damaged) - 100)
    file.write_bytes(damaged)
    error = refused(opener, url_of(file))
    assert str(error) == (
        f"sqlite:///{file}: database disk image is malformed\n"
        "  the file is damaged: restore a backup, or move it away and fetch again"
    )
    assert file.read_bytes() == damaged


@pytest.mark.parametrize("opener", OPENERS)
def test_a_folder_is_no_database(tmp_path: Path, opener: Opener) -> None:
    error = refused(opener, url_of(tmp_path))
    assert str(error) == (
        f"sqlite:///{tmp_path}: unable to open database file\n"
        "  the folder must exist and be writable for this user"
    )


def test_a_folder_that_does_not_exist_is_not_made(tmp_path: Path) -> None:
    assert "unable to open" in refused(open_lasting, url_of(tmp_path / "no" / "bot.db")).message
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_may_not_be_written_is_told_when_something_is(file: Path) -> None:
    before = file.read_bytes()
    database = open_lasting(f"sqlite:///file:{file}?mode=ro&uri=true")
    assert beats(database) == ["kept"]
    with pytest.raises(StoreError) as error:
        beat(database, "new")
    assert error.value.message.endswith("attempt to write a readonly database")
    assert error.value.hint == (
        "make the file and its folder writable for this user, or change store.url"
    )
    assert file.read_bytes() == before


@pytest.mark.parametrize("opener", OPENERS)
def test_a_database_that_another_holds_is_told_after_a_wait(file: Path, opener: Opener) -> None:
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    error = refused(opener, url_of(file, "?timeout=0.01"))
    assert str(error) == (
        f"sqlite:///{file}?timeout=0.01: database is locked\n"
        "  another process holds it: wait for it to end, or give this one its own store.url"
    )
    other.close()
    opener(url_of(file, "?timeout=0.01"))


def test_who_only_reads_is_not_kept_out_by_who_is_about_to_write(file: Path) -> None:
    writer = sqlite3.connect(file, isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    assert beats(open_lasting(url_of(file, "?timeout=0.01"))) == ["kept"]
    assert beats(open_forgetful(url_of(file, "?timeout=0.01"))) == ["kept"]
    writer.close()


def test_of_two_writers_the_second_waits_before_it_reads(file: Path) -> None:
    one, two = (open_lasting(url_of(file, "?timeout=0.01")) for _ in range(2))
    with one.writing() as connection:
        with pytest.raises(StoreError, match="database is locked"), two.writing():
            pytest.fail("what it would read here is about to change")
        connection.execute(pulses.insert().values(name="one", at="2026"))
    beat(two, "two")
    assert sorted(beats(one)) == ["kept", "one", "two"]


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("budget-bot.db", "store.url is not a database URL"),
        ("", "store.url is not a database URL"),
        ("mongodb://x/y", "store.url: no driver for mongodb"),
        ("sqlite:///x.db?timeout=soon", "store.url: timeout is not a number of seconds"),
    ],
)
def test_a_url_that_names_no_database_is_refused(url: str, message: str) -> None:
    assert refused(open_lasting, url).message == message


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql+psycopg://bot:hunter2@db/budget", "postgresql+psycopg://bot:***@db/budget"),
        ("sqlite:///bot.db", "sqlite:///bot.db"),
        ("hunter2", "store.url"),
    ],
)
def test_a_password_is_never_shown(url: str, said: str) -> None:
    assert shown(url) == said


def test_a_forgetful_database_changes_no_byte(file: Path) -> None:
    before, stamp = file.read_bytes(), file.stat().st_mtime_ns
    database = open_forgetful(url_of(file))
    beat(database, "new")
    assert sorted(beats(database)) == ["kept", "new"]
    database.close()
    assert (file.read_bytes(), file.stat().st_mtime_ns) == (before, stamp)
    assert [each.name for each in file.parent.iterdir()] == ["bot.db"]


def test_a_forgetful_database_makes_no_file(tmp_path: Path) -> None:
    database = open_forgetful(url_of(tmp_path / "no" / "bot.db"))
    beat(database, "new")
    assert beats(database) == ["new"]
    database.close()
    assert list(tmp_path.iterdir()) == []


def test_a_name_with_signs_of_a_url_is_the_file_it_names(tmp_path: Path) -> None:
    file = tmp_path / "a #b%41.db"
    beat(open_lasting(url_of(file)), "kept")
    assert beats(open_forgetful(url_of(file))) == ["kept"]


KILLED_WHILE_WRITING = """
import os, sqlite3, sys
bot = sqlite3.connect(sys.argv[1], isolation_level=None)
bot.execute("PRAGMA cache_size=1")
bot.execute("BEGIN IMMEDIATE")
for n in range(500):
    bot.execute("INSERT INTO pulses VALUES (?, '2026', ?)", (f"lost {n}", "x" * 500))
os._exit(9)
"""


def test_what_a_killed_process_left_half_done_is_undone_but_not_by_a_dry_run(file: Path) -> None:
    whole = file.read_bytes()
    subprocess.run([sys.executable, "-c", KILLED_WHILE_WRITING, str(file)], check=False)
    torn = {each.name: each.read_bytes() for each in file.parent.iterdir()}
    assert set(torn) == {"bot.db", "bot.db-journal"}
    assert torn["bot.db"] != whole
    assert beats(open_forgetful(url_of(file))) == ["kept"]
    assert {each.name: each.read_bytes() for each in file.parent.iterdir()} == torn
    assert beats(open_lasting(url_of(file))) == ["kept"]
    assert {each.name for each in file.parent.iterdir()} == {"bot.db"}


def test_a_large_file_is_copied_aside_and_nothing_is_left_of_it(
    file: Path, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    aside = tmp_path_factory.mktemp("aside")
    monkeypatch.setattr(tempfile, "tempdir", str(aside))
    monkeypatch.setattr(memory, "IN_MEMORY", 0)
    before = file.read_bytes()
    database = open_forgetful(url_of(file))
    beat(database, "new")
    assert sorted(beats(database)) == ["kept", "new"]
    assert list(aside.iterdir()) == []
    database.close()
    assert file.read_bytes() == before


def test_a_large_file_without_room_for_a_copy_is_copied_into_memory(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(file.parent / "gone"))
    monkeypatch.setattr(memory, "IN_MEMORY", 0)
    assert beats(open_forgetful(url_of(file))) == ["kept"]


def test_a_glance_is_at_the_file_itself_and_cannot_change_it(file: Path) -> None:
    database = open_glanced(url_of(file))
    assert beats(database) == ["kept"]
    with pytest.raises(StoreError):
        beat(database, "new")
    assert beats(open_glanced(url_of(file.parent / "none.db"))) == []
    assert not (file.parent / "none.db").exists()
