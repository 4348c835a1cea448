"""Days of use come together, and nothing else changes."""

from __future__ import annotations

from datetime import date, timedelta

from bot.sources.base import FetchFailure
from bot.sources.batches import together
from bot.spend.calendar import Span
from bot.spend.rows import CostDay, Name, UsageDay, UsageKind, UsageRow

DAY = date(2026, 11, 19)


def use(days_ago: int, rows: int = 0) -> UsageDay:
    row = UsageRow(DAY, UsageKind.COMPLETIONS, "proj_1", "gpt-5.4-2026-03-05", "key_1")
    return UsageDay(DAY - timedelta(days=days_ago), UsageKind.COMPLETIONS, (row,) * rows)


def test_days_of_use_come_in_one_list_after_what_came_between() -> None:
    cost, name = CostDay(DAY, ()), Name("project", "proj_1", "Search")
    failure = FetchFailure("costs", Span(DAY, DAY), "no")
    found = list(together([use(0), cost, use(1), failure, name]))
    assert found == [cost, failure, name, [use(0), use(1)]]


def test_a_list_ends_where_its_rows_are_many() -> None:
    found = list(together([use(0, 4_000), use(1, 4_000), use(2, 10)]))
    assert [[len(day.rows) for day in some] for some in found if isinstance(some, list)] == [
        [4_000, 4_000],
        [10],
    ]


def test_without_use_there_is_no_list() -> None:
    assert list(together([CostDay(DAY, ())])) == [CostDay(DAY, ())]
