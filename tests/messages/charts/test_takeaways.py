"""What charts say: titles and the words for those who do not see them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from bot.messages.charts import DailyCost, MonthToDate, RequestsByModel, Share, TokensPerDay
from bot.spend.currency import USD as DOLLARS
from tests.messages.charts.plots import (
    ACME,
    DAYS,
    GAP,
    NOVEMBER,
    ONE,
    ONE_DAY,
    PLOTS,
    SPIKE,
    TODAY,
    USD,
    shares,
)


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("daily", "Tue 17 Nov cost $613, above the cap of $200"),
        ("daily, nothing", "Nothing spent in 30 days"),
        ("daily, zeros", "Nothing spent in 30 days"),
        ("daily, one day", "Fri 20 Nov cost $332, above the cap of $100"),
        ("daily, a thousand", "$5,472 in 30 days, spread over 1,000 projects"),
        ("daily, all missing", "Search took 45% of the $4,481 known of 30 days"),
        ("month", "At least $2,850 of $4,000 spent in November, heading for $4,310"),
        ("month, nothing", "$0.00 of $4,000 spent in November"),
        ("month, credits", "-$14.00 spent in November"),
        ("year", "$61,560 of $4,000,000 spent in 2026"),
        ("tokens", "10 input tokens for every output token"),
        ("tokens, none", "No tokens used"),
        ("tokens, missing", "No data about tokens"),
        ("requests", "gpt-5-mini answered 50% of requests in the last 30 days"),
        ("requests, none", "No requests yesterday"),
        ("share", "Search took 45% of November so far"),
        ("share, nothing", "Nothing to share in November so far"),
        ("share, a thousand", "November so far is spread over 1,000, none above 5%"),
    ],
)
def test_a_title_states_the_takeaway(name: str, title: str) -> None:
    plot = PLOTS[name]
    assert isinstance(plot, DailyCost | MonthToDate | TokensPerDay | RequestsByModel | Share)
    assert plot.headline() == title


def test_without_a_breach_the_title_names_the_largest_project() -> None:
    plot = DailyCost(DAYS, ACME[:3], cap=900 * USD, currency=DOLLARS)
    assert plot.headline() == "Search took 55% of $3,627 in 30 days"


def test_more_than_one_day_over_the_cap_are_counted() -> None:
    assert DailyCost(DAYS, ACME, 170 * USD, currency=DOLLARS).headline() == (
        "8 of 30 days cost more than the cap of $170"
    )


def test_a_chart_of_days_is_told_with_what_is_missing_and_what_is_not_over() -> None:
    plot = DailyCost(DAYS, ACME, 200 * USD, TODAY, GAP, frozenset({SPIKE}), currency=DOLLARS)
    assert plot.alt() == (
        "Cost per day by project, 22 October to 20 November 2026: at least $4,481.48 in total, "
        "highest $613.33 on Tue 17 Nov. Search 45%, Customer support assistant 23%, Docs RAG 13%. "
        "The cap of $200 a day was passed on 1 day. 1 day was not read whole. "
        "Fri 20 Nov is not over: $57.20 so far."
    )


def test_what_is_known_of_a_missing_day_counts_as_the_least_it_can_be() -> None:
    known = DailyCost(ONE_DAY, ONE[:1], 400 * USD, missing=frozenset({TODAY}), currency=DOLLARS)
    assert known.totals() == [ONE[0].total]
    assert known.headline() == "At least $312 in a day, all by Search"
    assert "at least $312.00 in total" in known.alt()
    assert "The cap of $400 a day was not passed as far as is known." in known.alt()


def test_a_missing_day_of_which_nothing_is_known_is_no_day_without_spend() -> None:
    unknown = DailyCost(ONE_DAY, (), missing=frozenset({TODAY}), currency=DOLLARS)
    assert unknown.headline() == "No data for a day"
    assert "an unknown amount in total" in unknown.alt()


def test_a_missing_day_already_over_the_cap_is_over_it() -> None:
    plot = DailyCost(ONE_DAY, ONE, 100 * USD, missing=frozenset({TODAY}), currency=DOLLARS)
    assert plot.headline() == "Fri 20 Nov cost $332, above the cap of $100"


def test_a_month_is_told_with_its_budget_and_forecast() -> None:
    assert PLOTS["month"].alt() == (
        "Spend so far in November 2026: at least $2,850.21 by Fri 20 Nov, at least 71% of the "
        "budget of $4,000. Expected at the end: $4,310 (between $3,900 and $4,720). "
        "1 day was not read whole."
    )


def test_a_month_without_any_data_is_not_a_month_without_spend() -> None:
    plot = MonthToDate(
        NOVEMBER, (0, 0), 9 * USD, missing=frozenset(list(NOVEMBER.span)[:2]), currency=DOLLARS
    )
    assert plot.headline() == "No data for November"
    assert plot.alt() == (
        "Spend so far in November 2026: an unknown amount by Mon 2 Nov. 2 days were not read whole."
    )


def test_tokens_are_told_with_the_busiest_day() -> None:
    assert PLOTS["tokens"].alt() == (
        "Tokens per day, 22 October to 20 November 2026: 240M input and 24M output, most input on "
        "Tue 17 Nov (31.6M). No data for 1 day. Fri 20 Nov is not over."
    )


def test_requests_are_told_by_model_and_by_project() -> None:
    assert PLOTS["requests"].alt() == (
        "Requests by model in the last 30 days: 8.1M in total; gpt-5-mini 4M, "
        "text-embedding-3-small 1.8M, gpt-5 1.3M, ft:gpt-4o-mini-2024-07-18:acme:support-2 403K. "
        "By project: Search 45%, Customer support assistant 23%, Docs RAG 13%."
    )


def test_shares_are_told_with_what_is_folded_together() -> None:
    assert PLOTS["share"].alt() == (
        "Shares of November so far, $4,481.48 in total: Search 45% ($2,012.10), "
        "Customer support assistant 23% ($1,026.38), Docs RAG 13% ($588.56), "
        "検索チーム 🚀 9% ($384.04), $\\frac$ <!channel> 5% ($244.71), 3 others 5% ($225.68)."
    )


def test_series_of_another_length_than_the_days_are_refused() -> None:
    with pytest.raises(ValueError, match="zip"):
        DailyCost(DAYS, (replace(ACME[0], values=(1, 2)),), currency=DOLLARS).totals()


def test_one_small_subject_is_shown_as_itself_and_not_as_other() -> None:
    small = Share(shares((ACME[0], ACME[-1])), "today", currency=DOLLARS)
    assert "old <1%" in small.alt()
    assert "others" not in small.alt()


def test_the_days_of_a_chart_may_cross_a_year() -> None:
    plot = TokensPerDay(
        replace(DAYS, start=date(2025, 12, 30), end=date(2026, 1, 1)), (1, 2), (1, 1)
    )
    assert plot.alt().startswith("Tokens per day, 30 December to 31 December 2025: 3 input")
