"""Days of pages into rows: exact money, and the measures of the ten usage kinds. Pure.

A row that cannot be read spoils its day only: the day comes as a BrokenDay, the others go on.
Rows of a day are unique by their dimensions, in a stable order, and add up to the day's exact
total, rounded once. `user_email` and everything else that was not asked for is left behind.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from operator import itemgetter
from typing import Any, NamedTuple

from bot.sources.cost_pages import CostResult
from bot.sources.openai_pages import Day, Page, PageError, Place, days_of
from bot.spend.money import Exact, MoneyError, attos, dollars, share_out
from bot.spend.rows import CostDay, CostRow, UsageDay, UsageKind, UsageRow

_MEASURED = UsageRow._fields.index("requests")  # what stands before it tells rows apart
_LARGEST_COUNT = 10**18  # what a 64-bit column still adds up


class BrokenDay(NamedTuple):
    """A day that holds something unreadable, while its page as a whole is sound."""

    day: date
    error: PageError


class Measures(NamedTuple):
    """The fields a usage kind counts in (OpenAI API reference, "usage")."""

    requests: str | None = "num_model_requests"
    input: str | None = None
    output: str | None = None
    units: str | None = None


MEASURES: Mapping[UsageKind, Measures] = {
    UsageKind.COMPLETIONS: Measures(input="input_tokens", output="output_tokens"),
    UsageKind.EMBEDDINGS: Measures(input="input_tokens"),
    UsageKind.MODERATIONS: Measures(input="input_tokens"),
    UsageKind.IMAGES: Measures(units="images"),
    UsageKind.AUDIO_SPEECHES: Measures(units="characters"),
    UsageKind.AUDIO_TRANSCRIPTIONS: Measures(units="seconds"),
    UsageKind.VECTOR_STORES: Measures(requests=None, units="usage_bytes"),
    UsageKind.CODE_INTERPRETER_SESSIONS: Measures(requests=None, units="num_sessions"),
    UsageKind.FILE_SEARCH_CALLS: Measures(requests=None, units="num_requests"),
    UsageKind.WEB_SEARCH_CALLS: Measures(units="num_requests"),
}


def cost_days(pages: Iterable[Page]) -> Iterator[CostDay | BrokenDay]:
    """The cost days of a query's pages, in order. See `days_of` for what the last day needs.

    Raises PageError where the pages break their contract.
    """
    for day in days_of(pages):
        try:
            found: CostDay | BrokenDay = CostDay(day.day, _cost_rows(day), day.whole)
        except PageError as error:
            found = BrokenDay(day.day, error)
        yield found


def usage_days(pages: Iterable[Page], kind: UsageKind) -> Iterator[UsageDay | BrokenDay]:
    """The days of one usage endpoint, in order. Rows that differ in nothing kept are added up."""
    for day in days_of(pages):
        try:
            found: UsageDay | BrokenDay = UsageDay(day.day, kind, _usage_rows(day, kind), day.whole)
        except PageError as error:
            found = BrokenDay(day.day, error)
        yield found


Key = tuple[str, str, str]  # project, line item, API key, "" for none
_Cost = tuple[Key, Exact, float | None, str | None]  # quantity and its unit come last
_by_key = itemgetter(0)


def _cost_rows(day: Day) -> tuple[CostRow, ...]:
    costs = [_cost(result, part.place) for part in day.parts for result in part.results]
    day.parts.clear()  # a large day's results and its rows are not held at the same time
    costs.sort(key=_by_key)
    shares = share_out([cost[1] for cost in costs])
    rows: list[CostRow] = []
    last = None
    strings: dict[str, str] = {}
    made = CostRow._make
    same = strings.setdefault  # thousands of rows share their project, line item and unit
    for (key, _, quantity, unit), nanos in zip(costs, shares, strict=True):
        project, line_item, api_key = (same(name, name) for name in key)
        named = (project or None, line_item or None, api_key or None)
        row = made((day.day, *named, nanos, quantity, unit and same(unit, unit)))
        if key == last:
            row = _together(rows.pop(), row)
        rows.append(row)
        last = key
    return tuple(rows)


def _together(one: CostRow, other: CostRow) -> CostRow:
    """Two rows of the same key as one; quantities in different units have no sum."""
    nanos = one.nanos + other.nanos
    if one.quantity_unit != other.quantity_unit or one.quantity is None or other.quantity is None:
        return one._replace(nanos=nanos, quantity=None, quantity_unit=None)
    return one._replace(nanos=nanos, quantity=one.quantity + other.quantity)


def _cost(result: Any, place: Place) -> _Cost:
    """A result on its way to a row. There may be millions: types are checked all at once."""
    if type(result) is CostResult:
        return _checked_cost(result, place)
    if type(result) is not dict:
        raise PageError(place, "a result is not an object")
    get = result.get
    names = (get("project_id"), get("line_item"), get("api_key_id"), get("quantity_unit"))
    if not _TEXT.issuperset(map(type, names)):
        for name in ("project_id", "line_item", "api_key_id", "quantity_unit"):
            _text(result, name, place)
    project, line_item, api_key, unit = names
    quantity = _quantity(get("quantity"))
    return (
        (project or "", line_item or "", api_key or ""),
        _amount(result, place),
        quantity,
        unit or None,
    )


def _checked_cost(result: CostResult, place: Place) -> _Cost:
    """The same for one whose types were checked when it was decoded."""
    amount = result.amount
    if amount.currency != "usd":
        _check_currency(amount.currency, place)
    exact: Exact | None = attos(bytes(amount.value))
    if exact is None:
        exact = _dollars(_decoded(amount.value, place), place)
    quantity = result.quantity
    return (
        (result.project_id or "", result.line_item or "", result.api_key_id or ""),
        exact,
        quantity if quantity is None else _quantity(quantity),
        result.quantity_unit or None,
    )


def _decoded(value: bytes | memoryview, place: Place) -> Any:
    """JSON that is no plain number, as the careful reader sees it."""
    try:
        return json.loads(bytes(value).decode("utf-8", "replace"), parse_float=Decimal)
    except (ValueError, InvalidOperation, RecursionError):  # e.g. an integer of 5,000 digits
        raise PageError(place, "`amount.value` cannot be read") from None


_TEXT = frozenset({str, type(None)})


def _text(result: Mapping[str, Any], name: str, place: Place) -> str:
    value = result.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise PageError(place, f"`{name}` is neither text nor null")
    return value


def _amount(result: Mapping[str, Any], place: Place) -> Decimal:
    amount = result.get("amount")
    if type(amount) is not dict:
        raise PageError(place, "a result has no `amount`")
    currency = amount.get("currency")
    if currency != "usd":
        _check_currency(currency, place)
    return _dollars(amount.get("value"), place)


def _dollars(raw: Any, place: Place) -> Decimal:
    try:
        return dollars(raw)
    except MoneyError as error:
        raise PageError(place, f"`amount.value` cannot be read: {error}") from None


def _check_currency(currency: Any, place: Place) -> None:
    if not isinstance(currency, str) or not currency:
        raise PageError(place, "an amount has no `currency`")
    if currency.lower() != "usd":
        shown = "".join(c for c in currency if c.isalnum())[:8].upper()
        hint = "Amounts of different currencies cannot be added up, and none is converted."
        raise PageError(place, f"an amount is in {shown}, not in USD", hint=hint)


_NUMERIC = frozenset({int, str, Decimal})


def _quantity(raw: Any) -> float | None:
    """A quantity only illustrates the money: one that cannot be read is none."""
    if type(raw) is float or type(raw) is int:
        return float(raw) if -_LARGEST_COUNT < raw < _LARGEST_COUNT else None
    if raw is None or type(raw) not in _NUMERIC:
        return None
    try:
        value = Decimal(raw)
    except InvalidOperation:
        return None
    return float(value) if value.is_finite() and abs(value) < _LARGEST_COUNT else None


def _usage_rows(day: Day, kind: UsageKind) -> tuple[UsageRow, ...]:
    sums: dict[tuple[Any, ...], UsageRow] = {}
    for part in day.parts:
        for result in part.results:
            row = _usage(result, kind, day.day, part.place)
            key = row[:_MEASURED]
            known = sums.get(key)
            sums[key] = row if known is None else _sum(known, row)
    return tuple(sums[key] for key in sorted(sums, key=_usage_order))


def _sum(one: UsageRow, other: UsageRow) -> UsageRow:
    return one._replace(
        requests=one.requests + other.requests,
        input_tokens=one.input_tokens + other.input_tokens,
        output_tokens=one.output_tokens + other.output_tokens,
        cached_tokens=one.cached_tokens + other.cached_tokens,
        input_audio_tokens=one.input_audio_tokens + other.input_audio_tokens,
        output_audio_tokens=one.output_audio_tokens + other.output_audio_tokens,
        units=one.units + other.units,
    )


def _usage_order(key: tuple[Any, ...]) -> tuple[str, ...]:
    return tuple("" if part is None else str(part) for part in key[2:])


def _usage(result: Any, kind: UsageKind, day: date, place: Place) -> UsageRow:
    if not isinstance(result, dict):
        raise PageError(place, "a result is not an object")
    measures = MEASURES[kind]
    return UsageRow(
        day,
        kind,
        _text(result, "project_id", place) or None,
        _text(result, "model", place) or None,
        _text(result, "api_key_id", place) or None,
        _flag(result, "batch", place),
        _text(result, "service_tier", place) or None,
        _count(result, measures.requests, place),
        _count(result, measures.input, place),
        _count(result, measures.output, place),
        _optional_count(result, "input_cached_tokens", place),
        _optional_count(result, "input_audio_tokens", place),
        _optional_count(result, "output_audio_tokens", place),
        float(_number(result, measures.units, place)) if measures.units else 0.0,
    )


def _flag(result: Mapping[str, Any], name: str, place: Place) -> bool | None:
    value = result.get(name)
    if value is not None and not isinstance(value, bool):
        raise PageError(place, f"`{name}` is neither true, false nor null")
    return value


def _optional_count(result: Mapping[str, Any], name: str, place: Place) -> int:
    return 0 if result.get(name) is None else _count(result, name, place)


def _count(result: Mapping[str, Any], name: str | None, place: Place) -> int:
    """A measure the kind must have, in whole numbers; 0 for one it does not have."""
    if name is None:
        return 0
    value = _number(result, name, place)
    if value != int(value):
        raise PageError(place, f"`{name}` is not a whole number")
    return int(value)


def _number(result: Mapping[str, Any], name: str, place: Place) -> int | Decimal:
    value = result.get(name)
    if value is None:
        raise PageError(place, f"a result has no `{name}`")
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise PageError(place, f"`{name}` is not a number")
    if not -_LARGEST_COUNT < value < _LARGEST_COUNT:
        raise PageError(place, f"`{name}` is too large")
    return value
