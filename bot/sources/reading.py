"""One dataset read from the API, day by day: what came whole is kept, the rest is named.

Reads in calls as large as the API allows, and in smaller ones if an answer gets too large.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from bot.errors import SourceError
from bot.sources.api_errors import AccessError, TooLargeError
from bot.sources.base import FetchFailure
from bot.sources.body import NoRoomError
from bot.sources.currency import CurrencyError
from bot.sources.openai_pages import LargePageError, Page, PageError, Place
from bot.sources.openai_rows import BrokenDay
from bot.sources.paging import Get, bucket_pages
from bot.sources.queries import Query, failure, failures
from bot.spend.calendar import ONE_DAY, Span
from bot.spend.rows import CostDay, UsageDay

Read = CostDay | UsageDay | FetchFailure
Found = CostDay | UsageDay | BrokenDay


def read(get: Get, query: Query, days: Span) -> Iterator[Read]:
    """Every day of the span once, or a failure that names it.

    Raises AccessError, after the failures, if the key is refused: nothing else will go better.
    """
    todo = set(days)
    for piece in query.pieces(days):
        try:
            yield from _read_piece(get, query, piece, todo)
        except AccessError as error:
            yield from failures(query, todo, error)
            raise
        except SourceError as error:
            unread = todo.intersection(piece)
            yield from failures(query, unread, error)
            todo -= unread


def deliver(query: Query, pages: Iterable[Page], asked: Span, todo: set[date]) -> Iterator[Read]:
    """The days of one call's pages that are still to do; they leave `todo` as they are handed on.

    When all pages came whole, the days asked for without a bucket are days without spend. A bucket
    of a day that was not asked for is a breach: an answer to another question would otherwise make
    every day of this one a zero day.
    """
    for days, found in _joined(_due(query, pages, asked, todo)):
        todo.difference_update(days)
        yield failure(query, days, found.error) if isinstance(found, BrokenDay) else found
    for day in sorted(todo.intersection(asked)):
        todo.discard(day)
        yield query.nothing(day)


def _due(query: Query, pages: Iterable[Page], asked: Span, todo: set[date]) -> Iterator[Found]:
    for found in query.days(pages):
        if found.day not in asked:
            last = asked.end - ONE_DAY
            wrong = f"a bucket of {found.day} came, but {asked.start} to {last} was asked for"
            raise PageError(Place(query.part), wrong)
        if found.day in todo:
            yield found


def _joined(days: Iterable[Found]) -> Iterator[tuple[Span, Found]]:
    """The days with what they span: those in another currency, one after the other, are one."""
    held: CurrencyError | None = None
    for found in days:
        error = found.error if isinstance(found, BrokenDay) else None
        if held and error and (both := held.with_next(error)):
            held = both
            continue
        if held:
            yield held.days, BrokenDay(held.days.start, held)
        held = error if isinstance(error, CurrencyError) else None
        if not held:
            yield Span(found.day, found.day + ONE_DAY), found
    if held:
        yield held.days, BrokenDay(held.days.start, held)


def _read_piece(get: Get, query: Query, piece: Span, todo: set[date]) -> Iterator[Read]:
    *larger, smallest = query.limits
    for limit in larger:
        try:
            yield from _read_rest(get, query, piece, todo, limit)
        except (TooLargeError, LargePageError, NoRoomError):
            continue
        return
    yield from _read_rest(get, query, piece, todo, smallest)


def _read_rest(get: Get, query: Query, piece: Span, todo: set[date], limit: int) -> Iterator[Read]:
    """What of a piece is still to do. Pages have a bucket or more each, the last may be empty."""
    unread = todo.intersection(piece)
    if unread:
        rest = Span(min(unread), piece.end)
        pages = bucket_pages(get, query.call(rest, limit), len(rest) + 1, query.open)
        yield from deliver(query, pages, rest, todo)
