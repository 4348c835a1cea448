"""From files and environment to settings and rules, with every mistake in one report."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from bot.alerts.model import Dimension
from bot.config.places import whole_file
from bot.config.problems import ConfigProblems, Problem
from bot.config.rulebook import Rulebook, load_rulebook
from bot.config.settings import Grouping, Settings
from bot.config.textfile import read_secret
from bot.config.validation import from_pydantic
from bot.config.written import absolute_store_url, read_written


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
    written = read_written(path, environ, problems, read)
    if written is None:
        return None
    try:
        settings = Settings.model_validate(written.data)
    except ValidationError as error:
        problems.extend(from_pydantic(error, written.document, (), Settings))
        return None
    written.hide_secrets()
    return settings
