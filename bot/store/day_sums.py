"""Sums over some days together, by dimension: what a split of a change is made of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.spend.ledger import Days, Ids
from bot.spend.split import Volume
from bot.store.schema import cost_rows, cost_sums, usage_rows

KIND = "kind"
"""Of usage; kept as a word, where the other dimensions are numbers of members."""
_CALLED = {"model": "family", "snapshot": "model"}


def bill(
    connection: Connection, values: Mapping[int, str], dimensions: tuple[str, ...], on: Days
) -> dict[Ids, int]:
    """Nanos by ids. `values` are the members by number. A dimension by itself is one of
    those that are rolled up: project, line_item, api_key, model."""
    if len(dimensions) == 1:  # what the roll-ups hold already
        query = _rolled_up(dimensions[0], on)
    else:
        columns = [cost_rows.c[name] for name in dimensions]
        total = sa.func.sum(cost_rows.c.nanos)
        query = sa.select(*columns, total).where(_among(cost_rows.c.day, on)).group_by(*columns)
    return {ids: int(nanos) for ids, (nanos,) in _read(connection, query, values, dimensions)}


def volumes(
    connection: Connection, values: Mapping[int, str], dimensions: tuple[str, ...], on: Days
) -> dict[Ids, Volume]:
    """Use by ids, `kind` being one of the dimensions if asked for."""
    columns = [usage_rows.c[_CALLED.get(name, name)] for name in dimensions]
    totals = [sa.func.sum(usage_rows.c[name]) for name in Volume._fields]
    query = sa.select(*columns, *totals).where(_among(usage_rows.c.day, on)).group_by(*columns)
    rows = _read(connection, query, values, dimensions)
    return {ids: Volume(*map(float, measures)) for ids, measures in rows}


def _rolled_up(dimension: str, on: Days) -> sa.Select[Any]:
    member = cost_sums.c.member
    return (
        sa.select(member, sa.func.sum(cost_sums.c.nanos))
        .where(cost_sums.c.dimension == dimension, _among(cost_sums.c.day, on))
        .group_by(member)
    )


def _read(
    connection: Connection,
    query: sa.Select[Any],
    values: Mapping[int, str],
    dimensions: tuple[str, ...],
) -> Iterator[tuple[Ids, tuple[Any, ...]]]:
    count = len(dimensions)
    for row in connection.execute(query):
        ids = tuple(
            part if name == KIND else values.get(part)
            for name, part in zip(dimensions, row[:count], strict=True)
        )
        yield ids, tuple(row[count:])


def _among(column: sa.ColumnElement[int], on: tuple[date, ...]) -> sa.ColumnElement[bool]:
    return column.in_([day.toordinal() for day in on])
