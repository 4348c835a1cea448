"""What any Source promises, as checks that every implementation runs.

A test class inherits `SourceContract` and says how its source is made. The organisation behind it
has spend on each of the days of `DAYS`, and `broken_source` cannot read the days from `BROKEN` on.
"""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime
from typing import Any

import pytest

from bot.sources.base import COSTS, Fetched, FetchFailure, Source
from bot.spend.calendar import Span
from bot.spend.rows import CostDay, Name, UsageDay, UsageKind

DAYS = Span(date(2026, 11, 1), date(2026, 11, 21))
BROKEN = date(2026, 11, 11)
DATASETS = {COSTS, *(f"usage/{kind}" for kind in UsageKind)}


def told(items: list[Fetched]) -> Counter[tuple[str, date]]:
    """How often each dataset × day was told of: delivered, or named in a failure."""
    found: Counter[tuple[str, date]] = Counter()
    for item in items:
        match item:
            case CostDay():
                found[COSTS, item.day] += 1
            case UsageDay():
                found[f"usage/{item.kind}", item.day] += 1
            case FetchFailure(part="usage"):
                found.update((f"usage/{kind}", day) for kind in UsageKind for day in item.days)
            case FetchFailure():
                found.update((item.part, day) for day in item.days)
            case Name():
                pass
    return found


class SourceContract:
    """Inherit, and give the three fixtures."""

    @pytest.fixture
    def source(self) -> Any:
        raise NotImplementedError

    @pytest.fixture
    def broken_source(self) -> Any:
        raise NotImplementedError

    @pytest.mark.parametrize(
        "span",
        [
            DAYS,
            Span(date(2026, 11, 5), date(2026, 11, 9)),
            Span(date(2026, 11, 20), date(2026, 11, 21)),
        ],
        ids=str,
    )
    def test_each_dataset_and_day_of_the_half_open_span_comes_once(
        self, source: Source, span: Span
    ) -> None:
        items = list(source.fetch(span))
        assert told(items) == Counter((part, day) for part in DATASETS for day in span)
        assert [item for item in items if isinstance(item, FetchFailure)] == []

    def test_an_empty_span_is_nothing(self, source: Source) -> None:
        assert list(source.fetch(Span(DAYS.start, DAYS.start))) == []

    def test_a_part_of_the_span_is_told_as_in_the_whole(self, source: Source) -> None:
        span = Span(date(2026, 11, 3), date(2026, 11, 6))
        whole = [item for item in _days(source, DAYS) if item.day in span]
        assert Counter(_days(source, span)) == Counter(whole)

    def test_rows_are_of_their_day_and_unique_by_their_dimensions(self, source: Source) -> None:
        for item in _days(source, DAYS):
            dimensions = 4 if isinstance(item, CostDay) else 7
            keys = [tuple(row)[:dimensions] for row in item.rows]
            assert {key[0] for key in keys} <= {item.day}
            assert len(keys) == len(set(keys))

    def test_names_come_too(self, source: Source) -> None:
        names = {(name.dimension, name.id): name.name for name in _names(source)}
        assert names["project", "proj_001"] == "Search"
        assert names["api_key", "key_001_prod"] == "production"
        assert names["user", "user_ada"] == "Ada Byron"

    def test_days_that_cannot_be_read_are_named_and_the_others_come(
        self, broken_source: Source
    ) -> None:
        items = list(broken_source.fetch(DAYS))
        failed = [item for item in items if isinstance(item, FetchFailure)]
        costs = [failure for failure in failed if failure.part == COSTS]
        assert [failure.days for failure in costs] == [Span(BROKEN, DAYS.end)]
        assert not any(failure.optional for failure in costs)
        assert all(failure.optional for failure in failed if failure.part != COSTS)
        assert all("\n" not in failure.message for failure in failed)
        assert told(items) == Counter((part, day) for part in DATASETS for day in DAYS)

    def test_a_failed_day_does_not_come_as_zero(self, broken_source: Source) -> None:
        days = [item.day for item in broken_source.fetch(DAYS) if isinstance(item, CostDay)]
        assert days == list(Span(DAYS.start, BROKEN))

    def test_its_instant_is_aware_or_none(self, source: Source) -> None:
        instant = source.as_of()
        assert instant is None or (
            isinstance(instant, datetime) and instant.utcoffset() is not None
        )


def _days(source: Source, span: Span) -> list[CostDay | UsageDay]:
    return [item for item in source.fetch(span) if isinstance(item, CostDay | UsageDay)]


def _names(source: Source) -> list[Name]:
    return [item for item in source.fetch(DAYS) if isinstance(item, Name)]
