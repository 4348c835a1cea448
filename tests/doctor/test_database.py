"""What can be seen of a database without changing it."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import pytest

from bot.doctor.checkup import Check
from bot.doctor.database import database_checks, known_ids
from bot.store.database import open_lasting
from bot.store.version import VERSION


def looked_at(file: Path | str) -> dict[str, tuple[str, str]]:
    url = f"sqlite:///{file}" if isinstance(file, Path) else file
    checks: list[Check] = list(database_checks(url))
    assert all(check.way_out for check in checks if check.state in ("warning", "failed"))
    return {check.name: (check.state.value, check.says) for check in checks}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "bot.db"
    open_lasting(f"sqlite:///{file}").close()
    file.chmod(0o640)
    return file


def run(file: Path, sql: str) -> None:
    with closing(sqlite3.connect(file)) as connection:
        connection.execute(sql)
        connection.commit()


def test_a_sound_database_is_left_as_it_is(file: Path) -> None:
    before = file.read_bytes(), file.stat().st_mtime_ns
    found = looked_at(file)
    assert {state for state, _ in found.values()} == {"ok"}
    assert found["database"][1].endswith(f"schema {VERSION}")
    assert found["database is writable"][1] == "file and folder (0640)"
    assert found["sqlite"][1] == f"{sqlite3.sqlite_version}, journal mode delete"
    assert (file.read_bytes(), file.stat().st_mtime_ns) == before
    assert [one.name for one in file.parent.iterdir()] == ["bot.db"]


def test_one_that_is_not_there_yet_is_made_by_the_first_run_and_not_now(tmp_path: Path) -> None:
    file = tmp_path / "new.db"
    assert looked_at(file)["database"] == (
        "ok",
        f"{file} is not there yet: the first run makes it",
    )
    assert not file.exists()
    missing = tmp_path / "no" / "folder" / "new.db"
    assert looked_at(missing)["database"][0] == "failed"
    assert looked_at(missing)["disk"][0] == "ok"


@pytest.mark.parametrize(
    ("sql", "state", "words"),
    [
        ("UPDATE meta SET value = '77'", "failed", "written by a newer bot (schema 77"),
        ("UPDATE meta SET value = '2'", "ok", f"schema 2; the next run brings it to {VERSION}"),
        ("UPDATE meta SET value = 'x'", "failed", "belongs to another program"),
        ("DROP TABLE meta", "failed", "belongs to another program"),
    ],
)
def test_its_version_is_told(file: Path, sql: str, state: str, words: str) -> None:
    run(file, sql)
    found = looked_at(file)["database"]
    assert found[0] == state
    assert words in found[1]


def test_what_is_no_database_fails(file: Path) -> None:
    file.write_bytes(b"not a database, but long enough to be read as one" * 50)
    found = looked_at(file)
    assert found["database"] == ("failed", f"{file}: file is not a database")
    assert "sqlite" not in found


def test_others_who_may_write_it_are_a_warning(file: Path) -> None:
    file.chmod(0o666)
    assert looked_at(file)["database is writable"] == ("warning", "others may write it too (0666)")


def test_a_read_only_file_fails(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, _mode: Path(path) != file)
    found = looked_at(file)["database is writable"]
    assert found == ("failed", "the file or its folder is read-only")


def test_wal_is_a_warning_where_sqlite_may_lose_commits(file: Path) -> None:
    run(file, "PRAGMA journal_mode=WAL")
    state, says = looked_at(file)["sqlite"]
    is_safe = sqlite3.sqlite_version_info >= (3, 51, 3)
    assert state == ("ok" if is_safe else "warning")
    assert "journal mode wal" in says


class Usage(NamedTuple):
    total: int
    used: int
    free: int


@pytest.mark.parametrize(
    ("free_mb", "state"), [(201, "ok"), (199, "warning"), (21, "warning"), (19, "failed")]
)
def test_a_disk_that_fills_up_is_told(
    file: Path, monkeypatch: pytest.MonkeyPatch, free_mb: int, state: str
) -> None:
    usage = Usage(10**12, 0, free_mb * 1024 * 1024)
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: usage)
    assert looked_at(file)["disk"][0] == state


def test_ids_of_channels_are_those_of_messages_sent_last(file: Path) -> None:
    row = "INSERT INTO outbox (key, type, channel, payload, state, created_at, sent_at, channel_id)"
    run(file, f"{row} VALUES ('a', 'alert', '#x', '{{}}', 'sent', '1', '2026-11-19', 'C0OLD')")
    run(file, f"{row} VALUES ('b', 'alert', '#x', '{{}}', 'sent', '1', '2026-11-20', 'C0NEW')")
    assert known_ids(f"sqlite:///{file}", ["#x", "#y"]) == {"#x": "C0NEW"}
    assert known_ids(f"sqlite:///{file.parent}/none.db", ["#x"]) == {}


@pytest.mark.postgres
def test_a_server_is_looked_at_without_a_change(postgres_url: str) -> None:
    found = looked_at(postgres_url)
    assert found["database"][0] == "ok"
    assert found["database"][1].startswith("PostgreSQL ")
    assert found["database is writable"] == ("ok", "the role may write")


def test_a_server_that_is_not_there_fails() -> None:
    found = looked_at("postgresql+psycopg://bot:CANARY@127.0.0.1:1/bot")
    assert found["database"][0] == "failed"
    assert "CANARY" not in str(found)
