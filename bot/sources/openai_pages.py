"""Raw pages of the costs and usage endpoints, opened and cut into UTC days. Pure.

    body -> read_page() -> Page -> days_of(pages) -> Day

What breaks the contract of the API (https://platform.openai.com/docs/api-reference/usage) raises
PageError instead of being taken for zero. Fields nobody asked for are ignored.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple, NoReturn

from bot.errors import SourceError
from bot.sources.body import Bytes, size, whole
from bot.sources.cost_batch import CostBatch
from bot.spend.calendar import midnight, utc_day

DAY_SECONDS = 86_400
_LAST_SECOND = 253_402_300_799  # of the year 9999: what a datetime can hold
# What JSON can spell and neither SQL nor UTF-8 can hold: lone surrogates and NUL.
_UNSTORABLE_ESCAPE = re.compile(r"\\u(?:d[89a-f]|0000)", re.IGNORECASE)
_UNSTORABLE = re.compile("[\ud800-\udfff\x00]")


class Place(NamedTuple):
    """Where a page comes from, for errors: endpoint, number from 1, x-request-id."""

    endpoint: str
    number: int = 1
    request_id: str | None = None

    def __str__(self) -> str:
        where = f"{self.endpoint}, page {self.number}"
        return f"{where} (request {self.request_id})" if self.request_id else where


NOWHERE = Place("page")

LARGEST = 64 * 1024 * 1024
"""Bytes of a page that is held as a whole, in ten times the memory."""
MOST_VALUES = 4_000_000
"""JSON values it may have, counted by its commas: an empty object takes three bytes there and a
hundred here. A page of 64 MiB of costs has three million."""


class PageError(SourceError):
    """A page breaks the contract of the API, so nothing can be concluded from it."""

    def __init__(self, place: Place, wrong: str, *, hint: str | None = None) -> None:
        super().__init__(f"{place}: {wrong}", hint=hint)
        self.place = place


class LargePageError(PageError):
    """A page has more in it than can be held at once: ask for fewer days."""


class Page(NamedTuple):
    """One decoded page: its items, and whether another follows."""

    place: Place
    data: list[Any]
    has_more: bool
    content: Mapping[str, Any]


class Part(NamedTuple):
    """The results of one bucket of a day."""

    place: Place
    results: list[Any] | CostBatch


@dataclass(slots=True)
class Day:
    """All buckets of one UTC day, which may come in several pages."""

    day: date
    parts: list[Part] = field(default_factory=list)
    stretches: list[tuple[int, int]] = field(default_factory=list)

    @property
    def whole(self) -> bool:
        """Whether the buckets cover the day from midnight to midnight.

        A query from mid-day gets a first bucket that begins there, and an open day's last bucket
        may end now.
        """
        begin = int(midnight(self.day).timestamp())
        covered = begin
        for start, end in sorted(self.stretches):
            if start > covered:
                return False
            covered = max(covered, end)
        return covered >= begin + DAY_SECONDS


def decode(body: bytes, place: Place = NOWHERE) -> dict[str, Any]:
    """The JSON object in a body; numbers with a point or exponent are exact Decimals.

    Characters that no database can hold (lone surrogates, NUL) become U+FFFD.
    Raises PageError if the body is no JSON object.
    """
    text = body.decode("utf-8-sig", "replace")
    try:
        content = json.loads(text, parse_float=Decimal, parse_constant=_no_constant)
        if _UNSTORABLE_ESCAPE.search(text):
            content = _storable(content)
    except (ValueError, InvalidOperation, RecursionError):
        raise PageError(place, "the answer is not readable JSON") from None
    if not isinstance(content, dict):
        raise PageError(place, f"the answer is not a JSON object but {kind_of(content)}")
    return content


def read_page(body: Bytes, place: Place) -> Page:
    """A page with the envelope that every listing has: `data` and `has_more`."""
    if size(body) > LARGEST:
        raise LargePageError(
            place, f"the answer is {size(body) // 1024**2} MiB: too much to be read"
        )
    text = whole(body)
    if text.count(b",") > MOST_VALUES:
        raise LargePageError(place, f"the answer holds more than {MOST_VALUES:,} values")
    content = decode(text, place)
    for name, kind in (("data", list), ("has_more", bool)):
        if name not in content:
            raise PageError(place, f"`{name}` is missing")
        if not isinstance(content[name], kind):
            raise PageError(place, f"`{name}` is {kind_of(content[name])}")
    return Page(place, content["data"], content["has_more"], content)


def days_of(pages: Iterable[Page]) -> Iterator[Day]:
    """The days of a query's pages, in order, each once.

    A day is handed over when the next one begins or the pages end: it may go on in the next page.
    Where the pages break off, the last day is not known to be whole and does not come.
    Raises PageError for buckets without times, longer than a day, or out of order.
    """
    held: Day | None = None
    for page in pages:
        buckets = page.data[::-1]
        page.data.clear()  # so that a day's results are let go with the day
        while buckets:
            bucket = buckets.pop()
            start, end = _times(bucket, page.place)
            day = utc_day(datetime.fromtimestamp(start, UTC))
            if held is not None and day < held.day:
                _breach(page.place, f"the bucket of {day} comes after that of {held.day}")
            if held is None or day > held.day:
                if held is not None:
                    yield held
                held = Day(day)
            held.parts.append(Part(page.place, _results(bucket, page.place)))
            held.stretches.append((start, end))
    if held is not None:
        yield held


def _times(bucket: Any, place: Place) -> tuple[int, int]:
    if not isinstance(bucket, dict):
        _breach(place, f"a bucket is {kind_of(bucket)}")
    start, end = (_instant(bucket, name, place) for name in ("start_time", "end_time"))
    if end <= start:
        _breach(place, "a bucket ends before it starts")
    if start // DAY_SECONDS != (end - 1) // DAY_SECONDS:
        _breach(place, "a bucket spans more than one UTC day")
    return start, end


def _instant(bucket: Mapping[str, Any], name: str, place: Place) -> int:
    value = bucket.get(name)
    if value is None:
        _breach(place, f"a bucket has no `{name}`")
    if type(value) is not int or not 0 <= value <= _LAST_SECOND:
        _breach(place, f"a bucket's `{name}` is not a time in Unix seconds")
    return value


def _results(bucket: Mapping[str, Any], place: Place) -> list[Any] | CostBatch:
    results = bucket.get("results")
    if isinstance(results, list | CostBatch):
        return results
    return _breach(place, "a bucket has no list of `results`")


def _breach(place: Place, wrong: str) -> NoReturn:
    raise PageError(place, wrong)


def kind_of(value: Any) -> str:
    """What JSON calls a value, with its article."""
    if value is None:
        return "null"
    names = {bool: "a boolean", str: "a string", list: "a list", dict: "an object"}
    return names.get(type(value), "a number")


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)  # NaN and Infinity are not JSON


def _storable(value: Any) -> Any:
    match value:
        case str():
            return _UNSTORABLE.sub("\ufffd", value)
        case list():
            return [_storable(item) for item in value]
        case dict():
            return {_storable(key): _storable(item) for key, item in value.items()}
        case _:
            return value
