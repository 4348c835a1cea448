"""People and groups found in Slack by handle or address, so that each is looked up once."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa

from bot.store.database import Database
from bot.store.instants import from_text, to_text
from bot.store.schema import slack_names

FRESH = timedelta(days=7)
"""For so long a name stands for whom it was found to stand for."""


class SlackNames:
    """What is known of names at `now`."""

    def __init__(self, database: Database, now: datetime) -> None:
        self._database = database
        self._now = now

    def fresh(self, name: str) -> str | None:
        """The id found in the last week."""
        return self._found(name, since=self._now - FRESH)

    def stale(self, name: str) -> str | None:
        """The id found once, however long ago."""
        return self._found(name, since=None)

    def remember(self, name: str, slack_id: str) -> None:
        """The name stands for this id now."""
        found = {"slack_id": slack_id, "found_at": to_text(self._now)}
        with self._database.writing() as connection:
            known = slack_names.c.name == name
            changed = connection.execute(slack_names.update().where(known).values(**found))
            if changed.rowcount == 0:
                connection.execute(slack_names.insert().values(name=name, **found))

    def _found(self, name: str, since: datetime | None) -> str | None:
        columns = (slack_names.c.slack_id, slack_names.c.found_at)
        query = sa.select(*columns).where(slack_names.c.name == name)
        with self._database.reading() as connection:
            row = connection.execute(query).first()
        if row is None or (since and from_text(row.found_at) < since):
            return None
        return str(row.slack_id)
