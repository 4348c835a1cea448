"""What a verdict on a configuration rests on, in a few letters. Loads no pydantic.

Where two fingerprints are the same, the files, the environment as far as they use it, and the
program that judges are the same, so what was found in order is in order. It is of no secret: of
those only whether there is one, and whether an address may be used.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import bot
from bot.config.places import KeyPath
from bot.config.rulefiles import rule_files
from bot.config.written import SECRETS, Written
from bot.config.yamlfile import MAX_BYTES
from bot.redaction import LOOKS_SECRET

_JUDGES = (".", "alerts", "commands", "config", "kinds", "spend", "worker")
"""The packages of the bot that have a say in what is valid, and in what is noted then."""
_WITH_USER = re.compile(r"://[^\s/'\"]*@")


def fingerprint(written: Written, home: Path) -> str | None:
    """Of a configuration in the folder `home` and its rules.

    None where something in it looks like a secret. Raises ConfigProblems where there are no rules,
    OSError for files that cannot be read, or are too large for rules.
    """
    settings = repr(_public(written.data, ()))
    if LOOKS_SECRET.search(settings) or _WITH_USER.search(settings):
        return None
    told = sha256(settings.encode("utf-8", "surrogatepass"))
    for file in rule_files(written.rules(home)):
        content = _read(file)
        told.update(f"{file.name!r}:{len(content)}:".encode())
        told.update(content)
    told.update(written.store_url(home).encode("utf-8", "surrogatepass"))
    told.update(repr([bot.__version__, sys.version, *_program()]).encode())
    return told.hexdigest()


def _read(file: Path) -> bytes:
    with file.open("rb") as opened:
        content = opened.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise OSError(f"{file} is no file of rules")
    return content


def _public(value: Any, path: KeyPath) -> Any:
    """The same data; of a secret what its validity depends on."""
    if path in SECRETS and isinstance(value, str):
        return _kind_of_secret(value, path)
    if isinstance(value, dict):
        return {key: _public(inner, (*path, key)) for key, inner in value.items()}
    return value


def _kind_of_secret(secret: str, path: KeyPath) -> tuple[bool, str | None]:
    if not secret or not str(path[-1]).endswith("_url"):
        return bool(secret), None
    from bot.addresses import unsafe  # noqa: PLC0415 - most have none

    return True, unsafe(secret)


def _program() -> Iterator[tuple[str, int, int]]:
    """The files of the program as they look: a checkout changes without a new version."""
    for package in _JUDGES:
        with os.scandir(Path(bot.__file__).parent / package) as found:
            for file in sorted(found, key=lambda entry: entry.name):
                if file.name.endswith(".py"):
                    yield _look(file.name, file.stat())
    pydantic = find_spec("pydantic")
    if pydantic is not None and pydantic.origin:
        yield _look(pydantic.origin, Path(pydantic.origin).stat())


def _look(name: str, known: os.stat_result) -> tuple[str, int, int]:
    return name, known.st_size, known.st_mtime_ns
