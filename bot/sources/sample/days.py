"""A day of Acme: how much of everything was used, and what it was billed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Final, NamedTuple

from bot.sources.sample.acme import (
    AS_OF,
    EMPTY_DAY,
    FIRST_DAY,
    HOLIDAY,
    LAUNCH,
    NOTES,
    QUERIES,
    SPIKE_DAY,
    STREAMS,
    TODAY,
    Project,
    Stream,
    wobble,
)
from bot.sources.sample.catalogue import VECTOR_STORAGE, Line

PART_OF_TODAY: Final = (AS_OF.hour + AS_OF.minute / 60) / 24
TIER_FACTOR: Final = {"default": Decimal(1), "priority": Decimal(2), "flex": Decimal("0.5")}
SCALE_TIER: Final = Decimal("28.8")
"""What the organisation itself is charged every Monday."""
CREDIT: Final = (date(2026, 11, 10), Decimal("-4.85"))

Measures = dict[str, int]
_BillKey = tuple[str, str, str]


class Bill(NamedTuple):
    """One row of costs; `amount` is in dollars, exact."""

    project_id: str | None
    line_item: str
    api_key_id: str | None
    amount: Decimal
    quantity: int | None = None
    unit: str | None = None


def used(stream: Stream, day: date) -> Measures:
    """Whole units that a stream used on a day, `requests` among them; empty when it rested."""
    requests = round(stream.requests * _activity(stream, day))
    if requests <= 0:
        return {}
    amounts = {
        name: round(requests * each * (1 + 0.03 * wobble(_name(stream), name, day)))
        for name, each in stream.each.items()
    }
    return {"requests": requests, **{name: n for name, n in amounts.items() if n}}


def bills(day: date) -> list[Bill]:
    """The cost rows of a day, in the order of their project, line item and key."""
    sums: dict[_BillKey, list[Bill]] = defaultdict(list)
    for stream in STREAMS:
        for bill in _billed(stream, day):
            sums[bill.project_id or "", bill.line_item, bill.api_key_id or ""].append(bill)
    rows = [_added_up(parts) for _, parts in sorted(sums.items())]
    return rows if day == EMPTY_DAY else [*rows, *_odd_rows(day)]


def _billed(stream: Stream, day: date) -> Iterator[Bill]:
    measures = used(stream, day)
    key_id = None if stream.product is VECTOR_STORAGE else stream.key.id
    for line in stream.product.lines:
        if quantity := measures.get(line.measure):
            yield Bill(
                stream.key.project.id,
                _line_item(stream, line),
                key_id,
                line.usd * quantity * _factor(stream),
                quantity,
                line.unit,
            )


def _added_up(parts: list[Bill]) -> Bill:
    amount = sum((part.amount for part in parts), Decimal(0))
    return parts[0]._replace(amount=amount, quantity=sum(part.quantity or 0 for part in parts))


def _line_item(stream: Stream, line: Line) -> str:
    """Surfaces and tiers other than the default are named on the bill; batch is not."""
    tier = None if stream.tier == "default" else stream.tier
    prefix = "".join(f"{name} | " for name in (stream.surface, tier) if name)
    return f"{prefix}{line.item}{', long context' if stream.long_context else ''}"


def _factor(stream: Stream) -> Decimal:
    batch = Decimal("0.5") if stream.batch else Decimal(1)
    return TIER_FACTOR[stream.tier] * batch * (2 if stream.long_context else 1)


def _odd_rows(day: date) -> Iterator[Bill]:
    if day.weekday() == 0:
        nobody = "" if day.isocalendar().week % 2 else None  # bills have shown both
        yield Bill(nobody, "Scale Tier", None, SCALE_TIER)
    if day == CREDIT[0]:
        yield Bill(QUERIES.project.id, "web search tool calls", QUERIES.id, CREDIT[1])


def _activity(stream: Stream, day: date) -> float:
    """How much of its usual weekday a stream does on a day."""
    if not _runs(stream, day):
        return 0.0
    project = stream.key.project
    level = _pace(project, day) * (PART_OF_TODAY if day == TODAY else 1.0)
    if stream.product is VECTOR_STORAGE:  # what is stored knows no weekend
        return level
    together = 1 + 0.05 * wobble(project.name, day)
    alone = 1 + 0.04 * wobble(_name(stream), day)
    spike = stream.spike if day == SPIKE_DAY else 1.0
    weekday = 6 if day == HOLIDAY else day.weekday()
    return level * project.week[weekday] * together * alone * spike


def _runs(stream: Stream, day: date) -> bool:
    its_weekday = stream.weekday is None or stream.weekday == day.weekday()
    return its_weekday and stream.first <= day <= stream.last and day != EMPTY_DAY


def _pace(project: Project, day: date) -> float:
    """The launched project climbs from next to nothing; the others grow steadily."""
    if project is NOTES:
        return 0.06 + 0.94 * ((day - LAUNCH).days / 35)
    return 0.58 + 0.42 * ((day - FIRST_DAY).days / 100)


def _name(stream: Stream) -> str:
    return f"{stream.key.name} {stream.product.model} {stream.product.kind} {stream.tier}"
