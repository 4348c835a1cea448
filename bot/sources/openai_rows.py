"""Days of pages into rows: exact money, and the measures of the ten usage kinds. Pure.

A row that cannot be read spoils its day only: the day comes as a BrokenDay, the others go on.
Rows of a day are unique by their dimensions, in a stable order, and add up to the day's exact
total, rounded once. `user_email` and everything else that was not asked for is left behind.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from bot.errors import SourceError
from bot.sources.cost_batch import Cost, CostBatch
from bot.sources.cost_pages import LARGEST_COUNT, quantity
from bot.sources.currency import currency_of
from bot.sources.lengths import LONGEST, all_fit, label, with_labels
from bot.sources.openai_pages import NOWHERE, Day, Page, PageError, Part, Place, days_of
from bot.spend.columns import CostColumns
from bot.spend.currency import USD, Currency, currency
from bot.spend.money import LARGEST_DAY_DOLLARS, NANOS_PER_UNIT, MoneyError, dollars
from bot.spend.rows import CostDay, UsageDay, UsageKind, UsageRow

_MEASURED = UsageRow._fields.index("requests")  # what stands before it tells rows apart
_UNITS = UsageRow._fields.index("units")
_LARGEST_DAY = 10**16  # of a count; a year of such days still fits 64 bits


class BrokenDay(NamedTuple):
    """A day that holds something unreadable, while its page as a whole is sound."""

    day: date
    error: SourceError


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
            code = currency_of(day)
            columns = _cost_columns(day, currency(code) if code else USD)
            found: CostDay | BrokenDay = CostDay(day.day, columns, day.whole, code)
        except SourceError as error:
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


def _cost_columns(day: Day, bill: Currency) -> CostColumns:
    batch = CostBatch()
    for part in day.parts:
        if not isinstance(part.results, CostBatch):
            batch.add_costs([_cost(result, part.place) for result in part.results])
        elif len(day.parts) == 1:
            batch = part.results
        else:
            batch.add_batch(part.results)
    place = day.parts[0].place if day.parts else NOWHERE
    day.parts.clear()  # a large day's results and its columns are not held at the same time
    try:
        columns = batch.columns(day.day)
        sound = columns.gross <= LARGEST_DAY_DOLLARS * NANOS_PER_UNIT
    except OverflowError:
        sound = False
    if not sound:
        most = bill.as_set(LARGEST_DAY_DOLLARS * NANOS_PER_UNIT)
        raise PageError(place, f"{day.day} has amounts of more than {most} together")
    for column in columns.dimensions:
        _check_lengths(column.words, day.day, place)
    return with_labels(columns)


def _check_lengths(words: Iterable[str | None], day: date, place: Place) -> None:
    if not all_fit(words):
        raise PageError(place, f"{day} has an id of more than {LONGEST} characters")


def _cost(result: Any, place: Place) -> Cost:
    """A result of the careful reader on its way to a row."""
    if type(result) is not dict:
        raise PageError(place, "a result is not an object")
    get = result.get
    names = (get("project_id"), get("line_item"), get("api_key_id"), get("quantity_unit"))
    if not _TEXT.issuperset(map(type, names)):
        for name in ("project_id", "line_item", "api_key_id", "quantity_unit"):
            _text(result, name, place)
    project, line_item, api_key, unit = names
    return (
        (project or "", line_item or "", api_key or ""),
        _amount(result, place),
        quantity(get("quantity")),
        unit or None,
    )


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
    if not amount.get("currency") or not isinstance(amount["currency"], str):
        raise PageError(place, "an amount has no `currency`")
    return _dollars(amount.get("value"), place)


def _dollars(raw: Any, place: Place) -> Decimal:
    try:
        return dollars(raw)
    except MoneyError as error:
        raise PageError(place, f"`amount.value` cannot be read: {error}") from None


def _usage_rows(day: Day, kind: UsageKind) -> tuple[UsageRow, ...]:
    sums: dict[tuple[Any, ...], UsageRow] = {}
    for part in day.parts:
        for result in _results(part):
            row = _usage(result, kind, day.day, part.place)
            key = row[:_MEASURED]
            known = sums.get(key)
            sums[key] = row if known is None else _sum(known, row)
    _check_counts(day, sums.values())
    for row in sums.values():
        named = (row.project_id, row.model, row.api_key_id)
        _check_lengths(named, day.day, day.parts[0].place)
    return tuple(sums[key] for key in sorted(sums, key=_usage_order))


def _check_counts(day: Day, rows: Iterable[UsageRow]) -> None:
    counts = zip(*(row[_MEASURED:_UNITS] for row in rows), strict=True)
    if any(sum(map(abs, of_all)) > _LARGEST_DAY for of_all in counts):
        raise PageError(day.parts[0].place, f"{day.day} has counts that are too large together")


def _results(part: Part) -> list[Any]:
    """Those of usage are never read in pieces."""
    return part.results if isinstance(part.results, list) else []


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
        label(_text(result, "service_tier", place)),
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
    if not -LARGEST_COUNT < value < LARGEST_COUNT:
        raise PageError(place, f"`{name}` is too large")
    return value
