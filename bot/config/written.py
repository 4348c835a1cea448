"""config.yaml as it is written, with `${VAR}` filled in: before its values are judged.

Loads no pydantic: `bot health` and `bot status` read it in milliseconds.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from bot.config import yamlfile
from bot.config.environment import expand
from bot.config.places import KeyPath, whole_file
from bot.config.problems import ConfigProblems, Problem
from bot.config.textfile import read_secret
from bot.config.yamlfile import Document
from bot.redaction import hide, hide_address, hide_path

SECRETS = (
    ("source", "admin_key"),
    ("slack", "bot_token"),
    ("slack", "app_token"),
    ("slack", "webhook_url"),
    ("heartbeat_url",),
)
"""Settings that may only be written as `${VARIABLE}`: keys, and last two addresses."""
DEFAULT_STORE = "sqlite:///budget-bot.db"
DEFAULT_RULES = "rules/"
OPENAI = "openai"
"""The kind of source that needs a key."""

_ONE_VARIABLE = re.compile(r"\$\{\w+(:-)?\}")


class Written(NamedTuple):
    """A file, and its data with the environment's values in their places: secrets among them."""

    document: Document
    data: dict[str, Any]

    def __repr__(self) -> str:  # a traceback with locals shows no secret
        return f"Written({self.document.file!r})"

    def text(self, path: KeyPath, default: str = "") -> str:
        """The text at a path; the default where there is none."""
        found: Any = self.data
        for step in path:
            found = found.get(step) if isinstance(found, dict) else None
        return found if isinstance(found, str) else default

    def store_url(self, home: Path) -> str:
        """Where the database is; relative files lie in `home`."""
        return absolute_store_url(self.text(("store", "url"), DEFAULT_STORE), home)

    def rules(self, home: Path) -> Path:
        """Where the rules are."""
        return home / self.text(("rules",), DEFAULT_RULES)

    def hide_secrets(self) -> None:
        """From now on none of them is shown or kept, whatever goes wrong."""
        *keys, webhook, heartbeat = (self.text(path) for path in SECRETS)
        proxies = self.text(("source", "proxy")), self.text(("slack", "proxy"))
        hide_all(keys, (webhook, heartbeat), proxies, self.text(("store", "url"), DEFAULT_STORE))


def read_written(
    path: Path,
    environ: Mapping[str, str],
    problems: list[Problem],
    read: Callable[[str], str] = read_secret,
) -> Written | None:
    """What the file says. Mistakes are added to `problems`; None where nothing can be read."""
    document = _document(path, problems)
    if document is None:
        return None
    data = _with_default_key(document.data or {})
    problems.extend(_written_out_secrets(document, data))
    expanded, missing = expand(data, environ, read)
    problems.extend(Problem(document.place(at), *_split(message)) for at, message in missing)
    return Written(document, expanded)


def hide_all(
    keys: Iterable[str], paths: Iterable[str], addresses: Iterable[str | None], store: str
) -> None:
    """Hides keys, addresses whose path is the secret, the passwords of other addresses, and of
    the database's."""
    hide(*keys)
    for secret in paths:
        hide_path(secret)
    for address in (store, *addresses):
        hide_address(address)
    if not store.startswith(("sqlite", "postgres")):
        hide(store, store.partition("://")[0])  # no address: a secret maybe


def absolute_store_url(url: str, home: Path) -> str:
    """A SQLite URL whose file is relative to the configuration's folder, made absolute."""
    head, slashes, file = url.partition(":///")
    is_file = head.startswith("sqlite") and slashes and file
    if not is_file or file.startswith(("/", ":", "file:")):
        return url
    return f"{head}:///{os.path.realpath(home / file)}"  # Path.resolve fails in a circle of links


def _split(message: str) -> tuple[str, str | None]:
    said, _, hint = message.partition("\n")
    return said, hint or None


def _document(path: Path, problems: list[Problem]) -> Document | None:
    if not path.exists():
        hint = "copy config.example.yaml to config.yaml, or name a file with --config"
        problems.append(Problem(whole_file(str(path)), "there is no such file", hint))
        return None
    try:
        document = yamlfile.load(path)
    except ConfigProblems as error:
        problems.extend(error.problems)
        return None
    if document.data is not None and not isinstance(document.data, dict):
        problems.append(Problem(document.place(()), "a configuration is a mapping of sections"))
        return None
    return document


def _with_default_key(data: dict[str, Any]) -> dict[str, Any]:
    """For the OpenAI source the key comes from OPENAI_ADMIN_KEY unless something else is said."""
    source = data.get("source")
    if isinstance(source, dict) and source.get("kind") == OPENAI:
        return {**data, "source": {"admin_key": "${OPENAI_ADMIN_KEY}", **source}}
    return data


def _written_out_secrets(document: Document, data: dict[str, Any]) -> list[Problem]:
    found = []
    for path in SECRETS:
        value: Any = data
        for step in path:
            value = value.get(step) if isinstance(value, dict) else None
        if isinstance(value, str) and value and not _ONE_VARIABLE.fullmatch(value):
            name = path[-1]
            hint = f"write `{name}: ${{{name.upper()}}}` and put the secret in the environment"
            message = f"`{name}` is a secret and cannot stand in a file"
            found.append(Problem(document.place(path), message, hint))
    return found
