"""The bill as OpenAI's organization API tells it.

Costs are asked for first: if the key is refused, nothing else is tried. Then the ten usage
endpoints are read side by side, and names for what the costs mention.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator
from datetime import date, datetime
from functools import partial
from typing import Protocol

from bot.errors import SourceError
from bot.sources.api_errors import AccessError
from bot.sources.base import COSTS, NAMES, USAGE, Fetched, FetchFailure
from bot.sources.deadline import Halt
from bot.sources.names import key_names, names_of_keys, no_names, project_names, user_names
from bot.sources.paging import Answer, Get, Params
from bot.sources.parallel import End, Readers
from bot.sources.queries import BREAKDOWNS, CostsQuery, usage_queries
from bot.sources.reading import read
from bot.spend.calendar import Span
from bot.spend.columns import columns_of
from bot.spend.rows import CostDay, Name

THREADS = 4
MOST_KEY_LISTINGS = 200
"""Projects whose keys are listed in one run, a call each: those that spent most by keys without a
name. The others' turn comes in the next runs."""


class Client(Protocol):
    """What pages are fetched with: an ApiClient, or a Recorder around one."""

    def get(self, path: str, params: Params, halt: Halt | None = None) -> Answer:
        """The JSON answer to a GET; raises SourceError."""


class OpenAISource:
    """A Source. Costs are broken down by `break_down_by`, any of project, line_item, api_key.

    Usage leaves out the same dimensions. `fetch_names` False leaves ids unnamed, which saves one
    call per project; so does a project whose keys are all `known_keys`. A key that its project
    does not list comes as a Name without a name.
    """

    def __init__(
        self,
        client: Client,
        break_down_by: tuple[str, ...] = BREAKDOWNS,
        *,
        fetch_names: bool = True,
        known_keys: Collection[str] = (),
    ) -> None:
        self._client = client
        self._break_down_by = break_down_by
        self._fetch_names = fetch_names
        self._known_keys = frozenset(known_keys)

    def as_of(self) -> datetime | None:
        """None: the API tells of now."""
        return None

    def fetch(self, days: Span) -> Iterator[Fetched]:
        """See Source.fetch. Closing the iterator early stops all requests."""
        if days:
            fetch = _Fetch(self._client, self._break_down_by, days, self._known_keys)
            yield from fetch.run(self._fetch_names)

    def names(self, projects_of_keys: Collection[str]) -> Iterator[Name | FetchFailure]:
        """Names of all projects and people, and of the API keys of some projects.

        What cannot be read is told in one FetchFailure at the first listing that fails.
        """
        get: Get = self._client.get
        try:
            yield from project_names(get)
            yield from user_names(get)
            yield from key_names(get, sorted(projects_of_keys))
        except SourceError as error:
            yield no_names(error, date.min)


class _Fetch:
    """One fetch: which readers run, and what the end of one means for the others."""

    def __init__(
        self,
        client: Client,
        break_down_by: tuple[str, ...],
        days: Span,
        known_keys: frozenset[str],
    ) -> None:
        halt = Halt()
        self._get: Get = partial(client.get, halt=halt)
        self._readers: Readers[Fetched] = Readers(THREADS, halt)
        self._break_down_by = break_down_by
        self._days = days
        self._known_keys = known_keys
        self._unknown_keys: defaultdict[str, set[str]] = defaultdict(set)
        self._spent: Counter[str] = Counter()
        self._usage_begun = False
        self._other_names_begun = False
        self._names_failed = False

    def run(self, fetch_names: bool) -> Iterator[Fetched]:
        costs = CostsQuery(self._break_down_by)
        self._readers.start(COSTS, lambda: read(self._get, costs, self._days))
        for item in self._readers.items():
            if isinstance(item, End):
                yield from self._ended(item, fetch_names)
            else:
                self._note(item)
                yield item

    def _note(self, item: Fetched) -> None:
        if isinstance(item, CostDay):
            for (project, key), nanos in columns_of(item).spent_by_key().items():
                if key not in self._known_keys:
                    self._unknown_keys[project].add(key)
                    self._spent[project] += nanos
            self._begin_usage()  # the key is good

    def _begin_usage(self) -> None:
        if not self._usage_begun:
            self._usage_begun = True
            for query in usage_queries(self._break_down_by):
                self._readers.start(query.part, partial(read, self._get, query, self._days))

    def _ended(self, end: End, fetch_names: bool) -> Iterator[FetchFailure]:
        """What follows from the end of a reader."""
        if end.error is not None and not isinstance(end.error, SourceError):
            raise end.error
        if end.name == NAMES and isinstance(end.error, SourceError):
            yield from self._without_names(end.error)
        elif end.name == NAMES:
            self._begin_other_names()
        elif end.name == COSTS and isinstance(end.error, AccessError) and not self._usage_begun:
            message = f"usage was not asked for: {end.error.message}"
            yield FetchFailure(USAGE, self._days, message, end.error.hint, optional=True)
        elif end.name == COSTS:
            self._begin_usage()
            if fetch_names:
                self._readers.start(NAMES, partial(project_names, self._get))

    def _begin_other_names(self) -> None:
        """Once projects could be listed: people, and keys, a call per project, shared out."""
        if self._other_names_begun:
            return
        self._other_names_begun = True
        self._readers.start(NAMES, partial(user_names, self._get))
        projects = sorted(self._unknown_keys, key=lambda each: (-self._spent[each], each))
        projects = projects[:MOST_KEY_LISTINGS]
        for number in range(min(THREADS, len(projects))):
            share = {project: self._unknown_keys[project] for project in projects[number::THREADS]}
            self._readers.start(NAMES, partial(names_of_keys, self._get, share))

    def _without_names(self, error: SourceError) -> Iterator[FetchFailure]:
        """One failure for all names, however many listings fail."""
        if not self._names_failed:
            self._names_failed = True
            yield no_names(error, self._days.start)
