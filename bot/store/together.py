"""Questions as text, asked of a database that is open already."""

from __future__ import annotations

from bot.store.database import Database
from bot.store.light import Row, Statement, in_percent


class Together:
    """Answers several questions out of one state, as `bot.store.light.LightFile` does."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def together(self, *statements: Statement) -> list[list[Row]]:
        """What each query finds. Raises StoreError."""
        found: list[list[Row]] = []
        with self._database.reading() as connection:
            is_lite = connection.dialect.name == "sqlite"
            for sql, values in statements:
                asked = sql if is_lite else in_percent(sql)
                rows = connection.exec_driver_sql(asked, tuple(values))
                found.append([tuple(row) for row in rows])
        return found
