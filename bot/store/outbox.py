"""Messages decided but not yet known to be in Slack.

    pending -> sending -> sent

A row is written by the transaction that changes the alert, so both happen or neither. It is
`sending` from before a socket opens until the answer is known; a process that dies in between
leaves it so, and the next one looks the message up before it sends it again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import TypedDict, Unpack

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.messages.blockkit import blocks, fallback_text
from bot.messages.model import Action, Message
from bot.messages.placeholders import placeholders
from bot.store.bulk import insert_of
from bot.store.database import Database
from bot.store.entries import OutboxEntry, State, charts_of, entry_of, known_channels
from bot.store.instants import to_text
from bot.store.place import Aim, Place
from bot.store.schema import outbox, pictures

NO_IMAGES: Mapping[str, str] = MappingProxyType({})


class Placing(TypedDict, total=False):
    """Where a message belongs, where that is not what the message says; see `OutboxEntry`."""

    action: Action
    parent: str | None
    broadcast: bool
    also_keys: Sequence[str]
    fallback_from: str | None


class Outbox:
    """The outbox of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self,
        connection: Connection,
        message: Message,
        now: datetime,
        alert_key: str | None = None,
        **placing: Unpack[Placing],
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
            "action": placing.get("action", message.action).value,
            "parent": placing.get("parent", message.parent),
            "broadcast": placing.get("broadcast", message.broadcast),
            "also_keys": json.dumps(list(placing.get("also_keys", message.also_keys))),
            "fallback_from": placing.get("fallback_from"),
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
            charts = charts_of(connection, [row.key for row in rows])
            known = known_channels(connection, {row.channel for row in rows})
        return [entry_of(row, charts.get(row.key, ()), known.get(row.channel, "")) for row in rows]

    def place(self, key: str) -> Place | None:
        """Where the message with this key is; None while it waits.

        A message that never was, or was told nobody knows where, has an empty place.
        """
        query = sa.select(outbox).where(outbox.c.key == key)
        with self._database.reading() as connection:
            row = connection.execute(query).first()
        if row is None:
            return Place()
        if row.state != State.SENT:
            return None
        images = json.loads(row.images or "{}")
        return Place(row.channel_id or "", row.ts or "", row.thread_ts or "", images)

    def is_outdated(self, parent: str, decided: datetime) -> bool:
        """Whether the parent shows, or has dropped, an update decided later."""
        newer = (outbox.c.parent == parent) & (outbox.c.action == Action.UPDATE)
        newer &= (outbox.c.state == State.SENT) & (outbox.c.created_at > to_text(decided))
        with self._database.reading() as connection:
            return connection.execute(sa.select(outbox.c.key).where(newer)).first() is not None

    def known_id(self, channel: str) -> str:
        """The id Slack last gave for a channel as written; empty if none is known."""
        with self._database.reading() as connection:
            return known_channels(connection, {channel}).get(channel, "")

    def claim(self, key: str, attempts: int, now: datetime, aim: Aim | None = None) -> bool:
        """Makes an entry `sending`, committed on return, before a socket opens.

        `attempts` is the number of attempts the caller knows of. False if there have been more
        or the message is sent: then somebody else has it. With an `aim` the channel that is
        really tried is remembered, so that the message is looked for there.
        """
        to = _aimed(aim) if aim else {}
        with self._database.writing() as connection:
            claimed = connection.execute(
                outbox.update()
                .where(outbox.c.key == key)
                .where(outbox.c.state != State.SENT)
                .where(outbox.c.attempts == attempts)
                .values(state=State.SENDING.value, attempts=attempts + 1)
                .values(attempted_at=to_text(now), **to)
            )
        return claimed.rowcount == 1

    def mark_sent(
        self,
        key: str,
        now: datetime,
        channel_id: str,
        ts: str,
        thread_ts: str = "",
        images: Mapping[str, str] = NO_IMAGES,
    ) -> None:
        """It is in Slack, at this place. Its pictures are let go, but for their file ids."""
        place = {"channel_id": channel_id or None, "ts": ts or None, "thread_ts": thread_ts or None}
        shown = json.dumps(dict(images)) if images else None
        self._close(key, now, **place, images=shown, error=None)

    def mark_presumed(self, key: str, now: datetime, error: str) -> None:
        """It may be in Slack, nobody can tell, and it must not appear twice: it counts as sent."""
        self._close(key, now, error=error)

    def mark_failed(self, key: str, attempts: int, error: str) -> None:
        """It is certainly not in Slack: it waits for the next attempt.

        The caller knows of so many attempts. If there have been more, somebody else has it by now,
        and it stays as it is.
        """
        waits = outbox.c.attempts == attempts
        self._note(key, waits, state=State.PENDING.value, error=error)

    def mark_unsure(self, key: str, error: str) -> None:
        """It may be in Slack: it stays `sending`, to be looked up first."""
        self._note(key, sa.true(), error=error)

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

    def _note(self, key: str, which: sa.ColumnElement[bool], **values: str) -> None:
        mine = (outbox.c.key == key) & (outbox.c.state != State.SENT) & which
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


class UpdatesOf(Outbox):
    """The outbox as if nothing waited but updates of the message with the key `place`."""

    def __init__(self, database: Database, place: str) -> None:
        super().__init__(database)
        self._place = place

    def waiting(self) -> list[OutboxEntry]:
        return [
            entry
            for entry in super().waiting()
            if entry.action is Action.UPDATE and entry.parent == self._place
        ]


def _aimed(aim: Aim) -> dict[str, str | None]:
    return {
        "channel": aim.channel,
        "fallback_from": aim.instead_of or None,
        "fallback_why": aim.why or None,
    }


def _payload(message: Message) -> str:
    stand_ins = placeholders(chart.name for chart in message.charts)
    content = {"text": fallback_text(message), "blocks": blocks(message, stand_ins)}
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))


def _inserted(connection: Connection, row: Mapping[str, str | bool | None]) -> bool:
    """Two workers may add the same key at the same moment: the database lets one of them."""
    insert = insert_of(connection)
    new = insert(outbox).values(**row).on_conflict_do_nothing(index_elements=["key"])
    # Not by rowcount, which PostgreSQL's driver does not give here.
    return connection.execute(new.returning(outbox.c.key)).first() is not None
