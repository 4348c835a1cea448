"""A message to try the way to Slack with: it looks like an alert and says that it is none."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.messages.charts import DailyCost, Series, picture
from bot.messages.model import (
    Facts,
    Header,
    Instant,
    Lines,
    Message,
    MessageType,
    Note,
    Span,
    Style,
)
from bot.spend.calendar import ONE_DAY, day_name, utc_day
from bot.spend.calendar import Span as Days
from bot.spend.currency import USD
from bot.spend.money import NANOS_PER_UNIT

_CAP = 120
_SEARCH = (71, 74, 69, 76, 72, 31, 28, 75, 73, 78, 70, 74, 33, 132)
_SUPPORT = (18, 17, 19, 20, 18, 6, 5, 19, 18, 20, 17, 19, 7, 19)
_WORDS = "this message only tries the way to Slack. Its project and its numbers are made up."


def compose_test(now: datetime, channel: str) -> Message:
    """The message; its key is of the instant, so that each one is posted."""
    yesterday = utc_day(now) - ONE_DAY
    day = day_name(yesterday)
    why = f"Example search cost $132.00 on {day}, over its daily cap of $120.00 (110%)."
    return Message(
        key=f"test/{now.isoformat(timespec='microseconds')}",
        type=MessageType.NOTICE,
        channel=channel,
        summary=f"Test of Budget Bot, nothing has happened: {why}",
        blocks=(
            Header("Test: Example search is over its daily cap"),
            Lines(
                (
                    (Span("Test, nothing has happened: ", Style.BOLD), Span(_WORDS)),
                    (Span("Warning: ", Style.BOLD), Span(why)),
                )
            ),
            Facts((("Spent", "$132.00"), ("Cap", "$120.00"), ("Usual", "$62.00"), ("Over", "10%"))),
            picture(_bars(now), "test-cost-per-day.png"),
            Note((Span("Sent by bot doctor --send-test on "), Instant(now))),
        ),
    )


def _bars(now: datetime) -> DailyCost:
    today = utc_day(now)
    projects = (
        Series("proj_example_search", "Example search", _nanos(_SEARCH)),
        Series("proj_example_support", "Example support", _nanos(_SUPPORT)),
    )
    return DailyCost(
        Days(today - timedelta(days=len(_SEARCH)), today),
        projects,
        currency=USD,  # made up like the numbers
        cap=_CAP * NANOS_PER_UNIT,
        alerts=frozenset({today - ONE_DAY}),
        title="A test: made-up cost per day",
    )


def _nanos(dollars: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(dollar * NANOS_PER_UNIT for dollar in dollars)
