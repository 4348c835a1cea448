"""The strings of the bill (projects, line items, keys, models), each with a small number.

Rows carry numbers instead of strings: an eighth of the space, and faster to add up.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import count

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.store.schema import members

NONE = 0
"""The number of "no member"."""


class Members:
    """Numbers of strings, as the database knows them."""

    def numberer(self, connection: Connection) -> Callable[[str, str | None], int]:
        """A function `(dimension, value) -> number` that numbers new values as they come.

        Made anew for each writing transaction: while it lasts, nobody else gives numbers, and a
        rolled-back number is never remembered.
        """
        query = sa.select(members.c.dimension, members.c.value, members.c.id)
        known = {(d, v): n for d, v, n in connection.execute(query)}
        free = count(max(known.values(), default=NONE) + 1)

        def number(dimension: str, value: str | None) -> int:
            if value is None:
                return NONE
            found = known.get((dimension, value))
            if found is None:
                found = known[dimension, value] = next(free)
                row = {"id": found, "dimension": dimension, "value": value}
                connection.execute(members.insert().values(**row))
            return found

        return number

    def values(self, connection: Connection) -> Mapping[int, str]:
        """Every value by its number."""
        query = sa.select(members.c.id, members.c.value)
        return {row.id: row.value for row in connection.execute(query)}


class Numbers(dict[str | None, int]):
    """Numbers of one dimension's values, looked up at the speed of a dict."""

    def __init__(self, dimension: str, number: Callable[[str, str | None], int]) -> None:
        super().__init__()
        self._dimension = dimension
        self._number = number

    def __missing__(self, value: str | None) -> int:
        number = self[value] = self._number(self._dimension, value)
        return number
