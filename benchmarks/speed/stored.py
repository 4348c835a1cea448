"""A history of a shape, made quickly: `python -m benchmarks.speed.stored FILE SHAPE…`.

The database is the bot's own, filled beside it: the same rows that the pages of the same shape
would have left, with their roll-ups and day states.
"""

from __future__ import annotations

import sys
from datetime import timedelta
from decimal import Decimal
from itertools import product
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from benchmarks.speed.pages import Bill
from benchmarks.speed.shape import NOW, TODAY, Shape
from bot.spend.line_item import parse
from bot.spend.money import from_dollars
from bot.spend.rows import UsageKind
from bot.store.bulk import insert_all
from bot.store.database import Database, open_lasting
from bot.store.instants import to_text
from bot.store.schema import cost_rows, cost_sums, days, members, names, pulses

_HOURS = timedelta(hours=1)


def store(file: Path, shape: Shape) -> None:
    """Make the file; its days were last fetched an hour ago."""
    database = open_lasting(f"sqlite:///{file}")
    numbers = _numbered(database, shape)
    bill = Bill(shape)
    for day in shape.dates():
        amounts = [from_dollars(Decimal(each)) for each in bill.amounts(day)]
        at = day.toordinal()
        rows = [
            (at, *ids, nanos, 1048576.0, "tokens")
            for ids, nanos in zip(numbers, amounts, strict=True)
        ]
        with database.writing() as connection:
            insert_all(connection, cost_rows, rows)
            _sum_up(connection, at)
            _mark(connection, shape, at)
    with database.writing() as connection:
        seen = {"name": "checked", "at": _instant(), "detail": TODAY.isoformat()}
        connection.execute(pulses.insert().values(**seen))
        called: list[tuple[str, str, str, str | None]]
        called = [("project", id_, f"Team {id_[-6:]}", None) for id_ in shape.project_ids()]
        called += [
            ("api_key", key, key[-8:], id_)
            for id_ in shape.project_ids()
            for key in shape.key_ids(id_)
        ]
        insert_all(connection, names, [(*name, _instant()) for name in called])
    database.close()


def _numbered(database: Database, shape: Shape) -> list[tuple[int, int, int, int]]:
    """Project, line item, key and model of every row of a day, as numbers of members."""
    known: dict[tuple[str, str], int] = {}

    def number(dimension: str, value: str | None) -> int:
        return 0 if value is None else known.setdefault((dimension, value), len(known) + 1)

    items = shape.items()
    numbers = [
        (
            number("project", project),
            number("line_item", item),
            number("api_key", key),
            number("model", parse(item).family),
        )
        for project in shape.project_ids()
        for item, key in product(items, shape.key_ids(project))
    ]
    with database.writing() as connection:
        rows = [(n, dimension, value) for (dimension, value), n in known.items()]
        insert_all(connection, members, rows)
    return numbers


_ROLLED_UP = ("project", "line_item", "api_key", "model")


def _sum_up(connection: Connection, day: int) -> None:
    """The day's roll-ups."""
    for dimension in _ROLLED_UP:
        column = cost_rows.c[dimension]
        of_day = (
            sa.select(
                sa.literal(dimension), cost_rows.c.day, column, sa.func.sum(cost_rows.c.nanos)
            )
            .where(cost_rows.c.day == day)
            .group_by(column)
        )
        connection.execute(cost_sums.insert().from_select(list(cost_sums.c), of_day))
    total = sa.select(
        sa.literal("organization"), cost_rows.c.day, sa.literal(0), sa.func.sum(cost_rows.c.nanos)
    ).where(cost_rows.c.day == day)
    connection.execute(cost_sums.insert().from_select(list(cost_sums.c), total))


def _mark(connection: Connection, shape: Shape, day: int) -> None:
    datasets = ["costs", *(f"usage/{kind}" for kind in UsageKind)]
    for dataset in datasets:
        rows = shape.per_day if dataset == "costs" else 0
        known = {"dataset": dataset, "day": day, "whole": True, "row_count": rows}
        connection.execute(days.insert().values(**known, fetched_at=_instant()))


def _instant() -> str:
    return to_text(NOW - _HOURS)


def main(file: str, *shape: str) -> None:
    """Make it in one go or not at all."""
    part = Path(f"{file}.part")
    part.unlink(missing_ok=True)
    store(part, Shape(*map(int, shape)))
    part.rename(file)


if __name__ == "__main__":
    main(*sys.argv[1:])
