"""One database, one currency: the newest day of the first reading decides, whatever its order."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import permutations

import pytest

from bot.spend.calendar import DayState, SettlingTimes, Span
from bot.spend.currency import USD, currency
from bot.spend.doubt import Trusting
from bot.spend.metrics import Additive
from bot.spend.rows import CostDay, CostRow
from bot.store.billing import Foreign
from bot.store.database import Database
from bot.store.dayrecord import COSTS
from bot.store.history import History
from tests.build import NOW, TODAY, YESTERDAY

BEFORE = YESTERDAY - timedelta(days=1)
DAYS = Span(BEFORE, TODAY + timedelta(days=1))


@pytest.fixture
def history(database: Database) -> History:
    return History(database)


def day(on: date, code: str | None, nanos: int = 7) -> CostDay:
    rows = [CostRow(on, "a", "gpt-5, input", None, nanos)] if code else []
    return CostDay(on, rows, True, code)


def total(history: History) -> int:
    sums = history.sums(Additive.COST, ("organization",), DAYS)
    return sum(sum(days.values()) for days in sums.values())


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_the_newest_day_decides_in_whatever_order_days_are_read(
    history: History, order: tuple[int, ...]
) -> None:
    read = [day(BEFORE, "USD", 1), day(YESTERDAY, "EUR", 10), day(TODAY, "USD", 100)]
    for n in order:
        assert history.take(read[n], NOW, Trusting()) is None
    assert history.decide_currency(NOW) == [Foreign(YESTERDAY, "EUR", "USD")]
    assert (history.currency(), total(history)) == (USD, 101)
    states = history.states(COSTS, DAYS, SettlingTimes(), NOW)
    assert states[YESTERDAY] is DayState.MISSING
    assert history.row_counts(DAYS)["costs"] == 2


def test_who_was_slower_hears_of_its_days_that_another_has_let_go(database: Database) -> None:
    faster, slower = History(database), History(database)
    for one in (faster, slower):
        assert one.take(day(BEFORE, "USD"), NOW, Trusting()) is None
        assert one.take(day(YESTERDAY, "EUR"), NOW, Trusting()) is None
    let_go = [Foreign(BEFORE, "USD", "EUR")]
    assert faster.decide_currency(NOW) == let_go
    assert slower.decide_currency(NOW) == let_go
    assert slower.decide_currency(NOW) == []


def test_who_began_later_hears_of_days_that_it_did_not_ask_for(database: Database) -> None:
    faster, later = History(database), History(database)
    assert faster.take(day(BEFORE, "USD"), NOW, Trusting()) is None
    assert faster.take(day(YESTERDAY, "EUR"), NOW, Trusting()) is None
    later.begin_reading()
    let_go = [Foreign(BEFORE, "USD", "EUR")]
    assert faster.decide_currency(NOW) == let_go
    assert later.take(day(YESTERDAY, "EUR"), NOW, Trusting()) is None
    assert later.decide_currency(NOW) == let_go


def test_days_without_money_decide_nothing(history: History) -> None:
    history.take(day(YESTERDAY, None), NOW, Trusting())
    assert history.decide_currency(NOW) == []
    assert history.currency() == USD
    history.take(day(BEFORE, "JPY"), NOW, Trusting())
    assert history.decide_currency(NOW) == []
    assert history.currency() == currency("JPY")


def test_while_a_newer_day_could_not_be_read_nothing_is_fixed(history: History) -> None:
    history.take(day(BEFORE, "USD", 1), NOW, Trusting())
    history.mark_failed(COSTS, Span(YESTERDAY, DAYS.end), "no answer", NOW)
    assert history.decide_currency(NOW) == []
    assert (history.currency(), total(history)) == (USD, 1)
    assert history.take(day(YESTERDAY, "EUR", 10), NOW, Trusting()) is None
    assert history.decide_currency(NOW) == [Foreign(BEFORE, "USD", "EUR")]  # never a mixture
    assert history.take(day(TODAY, "USD", 100), NOW, Trusting()) is None
    assert history.decide_currency(NOW) == [Foreign(YESTERDAY, "EUR", "USD")]
    assert history.take(day(YESTERDAY, "EUR", 10), NOW, Trusting()) == Foreign(
        YESTERDAY, "EUR", "USD"
    )
    assert (history.currency(), total(history)) == (USD, 100)


def test_an_older_day_that_could_not_be_read_leaves_nothing_open(history: History) -> None:
    history.mark_failed(COSTS, Span(BEFORE, YESTERDAY), "no answer", NOW)
    history.take(day(YESTERDAY, "EUR"), NOW, Trusting())
    history.decide_currency(NOW)
    assert history.take(day(TODAY, "USD"), NOW, Trusting()) == Foreign(TODAY, "USD", "EUR")


def test_once_decided_a_newer_day_in_another_currency_is_refused(history: History) -> None:
    history.take(day(YESTERDAY, "EUR"), NOW, Trusting())
    history.decide_currency(NOW)
    assert history.take(day(TODAY, "USD"), NOW, Trusting()) == Foreign(TODAY, "USD", "EUR")
    assert history.take(day(YESTERDAY, "USD"), NOW, Trusting()) == Foreign(YESTERDAY, "USD", "EUR")
    assert (history.currency().code, total(history)) == ("EUR", 7)
    assert history.take(day(TODAY, None), NOW, Trusting()) is None
    assert history.take(day(TODAY, "EUR"), NOW, Trusting()) is None
    assert total(history) == 14


def test_what_a_first_reading_left_when_it_was_killed_is_decided_by_the_next(
    history: History, database: Database
) -> None:
    history.take(day(BEFORE, "USD"), NOW, Trusting())
    again = History(database)
    again.take(day(YESTERDAY, "EUR"), NOW, Trusting())
    assert again.decide_currency(NOW) == [Foreign(BEFORE, "USD", "EUR")]
    assert again.decide_currency(NOW) == []
    assert total(again) == 7
