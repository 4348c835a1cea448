"""What people call the ids of the bill, and when that was last asked."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.spend.rows import Name
from bot.store.bulk import insert_all
from bot.store.instants import from_text, to_text
from bot.store.schema import names

_FRESH = timedelta(hours=12)
"""A name that was seen so lately is not written down again."""


def remember(connection: Connection, found: Iterable[Name], now: datetime) -> None:
    """Write what is new. A nameless id keeps the name it had: its key may have been deleted."""
    known = {(row.dimension, row.id): row for row in connection.execute(sa.select(names))}
    new: dict[tuple[str, str], tuple[str, str, str, str | None, str]] = {}
    for name in found:
        key, row = (name.dimension, name.id), known.get((name.dimension, name.id))
        if row is None:
            new[key] = (*key, name.name, name.project_id, to_text(now))
            continue
        called = name.name or row.name
        same = (row.name, row.project_id) == (called, name.project_id)
        if not same or now - from_text(row.seen_at) > _FRESH:
            values = {"name": called, "project_id": name.project_id, "seen_at": to_text(now)}
            this = sa.and_(names.c.dimension == name.dimension, names.c.id == name.id)
            connection.execute(names.update().where(this).values(**values))
    insert_all(connection, names, new.values())


def keys_asked_since(connection: Connection, instant: datetime) -> frozenset[str]:
    """The API keys whose name was asked for since then."""
    query = sa.select(names.c.id).where(
        names.c.dimension == "api_key", names.c.seen_at >= to_text(instant)
    )
    return frozenset(connection.execute(query).scalars())
