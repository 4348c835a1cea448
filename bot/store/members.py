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


Known = Mapping[tuple[str, str], int]


class Members:
    """Numbers of strings, as the database knows them.

    Members are only ever added, with growing numbers: what was read once stays true, and the
    highest number tells whether there is more.
    """

    def __init__(self) -> None:
        self._values: dict[int, str] = {}
        self._known: dict[tuple[str, str], int] = {}

    def numberer(self, connection: Connection) -> Callable[[str, str | None], int]:
        """A function `(dimension, value) -> number` that numbers new values as they come.

        Made anew for each writing transaction: while it lasts, nobody else gives numbers, and a
        rolled-back number is never remembered.
        """
        self._read(connection)
        known, new = self._known, dict[tuple[str, str], int]()
        free = count(max(self._values, default=NONE) + 1)

        def number(dimension: str, value: str | None) -> int:
            if value is None:
                return NONE
            key = (dimension, value)
            found = known.get(key) or new.get(key)
            if found is None:
                found = new[key] = next(free)
                row = {"id": found, "dimension": dimension, "value": value}
                connection.execute(members.insert().values(**row))
            return found

        return number

    def known(self, connection: Connection) -> Known:
        """The number of every dimension and value."""
        self._read(connection)
        return self._known

    def values(self, connection: Connection) -> Mapping[int, str]:
        """Every value by its number."""
        self._read(connection)
        return self._values

    def _read(self, connection: Connection) -> None:
        highest = connection.execute(sa.select(sa.func.max(members.c.id))).scalar() or NONE
        if highest == max(self._values, default=NONE):
            return
        query = sa.select(members.c.id, members.c.dimension, members.c.value)
        rows = connection.execute(query).all()
        self._values = {n: value for n, _, value in rows}
        self._known = {(dimension, value): n for n, dimension, value in rows}


class Numbers(dict[str | None, int]):
    """Numbers of one dimension's values, looked up at the speed of a dict."""

    def __init__(self, dimension: str, number: Callable[[str, str | None], int]) -> None:
        super().__init__()
        self._dimension = dimension
        self._number = number

    def __missing__(self, value: str | None) -> int:
        number = self[value] = self._number(self._dimension, value)
        return number
