"""The database: is it there, may it be written, will it fit; as a file or a server."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from bot.doctor.checkup import Check, Checks, State, failed, ok, skipped, warning
from bot.errors import StoreError
from bot.store.light import LightServer, open_light
from bot.store.version import VERSION

WAL_IS_SAFE_SINCE = (3, 51, 3)
"""WAL can lose commits in every SQLite before this one (https://sqlite.org/wal.html)."""

_MB = 1024 * 1024
_SCARCE, _NONE = 200 * _MB, 20 * _MB
_BY_OTHERS = 0o022
_SECONDS = 1.0
_KNOWN = (
    "SELECT channel_id FROM outbox WHERE channel = ? AND channel_id <> '' AND action = 'post' "
    "ORDER BY sent_at DESC LIMIT 1"
)
_SCHEMA = "SELECT value FROM meta WHERE name = 'schema'"


def database_checks(url: str) -> Checks:
    """What can be seen of the database at an absolute `store.url` without changing it."""
    if url.startswith("sqlite"):
        yield from _file_checks(Path(url.partition(":///")[2].partition("?")[0]))
    else:
        yield from _server_checks(url)


def known_ids(url: str, channels: Iterable[str]) -> dict[str, str]:
    """Channel -> the id Slack last gave for it, of those that messages went to before."""
    light, found = open_light(url), {}
    try:
        for channel in channels:
            if rows := light.rows(_KNOWN, channel):
                found[channel] = str(rows[0][0])
    except (StoreError, ImportError):
        return {}
    return found


def _file_checks(file: Path) -> Checks:
    if not file.exists():
        yield _can_be_made(file)
    else:
        opened = _opens(file)
        yield opened
        yield _writable(file)
        if opened.state is State.OK:
            yield _journal(file)
    yield _disk(file)


def _can_be_made(file: Path) -> Check:
    if file.parent.is_dir() and os.access(file.parent, os.W_OK):
        return ok("database", f"{file} is not there yet: the first run makes it")
    way_out = "make the folder and let the bot write there, or change store.url"
    return failed("database", f"{file} is not there and cannot be made", way_out)


def _opens(file: Path) -> Check:
    try:
        with closing(_connected(file)) as connection:
            found = connection.execute(_SCHEMA).fetchone()
    except sqlite3.OperationalError as error:
        if "no such table" in str(error):
            return _foreign(str(file))
        way_out = "see whether another program holds it, and whether the bot may read it"
        return failed("database", f"{file}: {error}", way_out)
    except sqlite3.Error as error:
        way_out = "put it aside: the next run makes a new one and fetches the history again"
        return failed("database", f"{file}: {error}", way_out)
    size = f"{file.stat().st_size / _MB:,.1f} MB"
    return _version(found[0] if found else None, f"{file}, {size}")


def _connected(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True, timeout=_SECONDS)


def _foreign(where: str) -> Check:
    way_out = "give the bot a database of its own in store.url"
    return failed("database", f"{where} belongs to another program", way_out)


def _version(text: str | None, where: str) -> Check:
    if text is None or not str(text).isdecimal():
        return _foreign(where)
    version = int(text)
    if version > VERSION:
        way_out = "update openai-budget-bot, or give this version its own store.url"
        says = f"{where} was written by a newer bot (schema {version}; this one knows {VERSION})"
        return failed("database", says, way_out)
    later = f"; the next run brings it to {VERSION}" if version < VERSION else ""
    return ok("database", f"{where}, schema {version}{later}")


def _writable(file: Path) -> Check:
    name = "database is writable"
    if not os.access(file, os.W_OK) or not os.access(file.parent, os.W_OK):
        way_out = f"let the bot write {file} and its folder: the journal is made beside it"
        return failed(name, "the file or its folder is read-only", way_out)
    mode = stat.S_IMODE(file.stat().st_mode)
    if mode & _BY_OTHERS:
        return warning(name, f"others may write it too ({mode:04o})", f"chmod 640 {file}")
    return ok(name, f"file and folder ({mode:04o})")


def _journal(file: Path) -> Check:
    name = "sqlite"
    try:
        with closing(_connected(file)) as connection:
            mode = str(connection.execute("PRAGMA journal_mode").fetchone()[0])
    except sqlite3.Error as error:
        return skipped(name, f"{sqlite3.sqlite_version}; {error}")
    says = f"{sqlite3.sqlite_version}, journal mode {mode}"
    if mode == "wal" and sqlite3.sqlite_version_info < WAL_IS_SAFE_SINCE:
        way_out = f"sqlite3 {file} 'PRAGMA journal_mode=DELETE'"
        return warning(name, f"{says}: WAL can lose what was committed before 3.51.3", way_out)
    return ok(name, says)


def _disk(file: Path) -> Check:
    folder = next((one for one in (file.parent, *file.parents) if one.is_dir()), Path("/"))
    free = shutil.disk_usage(folder).free
    says = f"{free / _MB:,.0f} MB free at {folder}"
    way_out = "make room: a database that cannot grow stops the bot"
    if free < _NONE:
        return failed("disk", says, way_out)
    return warning("disk", says, way_out) if free < _SCARCE else ok("disk", says)


def _server_checks(url: str) -> Checks:
    light = open_light(url)
    assert isinstance(light, LightServer)  # noqa: S101 - every other URL is one
    try:
        version = str(light.rows("SHOW server_version")[0][0])
        found = light.rows("SELECT value FROM meta WHERE name = 'schema'")
    except StoreError as error:
        if 'relation "meta" does not exist' in error.message:
            yield ok("database", "the server answers; the first run makes the tables")
        else:
            way_out = "see whether the server runs, and whether store.url is right"
            yield failed("database", error.message, way_out)
        return
    except ImportError:
        way_out = "pip install 'openai-budget-bot[postgres]'"
        yield failed("database", "the driver for PostgreSQL is not installed", way_out)
        return
    yield _version(found[0][0] if found else None, f"PostgreSQL {version}")
    yield _writable_server(light)


def _writable_server(light: LightServer) -> Check:
    name = "database is writable"
    asked = "SELECT has_table_privilege('outbox', 'INSERT, UPDATE'), pg_is_in_recovery()"
    may_write, is_replica = light.rows(asked)[0]
    if may_write and not is_replica:
        return ok(name, "the role may write")
    why = "it is a replica" if is_replica else "the role may not write its tables"
    return failed(name, why, "name the primary server in store.url, with the tables' owner")
