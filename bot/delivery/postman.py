"""Who carries what waits in the outbox: to Slack, or nowhere."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from bot.config.settings import SlackSettings
from bot.delivery.base import Notifier
from bot.store.database import Database
from bot.store.outbox import Outbox

Undelivered = tuple[tuple[str, str], ...]
"""Message keys that stayed in the outbox, each with the reason."""


class Postman(Protocol):
    """Delivers what waits."""

    def deliver(self) -> tuple[int, Undelivered]:
        """How many messages were delivered, and which were not."""


class SilentPostman:
    """Delivers nothing: what waits goes on waiting."""

    def deliver(self) -> tuple[int, Undelivered]:
        return 0, ()


class SlackPostman:
    """Delivers to Slack: by bot token, or by webhook where there is only that.

    `started` is the wall clock's instant, whatever `--as-of` says: lost answers are looked up in
    the channel's history by it.
    """

    def __init__(self, database: Database, settings: SlackSettings, started: datetime) -> None:
        self._outbox = Outbox(database)
        self._settings = settings
        self._started = started

    def deliver(self) -> tuple[int, Undelivered]:
        if not self._outbox.waiting():
            return 0, ()
        from bot.delivery.dispatch import dispatch  # noqa: PLC0415 - slack_sdk only when needed

        done = dispatch(self._outbox, self._notifier(), self._started)
        return len(done.sent), tuple((key, str(error)) for key, error in done.failed)

    def _notifier(self) -> Notifier:
        token = self._settings.bot_token.get_secret_value()
        if not token:
            from bot.delivery.webhook import WebhookNotifier  # noqa: PLC0415

            return WebhookNotifier(self._settings.webhook_url.get_secret_value())
        from bot.delivery.slack import SlackNotifier  # noqa: PLC0415

        return SlackNotifier(token, self._settings.base_url, proxy=self._settings.proxy)
