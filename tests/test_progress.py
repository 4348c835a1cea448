"""A bar while the bill is fetched, on a terminal only."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from io import StringIO

from bot.commands.progress import ShownSource, bar
from bot.sources.base import Fetched
from bot.spend.calendar import Span
from bot.spend.rows import CostDay, CostRow

DAYS = Span(date(2026, 11, 17), date(2026, 11, 21))


class Four:
    """A source of four days with one row each."""

    def as_of(self) -> datetime | None:
        return None

    def fetch(self, days: Span) -> Iterator[Fetched]:
        yield from (CostDay(day, (CostRow(day, "p", None, None, 1),)) for day in days)


def test_the_bar_grows_with_the_days_and_its_line_is_cleared() -> None:
    screen = StringIO()
    assert len(list(ShownSource(Four(), screen).fetch(DAYS))) == 4
    drawn = screen.getvalue().split("\r")
    assert drawn[2] == "fetching ███████████████░░░░░░░░░░░░░░░ 2 of 4 days, 2 rows"
    assert drawn[-1] == "\x1b[K"


def test_a_fetch_that_stops_clears_its_line_too() -> None:
    screen = StringIO()
    days = ShownSource(Four(), screen).fetch(DAYS)
    next(days)
    days.close()  # type: ignore[attr-defined]
    assert screen.getvalue().endswith("\r\x1b[K")


def test_a_bar_of_no_days_is_empty() -> None:
    assert bar(0, 0, 0) == f"fetching {'░' * 30} 0 of 0 days, 0 rows"
