"""The compact tables of a digest: the largest projects, models and keys, and how they moved."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

import numpy as np

from bot.messages.digest import Digest, change, named
from bot.messages.figures import sparkline
from bot.messages.model import Align, Table
from bot.spend.calendar import ONE_DAY, DayState, Unit
from bot.spend.calendar import Span as Days
from bot.spend.currency import Currency
from bot.spend.ledger import DailyTable, Ids
from bot.spend.metrics import Additive
from bot.spend.money import NANOS_PER_UNIT
from bot.spend.movement import as_long, usual_day
from bot.spend.names import clean

TOP = {"project": 5, "model": 4, "api_key": 4}
"""How many of each a digest names."""
_TITLES = {"project": "Project", "model": "Model", "api_key": "Key"}
_NAMELESS = {"model": "(no model)"}  # its long name is a letter too wide for a phone
_TREND = 7


def tables(digest: Digest) -> Iterator[Table]:
    """Projects and models; in longer periods keys too."""
    for dimension in ("project", "model") if digest.unit is Unit.DAY else TOP:
        table = digest.ledger.sums(Additive.COST, (dimension,))
        if rows := tuple(_rows(digest, table, dimension)):
            yield Table(_columns(digest, _TITLES[dimension]), rows)


def _columns(digest: Digest, title: str) -> tuple[tuple[str, Align], ...]:
    named_columns = ((title, Align.LEFT), (_column_name(digest), Align.RIGHT))
    if digest.unit is Unit.DAY:
        return (*named_columns, ("vs usual", Align.RIGHT), ("7 days", Align.LEFT))
    return (*named_columns, (f"vs {named(digest.before)}", Align.RIGHT))


def _column_name(digest: Digest) -> str:
    if digest.unit is Unit.DAY:
        return f"{digest.period.start:%a}"  # short: names need the room
    return named(digest.period).capitalize()


def _rows(digest: Digest, table: DailyTable, dimension: str) -> Iterator[tuple[str, ...]]:
    now, before = table.totals(digest.period.span), table.totals(digest.before.span)
    there = [ids for ids in now if now[ids] or before[ids]]
    ranked = sorted(there, key=lambda ids: -max(now[ids], before[ids]))
    top = ranked[: TOP[dimension]] if len(ranked) > TOP[dimension] + 1 else ranked
    whole = bool(top) and max(now[ids] for ids in top) >= 100 * NANOS_PER_UNIT
    usuals = _usuals(digest, table, top)
    for ids in top:
        moved = _moved(digest, table, ids, usuals[ids])
        row = (_name(digest, dimension, ids), _money(digest, now[ids], whole=whole), moved)
        yield (*row, *_trend(digest, table, ids))
    if rest := ranked[len(top) :]:
        total = sum(now[ids] for ids in rest)
        yield (f"{len(rest):,} others", _money(digest, total, whole=whole))


def _name(digest: Digest, dimension: str, ids: Ids) -> str:
    if ids[0] is None and dimension in _NAMELESS:
        return _NAMELESS[dimension]
    return clean(digest.ledger.name(dimension, ids[0]), 24)


def _money(digest: Digest, nanos: int, *, whole: bool) -> str:
    """Without coins if so; the least it can be where a day of the period was not read."""
    currency = digest.currency
    amount = _without_coins(nanos, currency) if whole else currency.text(nanos)
    return f"≥ {amount}" if digest.unseen(digest.period.span) else amount


def _without_coins(nanos: int, currency: Currency) -> str:
    if 0 < nanos < NANOS_PER_UNIT:
        return f"<{currency.as_set(NANOS_PER_UNIT)}"
    return currency.as_set(round(nanos / NANOS_PER_UNIT) * NANOS_PER_UNIT)


def _usuals(digest: Digest, table: DailyTable, top: Sequence[Ids]) -> dict[Ids, float]:
    """What each would usually cost; NaN where nobody knows."""
    unknown = dict.fromkeys(top, np.nan)
    if digest.unseen(digest.period.span) or not top:
        return unknown
    if digest.unit is Unit.DAY:
        chosen = table.only(np.array([table.ids.index(ids) for ids in top]))
        return dict(zip(top, usual_day(digest.ledger, chosen, digest.period.start), strict=True))
    if digest.unseen(digest.before.span):
        return unknown
    past = table.totals(digest.before.span)
    return {ids: as_long(past[ids], digest.period) for ids in top}


def _moved(digest: Digest, table: DailyTable, ids: Ids, usual: float) -> str:
    """The change; `new` for who never spent before, `?` where nobody knows."""
    if digest.unseen(digest.period.span) or digest.unseen(digest.before.span):
        return "?"
    start = (digest.period.start - table.span.start) // ONE_DAY
    if not (table.column(ids)[: max(start, 0)] != 0).any():
        return "new"
    if np.isnan(usual):
        return "?"
    now = table.totals(digest.period.span)[ids]
    return change(now, usual) or "–"


def _trend(digest: Digest, table: DailyTable, ids: Ids) -> tuple[str, ...]:
    """The last seven days, in a daily digest."""
    if digest.unit is not Unit.DAY:
        return ()
    end = digest.period.end
    days = [day for day in Days(end - timedelta(days=_TREND), end) if day in table.span]
    column = table.column(ids)
    values = [
        None
        if digest.ledger.state(day) is DayState.MISSING
        else float(column[(day - table.span.start) // ONE_DAY])
        for day in days
    ]
    return (sparkline(values),)
