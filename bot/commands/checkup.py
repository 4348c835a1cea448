"""What `bot doctor` looks at, in order, as far as the configuration can be read."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bot.commands.backtest import load_recorded
from bot.config.load import Configuration, load_configuration, load_settings
from bot.config.problems import ConfigProblems, in_a_line
from bot.config.rulebook import Rulebook
from bot.config.settings import Settings, SourceKind
from bot.config.textfile import read_secret
from bot.config.whereabouts import config_path
from bot.context import App
from bot.doctor import database, history, openai, sending, slack, surroundings
from bot.doctor.channels import Used, used_by
from bot.doctor.checkup import PATIENCE_SECONDS, Check, Checks, Part, State, failed, ok, skipped
from bot.errors import ConfigError
from bot.logs import hide
from bot.spend.calendar import utc_day
from bot.wiring import dry_app

_MOST_MISTAKES = 20


@dataclass(frozen=True, slots=True)
class Loaded:
    """The configuration as far as it can be used, and what is to be said about it.

    `has_rules`: the rules could be read too; without them its rulebook is empty. `secrets`: the
    files with secrets that were read.
    """

    path: Path
    configuration: Configuration | None = None
    has_rules: bool = False
    secrets: tuple[str, ...] = ()
    checks: tuple[Check, ...] = ()


def load(given: Path | None) -> Loaded:
    """All of the configuration, or at least the settings without the rules. Raises nothing."""
    secrets: list[str] = []

    def read(file: str) -> str:
        secrets.append(file)
        return read_secret(file)

    path = given or Path()
    try:
        path = config_path(given)
        found = load_configuration(path, os.environ, read)
    except ConfigProblems as problems:
        return _without_rules(path, tuple(_mistakes(problems)))
    except ConfigError as error:
        return Loaded(path, checks=(failed("configuration", error.message, error.hint or ""),))
    return Loaded(path, found, True, tuple(secrets), (ok("configuration", str(path)),))


def _without_rules(path: Path, mistakes: tuple[Check, ...]) -> Loaded:
    try:
        settings = load_settings(path, os.environ)
    except ConfigProblems:
        return Loaded(path, checks=mistakes)
    found = Configuration(settings, Rulebook((), ()), path.parent)
    return Loaded(path, found, checks=mistakes)


def _mistakes(problems: ConfigProblems) -> Iterator[Check]:
    for problem in problems.problems[:_MOST_MISTAKES]:
        yield failed("configuration", in_a_line(problem), problem.hint or "bot config validate")
    if (more := len(problems.problems) - _MOST_MISTAKES) > 0:
        yield failed("configuration", f"and {more} more mistakes", "bot config validate")


@dataclass(frozen=True, slots=True)
class Examination:
    """A checkup as it was asked for. `clock` is asked when a server has told its time;
    `patience` are the seconds a server has for one answer."""

    loaded: Loaded
    sends_test: bool = False
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    patience: float = PATIENCE_SECONDS

    def checks(self) -> Checks:
        """Every check, as soon as it is done."""
        yield surroundings.program_check()
        yield from self.loaded.checks
        if self.loaded.configuration is None:
            yield skipped("everything else", "needs a configuration that can be read")
            return
        _hide_secrets(self.loaded.configuration.settings)
        for part in self._parts(self.loaded.configuration):
            yield from part.done()

    def _parts(self, configuration: Configuration) -> Iterator[Part]:
        settings, started = configuration.settings, self.clock()
        yield Part("secret files", lambda: self._files(settings))
        yield Part("time zone", lambda: [surroundings.zone_check(settings.schedule, started)])
        url = configuration.store_url
        of_database = tuple(Part("database", lambda: database.database_checks(url)).done())
        yield Part("database", lambda: of_database)
        if any(check.state is State.FAILED for check in of_database):
            yield Part("data", lambda: [skipped("data", "needs a database that can be used")])
            yield from self._servers(configuration, started, used_by(configuration, {}))
        else:
            yield Part("data", lambda: self._history(configuration))
            yield from self._servers(configuration, started, _used(configuration))
        ping = settings.heartbeat_url.get_secret_value()
        yield Part("heartbeat", lambda: [surroundings.heartbeat_check(ping)])

    def _servers(self, configuration: Configuration, now: datetime, used: Used) -> Iterator[Part]:
        source, of_slack = configuration.settings.source, configuration.settings.slack
        clock, patience = self.clock, self.patience
        yield Part("source", lambda: openai.source_checks(source))
        if source.kind is SourceKind.OPENAI:
            day = utc_day(now)
            yield Part("openai", lambda: openai.key_checks(source, day, clock, patience))
        yield Part("slack", lambda: slack.slack_checks(of_slack, used, clock, patience))
        if self.sends_test:
            yield Part(sending.NAME, lambda: sending.sending_checks(of_slack, now))

    def _files(self, settings: Settings) -> Checks:
        return surroundings.file_checks(self.loaded.secrets, self.loaded.path, settings)

    def _history(self, configuration: Configuration) -> Checks:
        with dry_app(configuration, None) as app:
            if configuration.settings.source.kind is SourceKind.OPENAI:
                yield from history.data_checks(app)
            yield history.outbox_check(app)
            if self.loaded.has_rules:
                load_recorded(app)
                yield from Part("rules", lambda: _rules(app)).done()


def _rules(app: App) -> Iterable[Check]:
    return history.rule_checks(app, app.configuration.rulebook)


def _used(configuration: Configuration) -> Used:
    """Channels and people; ids of channels from the database."""
    channels = used_by(configuration, {}).channels
    return used_by(configuration, database.known_ids(configuration.store_url, channels))


def _hide_secrets(settings: Settings) -> None:
    of_slack = settings.slack
    secrets = (of_slack.bot_token, of_slack.app_token, of_slack.webhook_url)
    for secret in (*secrets, settings.source.admin_key, settings.heartbeat_url):
        hide(secret.get_secret_value())
