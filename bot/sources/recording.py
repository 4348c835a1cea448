"""A bill replayed from a recorded folder, offline, through the same parser as a live one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

from bot.errors import SourceError
from bot.sources.base import COSTS, USAGE, Fetched, FetchFailure
from bot.sources.names import is_listing, names_in, no_names
from bot.sources.paging import bucket_pages, listed
from bot.sources.queries import CostsQuery, Query, failures, spans_of, usage_queries
from bot.sources.reading import Read, deliver
from bot.sources.recording_file import RecordedCall, Recording, load
from bot.spend.calendar import ONE_DAY, Span


class RecordingSource:
    """A Source. Raises ConfigError if the folder holds no recording.

    Days outside the recording are named in optional FetchFailures: nothing went wrong, they are
    only not covered. Pages that broke their contract when recorded break it again.
    """

    def __init__(self, folder: Path) -> None:
        self._recording = load(folder)

    @property
    def days(self) -> Span:
        """What the recording covers."""
        return self._recording.days

    @property
    def organization(self) -> str | None:
        """The recorded organisation's name, if it is told."""
        return self._recording.organization

    def as_of(self) -> datetime | None:
        """The instant of the recording, in UTC."""
        return self._recording.as_of

    def fetch(self, days: Span) -> Iterator[Fetched]:
        """See Source.fetch."""
        if not days:
            return
        covered = {day for day in days if day in self._recording.days}
        if covered:
            yield from _replayed(self._recording, CostsQuery(), covered)
            for query in usage_queries():
                yield from _replayed(self._recording, query, covered)
            yield from _names(self._recording, days.start)
        yield from _not_covered(self._recording.days, set(days) - covered)


def _replayed(recording: Recording, query: Query, covered: set[date]) -> Iterator[Read]:
    todo = set(covered)
    broken: list[tuple[Span, SourceError]] = []
    for recorded in recording.at(query.path):
        try:
            yield from _days(recording, query, recorded, todo)
        except SourceError as error:
            broken.append((recorded.asked, error))
    # Only now: what one call did not bring, a later one may have.
    for asked, breach in broken:
        unread = todo.intersection(asked)
        yield from failures(query, unread, breach)
        todo -= unread
    absent = SourceError(f"the recording holds no {query.part.replace('/', ' of ')} of these days")
    yield from failures(query, todo, absent)


def _days(
    recording: Recording, query: Query, recorded: RecordedCall, todo: set[date]
) -> Iterator[Read]:
    most = max(len(recorded.asked) + 1, len(recorded.pages))
    pages = bucket_pages(recording.pages_of(recorded), recorded.call, most, query.open)
    return deliver(query, pages, recorded.asked, todo)


def _names(recording: Recording, day: date) -> Iterator[Fetched]:
    """Every name recorded, and one failure if any listing is broken."""
    failed = None
    for recorded in recording.calls:
        if is_listing(recorded.call.path):
            try:
                items = listed(recording.pages_of(recorded), recorded.call)
                yield from names_in(recorded.call.path, items)
            except SourceError as error:
                failed = failed or error
    if failed is not None:
        yield no_names(failed, day)


def _not_covered(recorded: Span, days: set[date]) -> Iterator[FetchFailure]:
    message = f"the recording covers {recorded.start} to {recorded.end - ONE_DAY}"
    for span in spans_of(days):
        for part in (COSTS, USAGE):
            yield FetchFailure(part, span, message, optional=True)
