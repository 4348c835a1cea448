"""What the outbox remembers of a message, read from its tables."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from bot.messages.model import Action, Chart, MessageType
from bot.store.instants import from_text
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
    is the id Slack last gave for this channel, empty if none is known. `parent` is the key of the
    row whose place a reply or update belongs to; `broadcast`: the reply is shown in the channel
    too; `also_keys`: further message keys that this message tells. `channel` is where it is
    really sent: another than `fallback_from`, where it should have gone, because of
    `fallback_why`.
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
    action: Action = Action.POST
    parent: str | None = None
    broadcast: bool = False
    also_keys: tuple[str, ...] = ()
    fallback_from: str | None = None
    fallback_why: str | None = None

    @property
    def in_doubt(self) -> bool:
        """Whether it may be in Slack although no answer said so."""
        return self.state is State.SENDING


def charts_of(connection: Connection, keys: list[str]) -> dict[str, tuple[Chart, ...]]:
    """Message key -> its charts."""
    query = sa.select(pictures).where(pictures.c.key.in_(keys)).order_by(pictures.c.name)
    found: dict[str, tuple[Chart, ...]] = {}
    for row in connection.execute(query):
        found[row.key] = (*found.get(row.key, ()), Chart(row.name, row.alt, bytes(row.png)))
    return found


def known_channels(connection: Connection, channels: set[str]) -> dict[str, str]:
    """Channel as written in the configuration -> the id of the latest message sent there."""
    sent = outbox.c.channel_id.is_not(None) & outbox.c.channel.in_(channels)
    sent &= outbox.c.action == Action.POST  # others are where their parent is
    query = sa.select(outbox.c.channel, outbox.c.channel_id).where(sent).order_by(outbox.c.sent_at)
    return dict(connection.execute(query).all())


def entry_of(row: Row[Any], charts: tuple[Chart, ...], channel_id: str) -> OutboxEntry:
    """The entry in a row of the outbox."""
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
        action=Action(row.action),
        parent=row.parent,
        broadcast=row.broadcast,
        also_keys=tuple(json.loads(row.also_keys)),
        fallback_from=row.fallback_from,
        fallback_why=row.fallback_why,
    )
