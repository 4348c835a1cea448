"""Who carries what waits in the outbox: to Slack, or nowhere."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Protocol

from bot.config.settings import SlackSettings
from bot.delivery.base import Notifier
from bot.store.database import Database
from bot.store.outbox import Outbox, UpdatesOf
from bot.store.slack_names import SlackNames

Undelivered = tuple[tuple[str, str], ...]
"""Message keys that stayed in the outbox, each with the reason."""

_log = logging.getLogger(__name__)


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
    the channel's history by it. What already waits now is late when it is told; what is decided
    from now on is not. With a `place`, a message's key, only updates of that message are delivered:
    for somebody who waits to see one, whatever else is in the outbox.
    """

    def __init__(
        self,
        database: Database,
        settings: SlackSettings,
        started: datetime,
        place: str | None = None,
    ) -> None:
        self._database = database
        self._outbox = UpdatesOf(database, place) if place else Outbox(database)
        self._settings = settings
        self._started = started
        self._left_over = self._waiting()

    def deliver(self) -> tuple[int, Undelivered]:
        waiting = self._waiting()
        if not waiting:
            return 0, ()
        from bot.delivery.dispatch import dispatch  # noqa: PLC0415 - slack_sdk only when needed
        from bot.delivery.errand import Terms  # noqa: PLC0415

        terms = Terms(self._default_channel, waiting - self._left_over)
        done = dispatch(self._outbox, self._notifier(), self._started, terms)
        for key, note in done.notes:
            _log.warning("%s: %s", key, note)
        return len(done.sent), tuple((key, str(error)) for key, error in done.failed)

    def _waiting(self) -> frozenset[str]:
        return frozenset(entry.key for entry in self._outbox.waiting())

    @property
    def _token(self) -> str:
        return self._settings.bot_token.get_secret_value()

    @property
    def _default_channel(self) -> str:
        """Where messages go instead; a webhook has no other channel."""
        return self._settings.channel if self._token else ""

    def _notifier(self) -> Notifier:
        if not self._token:
            from bot.delivery.webhook import WebhookNotifier  # noqa: PLC0415

            url = self._settings.webhook_url.get_secret_value()
            return WebhookNotifier(url, proxy=self._settings.proxy)
        from bot.delivery.slack import SlackNotifier  # noqa: PLC0415

        names = SlackNames(self._database, self._started)
        where = self._settings.base_url
        return SlackNotifier(self._token, where, proxy=self._settings.proxy, names=names)
