"""What is asked of the costs endpoint and of the ten usage endpoints, and what comes of it. Pure.

Facts: https://platform.openai.com/docs/api-reference/usage. Start and end are always midnights, so
that every bucket is a whole UTC day; costs refuse a range within one date.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from bot.errors import SourceError
from bot.sources.api_errors import AccessError, TransientError
from bot.sources.base import COSTS, USAGE, Cause, FetchFailure
from bot.sources.body import Bytes
from bot.sources.cost_pages import read_cost_page
from bot.sources.openai_pages import Page, Place, read_page
from bot.sources.openai_rows import BrokenDay, cost_days, usage_days
from bot.sources.paging import ROOT, Call
from bot.spend.calendar import ONE_DAY, Span, midnight
from bot.spend.rows import CostDay, UsageDay, UsageKind

COSTS_PATH = f"{ROOT}costs"
COSTS_BY_KEY_SINCE = date(2025, 12, 6)
"""Costs before this day (1764979200) cannot be grouped by API key: 400 from the API."""

BREAKDOWNS = ("project", "line_item", "api_key")
"""What costs can be broken down by."""
_GROUPS = {"project": "project_id", "line_item": "line_item", "api_key": "api_key_id"}
_BY_PROJECT = frozenset({"project_id"})
_BY_KEY = frozenset({"project_id", "api_key_id"})
_BY_MODEL = frozenset({"project_id", "model", "api_key_id"})
_USAGE_GROUPS = {
    UsageKind.COMPLETIONS: _BY_MODEL | {"batch", "service_tier"},
    UsageKind.VECTOR_STORES: _BY_PROJECT,
    UsageKind.CODE_INTERPRETER_SESSIONS: _BY_PROJECT,
    UsageKind.FILE_SEARCH_CALLS: _BY_KEY,
}
_USAGE_ORDER = ("project_id", "model", "api_key_id", "batch", "service_tier")


class Query(Protocol):
    """One dataset of the bill: the calls that ask for it, and its days in the answers."""

    @property
    def part(self) -> str:
        """What a FetchFailure calls it."""

    @property
    def path(self) -> str:
        """Of its endpoint, below the base URL."""

    @property
    def limits(self) -> tuple[int, ...]:
        """Days to ask for at once: the most the API allows, then less if answers are too large."""

    @property
    def optional(self) -> bool:
        """Whether the bot works without it."""

    def pieces(self, days: Span) -> list[Span]:
        """The days, cut where the parameters have to change."""

    def call(self, days: Span, limit: int) -> Call:
        """The frozen query for one piece."""

    def open(self, body: Bytes, place: Place) -> Page:
        """A page of its endpoint."""

    def days(self, pages: Iterable[Page]) -> Iterator[CostDay | UsageDay | BrokenDay]:
        """The days that pages hold, in order."""

    def nothing(self, day: date) -> CostDay | UsageDay:
        """A day without spend or use."""


@dataclass(frozen=True, slots=True)
class CostsQuery:
    """Daily costs, broken down by what `break_down_by` names."""

    break_down_by: tuple[str, ...] = BREAKDOWNS
    part: str = COSTS
    path: str = COSTS_PATH
    limits: tuple[int, ...] = (180, 30, 7, 1)
    optional: bool = False

    def pieces(self, days: Span) -> list[Span]:
        if "api_key" not in self.break_down_by:
            return [days] if days else []
        cut = min(max(COSTS_BY_KEY_SINCE, days.start), days.end)
        return [span for span in (Span(days.start, cut), Span(cut, days.end)) if span]

    def call(self, days: Span, limit: int) -> Call:
        dated = days.start < COSTS_BY_KEY_SINCE
        names = [
            n for n in BREAKDOWNS if n in self.break_down_by and not (dated and n == "api_key")
        ]
        return _call(self.path, days, limit, [_GROUPS[name] for name in names])

    def open(self, body: Bytes, place: Place) -> Page:
        return read_cost_page(body, place)

    def days(self, pages: Iterable[Page]) -> Iterator[CostDay | BrokenDay]:
        return cost_days(pages)

    def nothing(self, day: date) -> CostDay:
        return CostDay(day, ())


@dataclass(frozen=True, slots=True)
class UsageQuery:
    """Daily volume of one kind, always by model where the kind has models."""

    kind: UsageKind
    break_down_by: tuple[str, ...] = BREAKDOWNS
    limits: tuple[int, ...] = (31, 7, 1)
    optional: bool = True

    @property
    def part(self) -> str:
        return f"{USAGE}/{self.kind}"

    @property
    def path(self) -> str:
        return f"{ROOT}usage/{self.kind}"

    def pieces(self, days: Span) -> list[Span]:
        return [days] if days else []

    def call(self, days: Span, limit: int) -> Call:
        left_out = {_GROUPS[name] for name in BREAKDOWNS if name not in self.break_down_by}
        groups = _USAGE_GROUPS.get(self.kind, _BY_MODEL) - left_out
        return _call(self.path, days, limit, [name for name in _USAGE_ORDER if name in groups])

    def open(self, body: Bytes, place: Place) -> Page:
        return read_page(body, place)

    def days(self, pages: Iterable[Page]) -> Iterator[UsageDay | BrokenDay]:
        return usage_days(pages, self.kind)

    def nothing(self, day: date) -> UsageDay:
        return UsageDay(day, self.kind, ())


def usage_queries(break_down_by: tuple[str, ...] = BREAKDOWNS) -> list[UsageQuery]:
    """One query for each of the ten usage kinds."""
    return [UsageQuery(kind, break_down_by) for kind in UsageKind]


def failure(query: Query, days: Span, error: SourceError) -> FetchFailure:
    """Days of a dataset that could not be read."""
    return FetchFailure(
        query.part, days, error.message, error.hint, query.optional, cause_of(error)
    )


def cause_of(error: SourceError) -> Cause:
    """What kind of trouble an error means."""
    if isinstance(error, AccessError):
        return Cause.ACCESS
    return Cause.AWAY if isinstance(error, TransientError) else Cause.CONTRACT


def failures(query: Query, days: Collection[date], error: SourceError) -> list[FetchFailure]:
    """The same for any set of days: one failure per run of consecutive days."""
    return [failure(query, span, error) for span in spans_of(days)]


def spans_of(days: Collection[date]) -> list[Span]:
    """A set of days as half-open spans, in order."""
    spans: list[Span] = []
    for day in sorted(days):
        if spans and spans[-1].end == day:
            spans[-1] = Span(spans[-1].start, day + ONE_DAY)
        else:
            spans.append(Span(day, day + ONE_DAY))
    return spans


def _call(path: str, days: Span, limit: int, groups: list[str]) -> Call:
    """Lists are repeated plain keys, the form the API documents."""
    start, end = (str(int(midnight(day).timestamp())) for day in (days.start, days.end))
    asked = [("start_time", start), ("end_time", end), ("bucket_width", "1d")]
    asked.append(("limit", str(limit)))
    return Call(path, (*asked, *(("group_by", name) for name in groups)))
