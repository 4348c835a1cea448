"""What is to be remembered of alerts and said about them, kept in one transaction."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy.engine import Connection

from bot.alerts.life import Alert
from bot.alerts.model import Finding
from bot.messages.compose_alert import compose_place
from bot.messages.model import Message
from bot.store.alerts import AlertBook
from bot.store.database import Database
from bot.store.outbox import Outbox


@dataclass(slots=True)
class Changes:
    """Alerts to remember and messages to send, in the order in which they are to be sent.

    `interactive`: somebody listens to what people press.
    """

    now: datetime
    interactive: bool = False
    alerts: list[Alert] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)

    @contextmanager
    def whole(self) -> Iterator[None]:
        """What is added inside is kept whole, or not at all where an error ends it: a message
        without the state that it tells of would be told again, a state without it never."""
        alerts, messages = len(self.alerts), len(self.messages)
        try:
            yield
        except BaseException:
            del self.alerts[alerts:], self.messages[messages:]
            raise

    def shown(self, alert: Alert, finding: Finding, why: str = "") -> Alert:
        """The alert with its place rewritten, if it has one."""
        alert = replace(alert, finding=finding, headline=finding.headline)
        if alert.place is None or alert.told_at is None:
            return alert
        alert = replace(alert, updates=alert.updates + 1)
        place = compose_place(alert, finding, self.now, why, interactive=self.interactive)
        self.messages.append(place)
        return alert

    def keep(self, connection: Connection, database: Database) -> list[Message]:
        """Everything written in the caller's transaction; the messages that are new to it."""
        book, outbox = AlertBook(database), Outbox(database)
        book.save(connection, self.alerts, self.now)
        return [
            message
            for n, message in enumerate(self.messages)
            # The outbox is sent in the order of its instants: worst first, overviews first.
            if outbox.add(
                connection, message, self.now + timedelta(microseconds=n), _alert_key(message)
            )
        ]


def _alert_key(message: Message) -> str | None:
    return None if message.also_keys else message.key.rpartition("#")[0]
