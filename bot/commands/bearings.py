"""What `bot status` must know of the settings, and where it is remembered that they are in order.

To judge a configuration and its rules takes ten times as long as everything else that `bot status`
does. So once they were found in order, that is noted in the user's cache folder
(`$XDG_CACHE_HOME`, else `~/.cache`), with the few settings that are needed and a fingerprint of all
that the verdict rests on. Where the fingerprint is another, or anything is odd, nothing is
remembered, and all is judged anew.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from bot.config.fingerprint import fingerprint
from bot.config.problems import Problem
from bot.config.written import Written, read_written
from bot.errors import ConfigError
from bot.spend.calendar import ONE_DAY, SettlingTimes, Span, utc_day
from bot.store.light import plain_file
from bot.worker.due import Timetable
from bot.worker.plan import read_timetable

_LARGEST = 64 * 1024


@dataclass(frozen=True, slots=True)
class Bearings:
    """Where the database is, which days count, and what is scheduled."""

    store_url: str
    history_days: int
    settling: SettlingTimes
    timetable: Timetable

    def span(self, now: datetime) -> Span:
        """The days that count: so many, and today is the last."""
        end = utc_day(now) + ONE_DAY
        return Span(end - self.history_days * ONE_DAY, end)


def read_bearings(told: Mapping[str, Any], store_url: str) -> Bearings:
    """The bearings as told by `told_bearings`. Raises ValueError, KeyError or TypeError else."""
    times = timedelta(hours=told["grace_hours"]), timedelta(days=told["settle_days"])
    table = read_timetable(told["timetable"])
    return Bearings(store_url, told["history_days"], SettlingTimes(*times), table)


class Memory:
    """What is remembered of one configuration."""

    def __init__(self, config: Path, environ: Mapping[str, str]) -> None:
        self._config = config
        self._environ = environ
        self._file = _file_for(config, environ)

    def recalled(self) -> Bearings | None:
        """The bearings, if they were noted and all is as it was then; secrets are hidden."""
        with suppress(ConfigError, OSError, ValueError, KeyError, TypeError, RecursionError):
            noted = json.loads(_trusted(self._file))
            told, written = noted["told"], self._written()
            of = fingerprint(written, self._config.parent)
            if of is None or noted["of"] != _sealed(told, of):
                return None
            written.hide_secrets()
            return read_bearings(told, written.store_url(self._config.parent))
        return None

    def fingerprint(self) -> str | None:
        """Of configuration and rules as they are now; None where they cannot be remembered."""
        with suppress(ConfigError, OSError, ValueError):
            return fingerprint(self._written(), self._config.parent)
        return None

    def note(self, told: Mapping[str, Any], of: str | None) -> None:
        """Remember the bearings of the configuration with that fingerprint, if it is still so.

        Somebody may have edited it while it was judged. Without a place for it, nothing is noted.
        """
        if of is None or of != self.fingerprint():
            return
        with suppress(OSError):
            self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            _replace(self._file, json.dumps({"of": _sealed(told, of), "told": told}))

    def _written(self) -> Written:
        problems: list[Problem] = []
        written = read_written(self._config, self._environ, problems)
        if written is None or problems:
            raise ConfigError("a mistake, to be told by who judges it all")
        if plain_file(written.store_url(self._config.parent), wait=0.0) is None:
            raise ConfigError("no database that can be asked quickly, maybe one with a password")
        return written


def _file_for(config: Path, environ: Mapping[str, str]) -> Path:
    """In a folder that cannot be made, if nobody says where a cache may be."""
    home = Path(environ.get("HOME") or "/dev/null")
    folder = environ.get("XDG_CACHE_HOME", "")
    if not folder.startswith("/"):
        folder = f"{home if home.is_absolute() else '/dev/null'}/.cache"
    name = sha256(str(config.absolute()).encode("utf-8", "surrogateescape")).hexdigest()[:32]
    return Path(folder) / "openai-budget-bot" / f"{name}.json"


def _sealed(told: Mapping[str, Any], of: str) -> str:
    """A fingerprint of what was told, too: what was damaged since is not as it was noted."""
    return sha256(f"{of}{json.dumps(told)}".encode()).hexdigest()


def _trusted(file: Path) -> str:
    """What it says. Raises OSError for a file that somebody else may have written, and for what
    is no file: a pipe that lies there must not hold us up."""
    with open(file, "rb", opener=_without_waiting) as opened:
        known = os.fstat(opened.fileno())
        is_own = known.st_uid == os.geteuid() and not known.st_mode & 0o022
        if not stat.S_ISREG(known.st_mode) or not is_own:
            raise PermissionError(f"{file} may be somebody else's")
        return opened.read(_LARGEST).decode()


def _without_waiting(name: str, flags: int) -> int:
    return os.open(name, flags | os.O_NONBLOCK | os.O_NOFOLLOW)


def _replace(file: Path, text: str) -> None:
    from tempfile import NamedTemporaryFile  # noqa: PLC0415 - seldom needed

    with NamedTemporaryFile("w", dir=file.parent, delete=False) as part:
        try:
            part.write(text)
            part.flush()
            Path(part.name).replace(file)
        except OSError:
            Path(part.name).unlink(missing_ok=True)
            raise
