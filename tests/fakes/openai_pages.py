"""Rows into pages of buckets, as the costs and usage endpoints write them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from typing import Any, Literal, NamedTuple, TypeVar

from tests.fakes.openai_query import DAY, Query, day_of, midnight
from tests.fakes.openai_rows import KINDS, CostRow, Kind, UsageRow, total

Breach = Literal["missing_data", "missing_has_more", "null_cursor", "repeat_cursor", "endless"]
Row = TypeVar("Row", CostRow, UsageRow)
COST_DIMENSIONS = ("project_id", "line_item", "api_key_id")


class Span(NamedTuple):
    """One bucket's half-open range of Unix seconds."""

    start: int
    end: int


def spans(query: Query) -> list[Span]:
    """Every bucket of a query: aligned to its width, the first from `start`, the last to `end`.

    `query.end` is never after now, so no bucket lies in the future and the last may end now. For
    costs start and end are midnights (or now).
    """
    found = []
    start = query.start
    while start < query.end:
        end = start - start % query.width + query.width
        found.append(Span(start, min(end, query.end)))
        start = end
    return found


def page(query: Query, buckets: Sequence[Span], data: list[dict[str, Any]]) -> dict[str, Any]:
    """The envelope around one page's buckets."""
    more = (query.page + 1) * query.limit < len(buckets)
    return {
        "object": "page",
        "data": data,
        "has_more": more,
        "next_page": query.cursor(query.page + 1) if more else None,
    }


def broken(envelope: dict[str, Any], query: Query, how: Breach) -> dict[str, Any]:
    """The same page, in breach of the contract."""
    match how:
        case "missing_data":
            return {name: value for name, value in envelope.items() if name != "data"}
        case "missing_has_more":
            return {name: value for name, value in envelope.items() if name != "has_more"}
        case "null_cursor":
            return envelope | {"has_more": True, "next_page": None}
        case "repeat_cursor":
            return envelope | {"has_more": True, "next_page": query.cursor(query.page)}
        case "endless":
            return envelope | {"has_more": True, "next_page": query.cursor(query.page + 1)}


def bucket(span: Span, results: list[dict[str, Any]], *, extras: bool) -> dict[str, Any]:
    """One bucket; `extras` adds the fields that live answers carry beside the documented ones."""
    found: dict[str, Any] = {"object": "bucket", "start_time": span.start, "end_time": span.end}
    if extras:
        found["start_time_iso"] = datetime.fromtimestamp(span.start, UTC).isoformat()
        found["end_time_iso"] = datetime.fromtimestamp(span.end, UTC).isoformat()
    return found | {"results": results}


def cost_results(rows: Iterable[CostRow], query: Query, *, extras: bool) -> list[dict[str, Any]]:
    """One day's cost rows, added up over what was not asked for."""
    groups: dict[tuple[Any, ...], list[CostRow]] = defaultdict(list)
    for row in rows:
        if _wanted(row, query):
            key = tuple(getattr(row, name) for name in query.group_by)
            groups[(*key, row.currency)].append(row)
    return [_cost_result(members, query, extras=extras) for members in groups.values()]


def _cost_result(rows: list[CostRow], query: Query, *, extras: bool) -> dict[str, Any]:
    first = rows[0]
    units = {row.unit for row in rows}
    counted = "line_item" in query.group_by and len(units) == 1
    result: dict[str, Any] = {
        "object": "organization.costs.result",
        "amount": {"value": total(row.amount for row in rows), "currency": first.currency},
    }
    for name in COST_DIMENSIONS:
        result[name] = getattr(first, name) if name in query.group_by else None
    result["quantity"] = total(row.quantity for row in rows) if counted else None
    result["quantity_unit"] = first.unit if counted else None
    if extras:
        result["user_id"] = first.user_id if "user_id" in query.group_by else None
        result["user_email"] = f"{first.user_id}@example.com" if result["user_id"] else None
        result["organization_id"] = "org-fake"
    return result


def usage_results(
    rows: Iterable[UsageRow], query: Query, span: Span, now: int
) -> list[dict[str, Any]]:
    """One bucket's usage rows: the part of each day's row that falls into the bucket."""
    kind = KINDS[query.kind or ""]
    groups: dict[tuple[Any, ...], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in rows:
        part = {name: _share(n, row.day, span, now) for name, n in row.measures.items()}
        if _wanted(row, query) and (any(part.values()) or not any(row.measures.values())):
            group = groups[tuple(row.dimension(name) for name in query.group_by)]
            for name, value in part.items():
                group[name] += value
    return [_usage_result(kind, query, key, sums) for key, sums in groups.items()]


def _usage_result(
    kind: Kind, query: Query, key: tuple[Any, ...], sums: dict[str, int]
) -> dict[str, Any]:
    grouped = dict(zip(query.group_by, key, strict=True))
    result: dict[str, Any] = {"object": f"organization.usage.{kind.result}.result"}
    result |= {name: sums.get(name, 0) for name in kind.measures}
    result |= {name: grouped.get(name) for name in kind.group_by}
    return result | {name: sums[name] for name in kind.optional if name in sums}


def _share(measure: int, day: date, span: Span, now: int) -> int:
    """What of a day's measure lies in a span; shares of any partition add up to the measure."""
    start = midnight(day)
    length = max(1, min(DAY, now - start))
    until, since = (min(max(at - start, 0), length) for at in (span.end, span.start))
    return measure * until // length - measure * since // length


def _wanted(row: CostRow | UsageRow, query: Query) -> bool:
    return all(_text(_dimension(row, name)) in values for name, values in query.filters.items())


def _dimension(row: CostRow | UsageRow, name: str) -> Any:
    return row.dimension(name) if isinstance(row, UsageRow) else getattr(row, name)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def by_day(
    rows: Iterable[Row], hidden: set[date], first: date, last: date
) -> dict[date, list[Row]]:
    """Rows of the days [first, last] that are not held back."""
    found: dict[date, list[Row]] = defaultdict(list)
    for row in rows:
        if first <= row.day <= last and row.day not in hidden:
            found[row.day].append(row)
    return found


def day(span: Span) -> date:
    """The UTC day a bucket lies in."""
    return day_of(span.start)
