"""A bill in another currency: refused whole, and told by day and currency."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

import pytest

from bot.sources.base import FetchFailure
from bot.sources.openai_rows import BrokenDay, cost_days
from bot.sources.queries import CostsQuery
from bot.sources.reading import read
from bot.spend.calendar import Span
from bot.spend.rows import CostDay
from tests.fakes.openai_rows import dumps
from tests.sources.build import D1, D2, D3, D4, Bodies, bucket, cost, envelope, page

EUR, USD = cost(1, currency="eur"), cost(1)
DAYS = Span(D1, D4 + timedelta(days=1))


def told(*results: Any) -> str:
    (day,) = cost_days([page(bucket(D1, *results))])
    assert isinstance(day, BrokenDay), day
    return day.error.message


@pytest.mark.parametrize(
    ("currencies", "words"),
    [
        (["eur"], "in EUR, not in USD"),
        (["Jpy", "JPY"], "in JPY, not in USD"),
        (["usd", "eur"], "in EUR and USD at once, not in USD alone"),
        (["gbp", "eur", "USD"], "in EUR, GBP and USD at once, not in USD alone"),
        (["aaa", "bbb", "ccc", "ddd", "usd"], "in AAA, BBB, CCC and 2 others at once, not in USD"),
        (["U.S.D"], "in an unknown currency, not in USD"),
        (["\u202e*x*<!here>"], "in an unknown currency, not in USD"),
    ],
)
def test_a_day_in_another_currency_is_refused_with_the_day_and_all_its_currencies(
    currencies: list[str], words: str
) -> None:
    message = told(*(cost(1, currency=code) for code in currencies))
    assert message.startswith(f"costs of 2026-11-17 are {words}")


def test_what_else_is_wrong_with_a_row_does_not_hide_the_currency() -> None:
    assert told(7, {"amount": None}, {"amount": {"value": 1}}, EUR).endswith("EUR, not in USD")


def test_a_day_whose_first_page_was_read_fast_is_not_mixed_with_another_currency() -> None:
    query, place = CostsQuery(), page().place
    halves = bucket(D1, USD, end=12), bucket(D1, EUR, start=12)
    pages = [query.open(dumps(envelope(half)), place) for half in halves]
    (day,) = query.days(pages)
    assert isinstance(day, BrokenDay)
    assert day.error.message == "costs of 2026-11-17 are in EUR and USD at once, not in USD alone"


def told_of(*buckets: Any) -> list[date | tuple[Span, str]]:
    found: Iterable[Any] = read(Bodies([envelope(*buckets)]).get, CostsQuery(), DAYS)
    return [_told(each) for each in found]


def _told(found: CostDay | FetchFailure) -> date | tuple[Span, str]:
    return found.day if isinstance(found, CostDay) else (found.days, found.message)


def test_days_in_another_currency_are_told_as_one() -> None:
    assert told_of(*(bucket(day, EUR) for day in DAYS)) == [
        (DAYS, "costs of 2026-11-17 to 2026-11-20 are in EUR, not in USD")
    ]


def test_a_bill_that_changes_its_currency_loses_the_days_after_the_change_only() -> None:
    changed = told_of(bucket(D1, USD), bucket(D2, USD), bucket(D3, EUR), bucket(D4, EUR))
    lost = Span(D3, DAYS.end)
    assert changed == [D1, D2, (lost, "costs of 2026-11-19 to 2026-11-20 are in EUR, not in USD")]


def test_days_of_different_currencies_are_told_apart_and_a_sound_day_between_is_kept() -> None:
    both = "costs of 2026-11-18 are in EUR and USD at once, not in USD alone"
    mixed = told_of(bucket(D1, EUR), bucket(D2, EUR, USD), bucket(D3, USD), bucket(D4, EUR))
    assert mixed == [
        (Span(D1, D2), "costs of 2026-11-17 are in EUR, not in USD"),
        (Span(D2, D3), both),
        D3,
        (Span(D4, DAYS.end), "costs of 2026-11-20 are in EUR, not in USD"),
    ]


def test_no_day_is_lost_silently_where_the_pages_break_after_one_in_another_currency() -> None:
    broken = told_of(bucket(D1, EUR), bucket(D3, USD), bucket(D2, USD), bucket(D4, USD))
    why = "costs, page 1 (request req_1): "
    assert broken == [(DAYS, f"{why}the bucket of 2026-11-18 comes after that of 2026-11-19")]
