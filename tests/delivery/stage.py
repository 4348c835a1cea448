"""A database, a fake Slack and a bot between them, for tests of delivery."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.delivery.base import Notifier
from bot.delivery.dispatch import Delivered, dispatch
from bot.delivery.errand import Terms
from bot.delivery.people import KnownNames
from bot.delivery.slack import SlackNotifier
from bot.messages.model import Action, Block, Chart, Header, Lines, Message, MessageType, Note, Span
from bot.store.database import Database, open_lasting
from bot.store.outbox import Outbox
from tests.fakes import FakeSlack
from tests.fakes import Message as Sent

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
COSTS = "C0COSTS001"
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 200
STEP = "search passed 80% of its daily cap"
TIMEOUT = 0.3
"""Seconds the bot waits for an answer; `timeout` faults hold it longer."""


def alert(key: str = "caps/project=a", channel: str = "#llm-costs", *charts: Chart) -> Message:
    return _message(key, MessageType.ALERT, channel, charts)


def digest(key: str = "daily:2026-11-20", channel: str = "#llm-costs", *charts: Chart) -> Message:
    return _message(key, MessageType.DIGEST, channel, charts)


def reply(
    key: str, parent: str, *, broadcast: bool = False, channel: str = "#llm-costs", text: str = STEP
) -> Message:
    blocks = (Lines(((Span(text),),)),)
    one = Message(key, MessageType.ALERT, channel, text, blocks)
    return replace(one, action=Action.REPLY, parent=parent, broadcast=broadcast)


def update(key: str, parent: str, text: str = "now at $45.00", *charts: Chart) -> Message:
    blocks: tuple[Block, ...] = (
        Header("search passed its daily cap"),
        *charts,
        Lines(((Span(text),),)),
    )
    one = Message(key, MessageType.ALERT, "#llm-costs", text, blocks)
    return replace(one, action=Action.UPDATE, parent=parent)


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
    """`slept` are the bot's waits; nobody really waits, but Slack's clock goes on."""

    slack: FakeSlack
    database: Database
    slept: list[float] = field(default_factory=list)
    terms: Terms = field(default_factory=Terms)
    timeout: float = TIMEOUT

    @property
    def outbox(self) -> Outbox:
        return Outbox(self.database)

    def sleep(self, seconds: float) -> None:
        """What the bot does instead of waiting."""
        self.slept.append(seconds)
        self.slack.now = self.slack.instant() + timedelta(seconds=seconds)

    def bot(self, names: KnownNames | None = None) -> SlackNotifier:
        """The bot as it is after a start: it remembers nothing, but for names."""
        token, url = self.slack.bot_token, self.slack.base_url
        return SlackNotifier(token, url, timeout=self.timeout, sleep=self.sleep, names=names)

    def decide(self, *messages: Message, now: datetime = NOW) -> None:
        """The messages in this order, each with the alert its key begins with."""
        with self.database.writing() as connection:
            for n, message in enumerate(messages):
                at = now + timedelta(microseconds=n)
                alert = message.key.rpartition("#")[0] or None
                self.outbox.add(connection, message, at, alert)

    def deliver(self, notifier: Notifier | None = None, now: datetime = NOW) -> Delivered:
        self.slack.now = max(now, self.slack.instant())
        bot = notifier or self.bot()
        return dispatch(self.outbox, bot, now, self.terms, self.sleep, monotonic=lambda: 0.0)

    def said(self, key: str) -> Sent:
        """The one message with this key that people see."""
        (message,) = (one for one in self.slack.messages if one.key == key)
        return message

    def shown(self) -> list[str]:
        """The keys of the messages people see, in order."""
        return [message.key for message in self.slack.messages]

    def states(self) -> dict[str, int]:
        return {state: n for state, n in self.outbox.counts().items() if n}


def opened(folder: Path) -> Database:
    return open_lasting(f"sqlite:///{folder}/bot.db")
