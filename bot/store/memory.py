"""A SQLite file copied, for what must not change it: small ones into memory, large ones beside.

The copy of a large one is a file that is deleted as soon as it is open, so that nobody finds it and
nothing is left of it.
"""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

IN_MEMORY = 32 * 1024 * 1024
"""Bytes up to which a copy is held in memory."""


def copied(file: Path | None, wait: float) -> sqlite3.Connection:
    """As `copied_to_memory`, in bounded memory where there is room on the disk for temporary
    files."""
    if file is not None and _is_there(file) and file.is_file() and file.stat().st_size > IN_MEMORY:
        with suppress(OSError):  # no room, or no such folder: memory then
            return _copied_aside(file, wait)
    return copied_to_memory(file, wait)


def _is_there(file: Path) -> bool:
    """Raises sqlite3.OperationalError where nobody may look, for a name that is too long, and for
    a circle of links."""
    try:
        file.stat()
    except FileNotFoundError:
        return False
    except OSError:
        raise sqlite3.OperationalError("unable to open database file") from None
    return True


def _copied_aside(file: Path, wait: float) -> sqlite3.Connection:
    with TemporaryDirectory(prefix="budget-bot-") as folder:
        copy = Path(folder) / file.name
        uri = f"{file.resolve().as_uri()}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True, timeout=wait, isolation_level=None)) as held:
            if held.execute("PRAGMA journal_mode").fetchone() == ("wal",):
                raise OSError("what is in the log is not in the file")
            held.execute("BEGIN")
            held.execute("SELECT count(*) FROM sqlite_master")  # from here on nobody writes
            shutil.copyfile(file, copy)
        connection = sqlite3.connect(copy, check_same_thread=False)
        connection.execute("PRAGMA journal_mode=MEMORY")
        connection.execute("SELECT count(*) FROM sqlite_master")  # opened: it may be deleted
        return connection


def copied_to_memory(file: Path | None, wait: float) -> sqlite3.Connection:
    """The file as it is now; an empty database where there is no file.

    The file and its journal stay as they are. Raises sqlite3.Error for what cannot be read,
    also when another process still holds it after `wait` seconds.
    """
    memory = sqlite3.connect(":memory:", check_same_thread=False)
    if file is None or not _is_there(file):
        return memory
    if file.is_dir():  # else SQLite would speak of a broken disk
        raise sqlite3.OperationalError("unable to open database file")
    try:
        _copy(f"{file.resolve().as_uri()}?mode=ro", memory, wait)
    except sqlite3.OperationalError as error:
        if error.sqlite_errorname != "SQLITE_READONLY_ROLLBACK":
            raise
        _copy_interrupted(file, memory)
    return memory


def _copy(uri: str, memory: sqlite3.Connection, wait: float = 0) -> None:
    with closing(sqlite3.connect(uri, uri=True, timeout=wait, isolation_level=None)) as original:
        # Held from here on: a backup by itself would wait for a lock without end.
        original.execute("BEGIN")
        original.execute("SELECT count(*) FROM sqlite_master")
        original.backup(memory)


def _copy_interrupted(file: Path, memory: sqlite3.Connection) -> None:
    """A process died while it wrote. What it did must be undone first: on a copy, here."""
    with TemporaryDirectory(prefix="budget-bot-") as folder:
        copy = Path(folder) / file.name
        shutil.copyfile(file, copy)
        with suppress(FileNotFoundError):  # another process has just undone it
            shutil.copyfile(f"{file}-journal", f"{copy}-journal")
        _copy(copy.as_uri(), memory)
