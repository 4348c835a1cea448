"""From an older schema to the present one, a step at a time, in one transaction.

A step `n` turns schema `n` into `n + 1`. A database that cannot be brought along stays as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlalchemy.engine import Connection

from bot.store.schema import meta

Step = Callable[[Connection], None]

STEPS: Mapping[int, Step] = {}
"""Schema 1 is the first; the next change of a table adds `1: its step` here."""


def migrate(
    connection: Connection, known: int, wanted: int, steps: Mapping[int, Step] = STEPS
) -> None:
    """Bring the tables from the known version to the wanted one; the caller's transaction commits.

    Raises KeyError for a step that does not exist, which is a bug of this program.
    """
    for version in range(known, wanted):
        steps[version](connection)
        connection.execute(
            meta.update().where(meta.c.name == "schema").values(value=str(version + 1))
        )
