"""A database, a fake Slack and a bot between them, for tests of delivery."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from bot.delivery.base import Notifier
from bot.delivery.dispatch import Delivered, dispatch
from bot.delivery.slack import SlackNotifier
from bot.messages.model import Block, Chart, Header, Lines, Message, MessageType, Note, Span
from bot.store.database import Database, open_lasting
from bot.store.outbox import Outbox
from tests.fakes import FakeSlack

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
COSTS = "C0COSTS001"
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 200
TIMEOUT = 0.3
"""Seconds the bot waits for an answer; `timeout` faults hold it longer."""


def alert(key: str = "caps/project=a", channel: str = "#llm-costs", *charts: Chart) -> Message:
    return _message(key, MessageType.ALERT, channel, charts)


def digest(key: str = "daily:2026-11-20", channel: str = "#llm-costs", *charts: Chart) -> Message:
    return _message(key, MessageType.DIGEST, channel, charts)


def chart(name: str = "spend.png") -> Chart:
    return Chart(name, "Spend rose to $41 on Thursday", PNG)


def _message(key: str, of_type: MessageType, channel: str, charts: tuple[Chart, ...]) -> Message:
    blocks: tuple[Block, ...] = (
        Header("search passed its daily cap"),
        *charts,
        Lines(((Span("$41.20 of $40.00"),),)),
        Note((Span("as of today"),)),
    )
    return Message(key, of_type, channel, "search passed its daily cap", blocks)


@dataclass
class Stage:
    """`slept` are the bot's waits; nobody really waits."""

    slack: FakeSlack
    database: Database
    slept: list[float] = field(default_factory=list)

    @property
    def outbox(self) -> Outbox:
        return Outbox(self.database)

    def bot(self) -> SlackNotifier:
        """The bot as it is after a start: it remembers nothing."""
        return SlackNotifier(
            self.slack.bot_token, self.slack.base_url, timeout=TIMEOUT, sleep=self.slept.append
        )

    def decide(self, *messages: Message, now: datetime = NOW) -> None:
        with self.database.writing() as connection:
            for message in messages:
                self.outbox.add(connection, message, now)

    def deliver(self, notifier: Notifier | None = None, now: datetime = NOW) -> Delivered:
        return dispatch(self.outbox, notifier or self.bot(), now, sleep=self.slept.append)

    def shown(self) -> list[str]:
        """The keys of the messages people see, in order."""
        return [message.key for message in self.slack.messages]

    def states(self) -> dict[str, int]:
        return {state: n for state, n in self.outbox.counts().items() if n}


def opened(folder: Path) -> Database:
    return open_lasting(f"sqlite:///{folder}/bot.db")
