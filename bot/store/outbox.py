"""Messages decided but not yet known to be in Slack.

    pending -> sending -> sent

A row is written by the transaction that changes the alert, so both happen or neither. It is
`sending` from before a socket opens until the answer is known; a process that dies in between
leaves it so, and the next one looks the message up before it sends it again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection, Row

from bot.messages.blockkit import blocks, fallback_text
from bot.messages.model import Chart, Message, MessageType
from bot.messages.placeholders import placeholders
from bot.store.database import Database
from bot.store.instants import from_text, to_text
from bot.store.schema import outbox, pictures


class State(StrEnum):
    """How far a message got."""

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"


@dataclass(frozen=True, slots=True)
class OutboxEntry:
    """A message as it was frozen when decided.

    `blocks` hold a placeholder where each chart goes (`bot.messages.placeholders`). `channel_id`
    is the id Slack last gave for this channel, empty if none is known.
    """

    key: str
    alert_key: str | None
    type: MessageType
    channel: str
    channel_id: str
    text: str
    blocks: list[dict[str, Any]]
    charts: tuple[Chart, ...]
    state: State
    attempts: int
    attempted_at: datetime | None
    created_at: datetime
    error: str | None

    @property
    def in_doubt(self) -> bool:
        """Whether it may be in Slack although no answer said so."""
        return self.state is State.SENDING


class Outbox:
    """The outbox of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self, connection: Connection, message: Message, now: datetime, alert_key: str | None = None
    ) -> bool:
        """Freezes a message in the caller's transaction; False if its key was ever added before."""
        row = {
            "key": message.key,
            "alert_key": alert_key,
            "type": message.type.value,
            "channel": message.channel,
            "payload": _payload(message),
            "state": State.PENDING.value,
            "created_at": to_text(now),
        }
        if not _inserted(connection, row):
            return False
        charts = {chart.name: chart for chart in message.charts}
        if charts:
            connection.execute(
                pictures.insert(),
                [
                    {"key": message.key, "name": chart.name, "alt": chart.alt, "png": chart.png}
                    for chart in charts.values()
                ],
            )
        return True

    def waiting(self) -> list[OutboxEntry]:
        """Everything not known to be in Slack, oldest first."""
        query = (
            sa.select(outbox)
            .where(outbox.c.state != State.SENT)
            .order_by(outbox.c.created_at, outbox.c.key)
        )
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
            charts = _charts(connection, [row.key for row in rows])
            known = _known_channels(connection, {row.channel for row in rows})
        return [_entry(row, charts.get(row.key, ()), known.get(row.channel, "")) for row in rows]

    def claim(self, key: str, attempts: int, now: datetime) -> bool:
        """Makes an entry `sending`, committed on return, before a socket opens.

        `attempts` is the number of attempts the caller knows of. False if there have been more
        or the message is sent: then somebody else has it.
        """
        with self._database.writing() as connection:
            claimed = connection.execute(
                outbox.update()
                .where(outbox.c.key == key)
                .where(outbox.c.state != State.SENT)
                .where(outbox.c.attempts == attempts)
                .values(state=State.SENDING.value, attempts=attempts + 1, attempted_at=to_text(now))
            )
        return claimed.rowcount == 1

    def mark_sent(self, key: str, now: datetime, channel_id: str, ts: str) -> None:
        """It is in Slack, at this place. Its pictures are let go."""
        self._close(key, now, channel_id=channel_id or None, ts=ts or None, error=None)

    def mark_presumed(self, key: str, now: datetime, error: str) -> None:
        """It may be in Slack, nobody can tell, and it must not appear twice: it counts as sent."""
        self._close(key, now, error=error)

    def mark_failed(self, key: str, error: str) -> None:
        """It is certainly not in Slack: it waits for the next attempt."""
        self._note(key, state=State.PENDING.value, error=error)

    def mark_unsure(self, key: str, error: str) -> None:
        """It may be in Slack: it stays `sending`, to be looked up first."""
        self._note(key, error=error)

    def counts(self) -> Mapping[str, int]:
        """How many messages are in each state: `pending`, `sending`, `sent`."""
        query = sa.select(outbox.c.state, sa.func.count()).group_by(outbox.c.state)
        with self._database.reading() as connection:
            found: dict[str, int] = dict(connection.execute(query).all())
        return {state.value: found.get(state.value, 0) for state in State}

    def has(self, prefix: str, before: datetime) -> bool:
        """Whether a message whose key begins so was decided before that instant."""
        found = (
            sa.select(outbox.c.key)
            .where(outbox.c.key.startswith(prefix, autoescape=True))
            .where(outbox.c.created_at < to_text(before))
        )
        with self._database.reading() as connection:
            return connection.execute(found.limit(1)).first() is not None

    def late(self, now: datetime) -> int:
        """How many messages decided before now are not known to be in Slack."""
        query = sa.select(sa.func.count()).where(
            outbox.c.state != State.SENT, outbox.c.created_at < to_text(now)
        )
        with self._database.reading() as connection:
            return int(connection.execute(query).scalar_one())

    def retried(self, since: datetime) -> int:
        """How many messages decided since then needed more than one attempt."""
        query = sa.select(sa.func.count()).where(
            outbox.c.attempts > 1, outbox.c.created_at >= to_text(since)
        )
        with self._database.reading() as connection:
            return int(connection.execute(query).scalar_one())

    def _note(self, key: str, **values: str) -> None:
        mine = (outbox.c.key == key) & (outbox.c.state != State.SENT)
        with self._database.writing() as connection:
            connection.execute(outbox.update().where(mine).values(**values))

    def _close(self, key: str, now: datetime, **values: str | None) -> None:
        with self._database.writing() as connection:
            connection.execute(
                outbox.update()
                .where(outbox.c.key == key)
                .where(outbox.c.state != State.SENT)
                .values(state=State.SENT.value, sent_at=to_text(now), **values)
            )
            connection.execute(pictures.delete().where(pictures.c.key == key))


