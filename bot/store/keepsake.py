"""The last configuration that could be used, as text: what a worker goes on with.

`${VAR}` stands in it as written, so it holds no secret that the file did not hold.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from bot.store.database import Database
from bot.store.instants import from_text, to_text
from bot.store.schema import meta

_NAME = "last_good"


@dataclass(frozen=True, slots=True)
class Keepsake:
    """The text of a configuration and of its rule files (name without folder -> text)."""

    config: str
    rules: Mapping[str, str]
    read_at: datetime


def keep(database: Database, good: Keepsake) -> None:
    """Keeps this one in place of the one before."""
    told = {"config": good.config, "rules": dict(good.rules), "read_at": to_text(good.read_at)}
    value = json.dumps(told, ensure_ascii=False)
    with database.writing() as connection:
        changed = connection.execute(meta.update().where(meta.c.name == _NAME).values(value=value))
        if changed.rowcount == 0:
            connection.execute(meta.insert().values(name=_NAME, value=value))


def kept(database: Database) -> Keepsake | None:
    """The last one kept; None if there never was one."""
    query = sa.select(meta.c.value).where(meta.c.name == _NAME)
    with database.reading() as connection:
        value = connection.execute(query).scalar()
    if value is None:
        return None
    told = json.loads(value)
    return Keepsake(told["config"], told["rules"], from_text(told["read_at"]))
