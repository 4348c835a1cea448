"""Settings and flags -> an App. The one place where real and dry are told apart."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from bot.config.load import Configuration
from bot.config.settings import Settings, SourceKind, SourceSettings
from bot.context import App
from bot.delivery.postman import Postman, SilentPostman, SlackPostman
from bot.errors import ConfigError, UsageError
from bot.sources.base import Source
from bot.spend.calendar import Span
from bot.store.database import Database, open_forgetful, open_lasting
from bot.store.history import History

if TYPE_CHECKING:
    from bot.sources.http import ApiClient


@contextmanager
def real_app(configuration: Configuration, as_of: datetime | None) -> Iterator[App]:
    """An App that speaks and remembers. Raises ConfigError where it could not speak."""
    notifier_settings = configuration.settings.slack
    if not (
        notifier_settings.bot_token.get_secret_value()
        or notifier_settings.webhook_url.get_secret_value()
    ):
        raise ConfigError(
            "slack.bot_token is empty, so nothing could be told",
            hint="set SLACK_BOT_TOKEN (see docs/slack-app.md), or try it first with --dry-run",
        )
    database = open_lasting(configuration.store_url)
    try:
        postman = SlackPostman(database, notifier_settings, datetime.now(UTC))
        yield _app(configuration, database, postman, as_of)
    finally:
        database.close()


@contextmanager
def dry_app(configuration: Configuration, as_of: datetime | None) -> Iterator[App]:
    """An App that does everything but speak and remember."""
    database = open_forgetful(configuration.store_url)
    try:
        yield _app(configuration, database, SilentPostman(), as_of)
    finally:
        database.close()


@contextmanager
def fetching_app(configuration: Configuration, as_of: datetime | None) -> Iterator[App]:
    """An App that remembers but never speaks: for `bot fetch`."""
    database = open_lasting(configuration.store_url)
    try:
        yield _app(configuration, database, SilentPostman(), as_of)
    finally:
        database.close()


def _app(
    configuration: Configuration, database: Database, postman: Postman, as_of: datetime | None
) -> App:
    clock = as_of or datetime.now(UTC)
    asked = History(database).keys_asked_since(clock - _NAMES_KEPT)
    source = open_source(configuration.settings, configuration.home, asked)
    now = as_of or source.as_of() or clock
    return App(configuration, source, database, postman, now)


_NAMES_KEPT = timedelta(days=1)
"""An API key whose name was asked for so lately is not asked for again: a call per project."""


def open_source(settings: Settings, home: Path, known_keys: Collection[str] = ()) -> Source:
    """The source the settings name, which need not ask for the names of `known_keys` again.

    Raises ConfigError where it cannot be used.
    """
    from bot.sources.recording import RecordingSource  # noqa: PLC0415 - only what is used is loaded

    source = settings.source
    match source.kind:
        case SourceKind.SAMPLE:
            from bot.sources import sample  # noqa: PLC0415

            return RecordingSource(sample.FOLDER)
        case SourceKind.RECORDING:
            return RecordingSource(home / (source.path or ""))
        case SourceKind.OPENAI:
            from bot.sources.openai import OpenAISource  # noqa: PLC0415

            broken_down = tuple(source.break_down_by)
            return OpenAISource(_client(source), broken_down, known_keys=known_keys)


@contextmanager
def recorded(app: App, folder: Path | None, days: Span) -> Iterator[App]:
    """The App with its source's raw pages saved to a new folder, if one is named.

    Raises UsageError for a folder that holds something, or a source that has no pages.
    """
    if folder is None:
        yield app
        return
    source = app.configuration.settings.source
    if source.kind is not SourceKind.OPENAI:
        raise UsageError(
            "only the OpenAI source can be recorded", hint="set source.kind: openai in the config"
        )
    from bot.sources.openai import OpenAISource  # noqa: PLC0415
    from bot.sources.recorder import Recorder  # noqa: PLC0415

    recorder = Recorder(_client(source), folder, as_of=app.now)
    yield replace(app, source=OpenAISource(recorder, tuple(source.break_down_by)))
    recorder.finish(days)


def _client(source: SourceSettings) -> ApiClient:
    from bot.sources.http import ApiClient  # noqa: PLC0415 - requests only when needed

    return ApiClient(
        source.admin_key.get_secret_value(),
        source.base_url,
        proxy=source.proxy,
        ca_bundle=source.ca_bundle,
    )
