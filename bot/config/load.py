"""From files and environment to settings and rules, with every mistake in one report."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from bot.alerts.model import Dimension
from bot.config import yamlfile
from bot.config.environment import expand
from bot.config.places import whole_file
from bot.config.problems import ConfigProblems, Problem
from bot.config.rulebook import Rulebook, load_rulebook
from bot.config.settings import SECRETS, Grouping, Settings, SourceKind, absolute_store_url
from bot.config.textfile import read_secret
from bot.config.validation import from_pydantic
from bot.config.yamlfile import Document

_ONE_VARIABLE = re.compile(r"\$\{\w+(:-)?\}")


@dataclass(frozen=True, slots=True)
class Configuration:
    """Settings and rules as loaded; `home` is the folder that relative paths start from."""

    settings: Settings
    rulebook: Rulebook
    home: Path

    @property
    def store_url(self) -> str:
        return absolute_store_url(self.settings.store.url, self.home)


def load_configuration(
    path: Path,
    environ: Mapping[str, str],
    read: Callable[[str], str] = read_secret,
) -> Configuration:
    """Settings and rules of a configuration file.

    Raises ConfigProblems with every mistake of the configuration and of all rule files.
    """
    problems: list[Problem] = []
    settings = _settings(path, environ, read, problems)
    rules_at = settings.rules if settings else Path("rules")
    rulebook = _rulebook(path.parent / rules_at, problems) if settings else None
    if settings and rulebook:
        problems.extend(_not_broken_down(path, settings, rulebook))
    if problems or settings is None or rulebook is None:
        raise ConfigProblems(problems)
    return Configuration(settings, rulebook, path.parent)


def load_settings(
    path: Path, environ: Mapping[str, str], read: Callable[[str], str] = read_secret
) -> Settings:
    """The settings alone. Raises ConfigProblems with every mistake."""
    problems: list[Problem] = []
    settings = _settings(path, environ, read, problems)
    if problems or settings is None:
        raise ConfigProblems(problems)
    return settings


_NEEDS = {
    Dimension.PROJECT: Grouping.PROJECT,
    Dimension.MODEL: Grouping.LINE_ITEM,
    Dimension.SNAPSHOT: Grouping.LINE_ITEM,
    Dimension.LINE_ITEM: Grouping.LINE_ITEM,
    Dimension.API_KEY: Grouping.API_KEY,
}


def _not_broken_down(path: Path, settings: Settings, rulebook: Rulebook) -> list[Problem]:
    """Rules about what the costs are not broken down by: they would never find anything."""
    known = settings.source.break_down_by
    found = []
    for rule in rulebook.enabled:
        asked = {_NEEDS[d] for d in (*rule.per, *rule.match) if d in _NEEDS}
        for missing in sorted(asked - set(known)):
            message = f"the rule '{rule.name}' needs costs broken down by {missing}"
            hint = f"add {missing} to source.break_down_by, or turn the rule off"
            found.append(Problem(whole_file(str(path)), message, hint))
    return found


def _rulebook(path: Path, problems: list[Problem]) -> Rulebook | None:
    try:
        return load_rulebook(path)
    except ConfigProblems as error:
        problems.extend(error.problems)
        return None


def _settings(
    path: Path,
    environ: Mapping[str, str],
    read: Callable[[str], str],
    problems: list[Problem],
) -> Settings | None:
    document = _document(path, problems)
    if document is None:
        return None
    data = _with_default_key(document.data or {})
    problems.extend(_written_out_secrets(document, data))
    expanded, missing = expand(data, environ, read)
    problems.extend(Problem(document.place(at), *_split(message)) for at, message in missing)
    try:
        settings = Settings.model_validate(expanded)
    except ValidationError as error:
        problems.extend(from_pydantic(error, document, (), Settings))
        return None
    settings.hide_secrets()
    return settings


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
    if isinstance(source, dict) and source.get("kind") == SourceKind.OPENAI.value:
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
