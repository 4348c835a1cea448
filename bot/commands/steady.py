"""A configuration for what must go on: the one in the files, else the last good one.

An edit with a mistake must not stop the bot at night. The texts of the last good files lie in the
database; which database that is the broken file still says, in most cases.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

from bot.config.environment import expand
from bot.config.load import Configuration, load_configuration, load_settings
from bot.config.problems import ConfigProblems
from bot.config.rulebook import load_rulebook
from bot.config.textfile import UnreadableError, read_secret
from bot.config.written import DEFAULT_STORE, absolute_store_url
from bot.errors import StoreError
from bot.store.database import Database, open_lasting
from bot.store.keepsake import Keepsake, keep, kept

_STORE = re.compile(r"(?ms)^store:.*?(?=^[^\s#]|\Z)")
_COMMENT = re.compile(r"(?m)(?:^|\s)#.*$")
_URL = re.compile(r"\burl:\s*[\"']?((?:\$\{[^}\n]*\}|[^\"'\s}])+)")


@dataclass(frozen=True, slots=True)
class Steady:
    """A configuration to work with; `broken` is what is wrong with the files, if it is not theirs.

    `good_since`: when it was last read from the files.
    """

    configuration: Configuration
    good_since: datetime
    broken: ConfigProblems | None = None


def steady_configuration(path: Path, environ: Mapping[str, str], now: datetime) -> Steady:
    """The configuration in the files, or the last good one. Raises ConfigProblems for neither."""
    try:
        return Steady(load_configuration(path, environ), now)
    except ConfigProblems as broken:
        good = _last_good(path, environ)
        if good is None:
            raise
        return Steady(_loaded(good, path.parent, environ), good.read_at, broken)


def keep_as_good(database: Database, path: Path, loaded: Configuration, now: datetime) -> None:
    """Keeps the texts of a configuration that was read without a mistake."""
    rules = {file.name: file.read_text("utf-8-sig") for file in loaded.rulebook.files}
    keep(database, Keepsake(path.read_text("utf-8-sig"), rules, now))


def fingerprint(path: Path, broken: ConfigProblems) -> str:
    """The same for the same broken content: of the file, and of what is said about the rules."""
    content = path.read_bytes() if path.is_file() else b""
    return sha256(content + str(broken).encode("utf-8", "replace")).hexdigest()[:16]


def _last_good(path: Path, environ: Mapping[str, str]) -> Keepsake | None:
    try:
        database = open_lasting(_store_url(path, environ))
    except StoreError:
        return None
    try:
        return kept(database)
    finally:
        database.close()


def _store_url(path: Path, environ: Mapping[str, str]) -> str:
    """Where the database is, as far as a broken file tells; else where it is by default."""
    url = DEFAULT_STORE
    try:
        if found := _written_url(path.read_text("utf-8", "replace")):
            url = str(expand({"url": found}, environ, read_secret)[0]["url"])
    except (OSError, UnreadableError):
        pass
    return absolute_store_url(url, path.parent)


def _written_url(text: str) -> str | None:
    section = _STORE.search(text)
    found = _URL.search(_COMMENT.sub("", section[0])) if section else None
    return found[1] if found else None


def _loaded(good: Keepsake, home: Path, environ: Mapping[str, str]) -> Configuration:
    """The kept texts, read as files are; relative paths start from `home` as before."""
    with TemporaryDirectory(prefix="budget-bot-") as folder:
        config, rules = Path(folder) / "config.yaml", Path(folder) / "rules"
        rules.mkdir()
        config.write_text(good.config, encoding="utf-8")
        for name, text in good.rules.items():
            (rules / Path(name).name).write_text(text, encoding="utf-8")
        return Configuration(load_settings(config, environ), load_rulebook(rules), home)
