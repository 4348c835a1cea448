"""The currency of a day: any single one is taken with its code, more than one is refused."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

import pytest

from bot.sources.base import FetchFailure
from bot.sources.openai_pages import Page
from bot.sources.openai_rows import BrokenDay, cost_days
from bot.sources.queries import CostsQuery
from bot.sources.reading import read
from bot.spend.calendar import Span
from bot.spend.rows import CostDay
from tests.fakes.openai_rows import dumps
from tests.sources.build import D1, D2, D3, D4, Bodies, bucket, cost, envelope, page

EUR, USD, GBP = cost(1, currency="eur"), cost(1), cost(1, currency="gbp")
DAYS = Span(D1, D4 + timedelta(days=1))


def fast_page(*results: Any) -> Page:
    return CostsQuery().open(dumps(envelope(bucket(D1, *results))), page().place)


def told(*results: Any) -> str:
    (day,) = cost_days([page(bucket(D1, *results))])
    assert isinstance(day, BrokenDay), day
    return day.error.message


def read_day(*results: Any) -> CostDay:
    (day,) = cost_days([page(bucket(D1, *results))])
    assert isinstance(day, CostDay), day
    return day


@pytest.mark.parametrize("code", ["usd", "USD", "eur", "Jpy", "xyz"])
def test_any_single_currency_is_taken_with_its_code(code: str) -> None:
    careful = read_day(cost(1, currency=code), cost(2, currency=code.swapcase()))
    assert (careful.currency, len(careful.rows)) == (code.upper(), 1)
    (fast,) = CostsQuery().days([fast_page(cost(1, currency=code), cost(2, currency=code.upper()))])
    assert fast == careful


def test_a_day_without_amounts_has_no_currency() -> None:
    assert read_day().currency is None


@pytest.mark.parametrize(
    ("currencies", "words"),
    [
        (["usd", "eur"], "in EUR and USD at once"),
        (["gbp", "eur", "USD"], "in EUR, GBP and USD at once"),
        (["aaa", "bbb", "ccc", "ddd", "usd"], "in AAA, BBB, CCC and 2 others at once"),
        (["U.S.D"], "in an unknown currency"),
        (["EU"], "in an unknown currency"),
        (["€€€"], "in an unknown currency"),
        (["\u202e*x*<!here>"], "in an unknown currency"),
    ],
)
def test_a_day_that_is_not_in_one_currency_is_refused_with_the_day_and_all_of_them(
    currencies: list[str], words: str
) -> None:
    rows = [cost(1, currency=code) for code in currencies]
    assert told(*rows) == f"costs of 2026-11-17 are {words}"
    (day,) = CostsQuery().days([fast_page(*rows)])
    assert isinstance(day, BrokenDay)
    assert day.error.message == f"costs of 2026-11-17 are {words}"


def test_what_else_is_wrong_with_a_row_does_not_hide_the_currencies() -> None:
    wrong = (7, {"amount": None}, {"amount": {"value": 1}})
    assert told(*wrong, EUR, USD).endswith("are in EUR and USD at once")


def test_a_day_beyond_all_sense_is_named_in_its_own_currency() -> None:
    message = told(cost(30_000_000, currency="jpy"))
    assert message.endswith("2026-11-17 has amounts of more than ¥20,000,000 together")


def test_a_day_whose_first_page_was_read_fast_is_not_mixed_with_another_currency() -> None:
    query, place = CostsQuery(), page().place
    halves = bucket(D1, USD, end=12), bucket(D1, EUR, start=12)
    pages = [query.open(dumps(envelope(half)), place) for half in halves]
    (day,) = query.days(pages)
    assert isinstance(day, BrokenDay)
    assert day.error.message == "costs of 2026-11-17 are in EUR and USD at once"


def told_of(*buckets: Any) -> list[date | tuple[Span, str]]:
    found: Iterable[Any] = read(Bodies([envelope(*buckets)]).get, CostsQuery(), DAYS)
    return [_told(each) for each in found]


def _told(found: CostDay | FetchFailure) -> date | tuple[Span, str]:
    return found.day if isinstance(found, CostDay) else (found.days, found.message)


def test_days_in_two_currencies_are_told_as_one() -> None:
    assert told_of(*(bucket(day, EUR, USD) for day in DAYS)) == [
        (DAYS, "costs of 2026-11-17 to 2026-11-20 are in EUR and USD at once")
    ]


def test_a_sound_day_between_is_kept_in_whatever_currency() -> None:
    mixed = told_of(bucket(D1, EUR), bucket(D2, EUR, USD), bucket(D3, USD), bucket(D4, GBP, USD))
    assert mixed == [
        D1,
        (Span(D2, D3), "costs of 2026-11-18 are in EUR and USD at once"),
        D3,
        (Span(D4, DAYS.end), "costs of 2026-11-20 are in GBP and USD at once"),
    ]


def test_no_day_is_lost_silently_where_the_pages_break_after_one_in_two_currencies() -> None:
    broken = told_of(bucket(D1, EUR, USD), bucket(D3, USD), bucket(D2, USD), bucket(D4, USD))
    why = "costs, page 1 (request req_1): "
    assert broken == [(DAYS, f"{why}the bucket of 2026-11-18 comes after that of 2026-11-19")]