def _payload(message: Message) -> str:
    stand_ins = placeholders(chart.name for chart in message.charts)
    content = {"text": fallback_text(message), "blocks": blocks(message, stand_ins)}
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))


def _inserted(connection: Connection, row: Mapping[str, str | None]) -> bool:
    """Two workers may add the same key at the same moment: the database lets one of them."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    new = dialect.insert(outbox).values(**row).on_conflict_do_nothing(index_elements=["key"])
    # Not by rowcount, which PostgreSQL's driver does not give here.
    return connection.execute(new.returning(outbox.c.key)).first() is not None


def _charts(connection: Connection, keys: list[str]) -> dict[str, tuple[Chart, ...]]:
    query = sa.select(pictures).where(pictures.c.key.in_(keys)).order_by(pictures.c.name)
    found: dict[str, tuple[Chart, ...]] = {}
    for row in connection.execute(query):
        found[row.key] = (*found.get(row.key, ()), Chart(row.name, row.alt, bytes(row.png)))
    return found


def _known_channels(connection: Connection, channels: set[str]) -> dict[str, str]:
    """Channel as written in the configuration -> the id of the latest message sent there."""
    sent = outbox.c.channel_id.is_not(None) & outbox.c.channel.in_(channels)
    query = sa.select(outbox.c.channel, outbox.c.channel_id).where(sent).order_by(outbox.c.sent_at)
    return dict(connection.execute(query).all())


def _entry(row: Row[Any], charts: tuple[Chart, ...], channel_id: str) -> OutboxEntry:
    content = json.loads(row.payload)
    return OutboxEntry(
        key=row.key,
        alert_key=row.alert_key,
        type=MessageType(row.type),
        channel=row.channel,
        channel_id=channel_id,
        text=content["text"],
        blocks=content["blocks"],
        charts=charts,
        state=State(row.state),
        attempts=row.attempts,
        attempted_at=from_text(row.attempted_at) if row.attempted_at else None,
        created_at=from_text(row.created_at),
        error=row.error,
    )
