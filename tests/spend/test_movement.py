"""Who moved, and who is new."""

from __future__ import annotations

import pytest

from bot.spend.calendar import DayState, Unit, period_of
from bot.spend.ledger import Ledger
from bot.spend.movement import movers, newcomers, usual_of_all
from tests.build import YESTERDAY, at, ledger, spend, weeks

DAY = period_of(YESTERDAY, Unit.DAY)
USUAL = weeks([50] * 5 + [5, 5], 12, project="steady")


def moved(book: Ledger) -> list[tuple[str, float]]:
    """Names and dollars of change."""
    return [(one.name, round(one.change / 1e9, 2)) for one in movers(book, "project", DAY)]


def test_nobody_moves_on_a_usual_day() -> None:
    book = ledger(USUAL)
    assert moved(book) == []
    assert usual_of_all(book, YESTERDAY) == 50_000_000_000


def test_who_spends_more_and_who_spends_less_moves_the_largest_first() -> None:
    fewer = weeks([20] * 5 + [0, 0], 12, project="other")
    stopped = [entry for entry in fewer if entry.day != YESTERDAY]
    assert moved(ledger(USUAL, spend({"11-19": 31}, project="steady"), stopped)) == [
        ("steady", 31.0),
        ("other", -20.0),
    ]


@pytest.mark.parametrize(("extra", "count"), [(9.9, 0), (10.1, 1)])
def test_a_fifth_of_the_usual_is_the_least(extra: float, count: int) -> None:
    assert len(moved(ledger(USUAL, spend({"11-19": extra}, project="steady")))) == count


def test_a_small_part_of_all_spend_is_none() -> None:
    small = weeks([2] * 7, 12, project="small")
    large = weeks([1_000] * 7, 12, project="large")
    assert moved(ledger(small, large, spend({"11-19": 8}, project="small"))) == []


def test_nobody_moves_on_a_day_that_was_not_read() -> None:
    book = ledger(USUAL, spend({"11-19": 90}, project="steady"), states={"11-19": DayState.MISSING})
    assert moved(book) == []


def test_months_of_different_length_are_made_as_long() -> None:
    days = {
        f"2026-{month}-{day:02}": 10.0
        for month, last in (("09", 30), ("10", 31))
        for day in range(1, last + 1)
    }
    book = ledger(spend(days, project="a"), now=at("2026-11-04 09:00"))
    assert movers(book, "project", period_of(at("2026-10-05 00:00").date(), Unit.MONTH)) == []


def test_who_never_spent_before_is_new() -> None:
    fresh = spend({"11-19": 3}, project="fresh")
    found = list(newcomers(ledger(USUAL, fresh), "project", DAY))
    assert [(one.name, one.spent) for one in found] == [("fresh", 3_000_000_000)]


def test_nobody_is_new_where_little_is_known_of_the_days_before() -> None:
    book = ledger(spend({"11-19": 3}, project="fresh"), days=10)
    assert list(newcomers(book, "project", DAY)) == []


def test_less_than_a_cent_makes_nobody_new() -> None:
    book = ledger(USUAL, spend({"11-19": 0.009}, project="fresh"))
    assert list(newcomers(book, "project", DAY)) == []
