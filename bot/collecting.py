"""From what a source tells to the history: what is believed is kept, the rest is named."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from bot.sources.base import COSTS, USAGE, Cause, FetchFailure, Source
from bot.sources.batches import together
from bot.sources.currency import days_words
from bot.sources.queries import spans_of
from bot.spend.calendar import ONE_DAY, Span
from bot.spend.doubt import Belief
from bot.spend.rows import CostDay, Name, UsageDay, UsageKind
from bot.store.billing import Foreign
from bot.store.history import History
from bot.store.records import dataset_of, usage_dataset


def collect(
    source: Source, history: History, days: Span, now: datetime, belief: Belief
) -> list[FetchFailure]:
    """Read the days from the source into the history; what could not be read is returned.

    Days that are not believed count among them.
    """
    failures: list[FetchFailure] = []
    refused: list[Foreign] = []
    found_names: list[Name] = []
    history.begin_reading()
    for fetched in together(source.fetch(days)):
        match fetched:
            case CostDay():
                doubted, others = _taken(history.take(fetched, now, belief), fetched)
                failures += doubted
                refused += others
            case list():
                doubts = history.take_uses(fetched, now, belief)
                failures.extend(_doubted(one, doubt) for one, doubt in doubts)
            case Name():
                found_names.append(fetched)
            case FetchFailure():
                failures.append(fetched)
                for dataset in _datasets(fetched.part):
                    history.mark_failed(dataset, fetched.days, fetched.message, now)
    history.remember_names(found_names, now)
    foreign = _foreign([*refused, *history.decide_currency(now)])
    for failure in foreign:
        history.mark_failed(COSTS, failure.days, failure.message, now)
    return failures + foreign


def _taken(
    why_not: str | Foreign | None, fetched: CostDay
) -> tuple[list[FetchFailure], list[Foreign]]:
    """A day that was not taken: what is doubted of it, or that it is in another currency."""
    if isinstance(why_not, Foreign):
        return [], [why_not]
    return ([_doubted(fetched, why_not)] if why_not else []), []


def _foreign(foreign: Sequence[Foreign]) -> list[FetchFailure]:
    """Days in another currency than the bill; those that follow each other are told as one."""
    days: dict[tuple[str, str], list[date]] = {}
    for one in foreign:
        days.setdefault((one.theirs, one.bill), []).append(one.day)
    return [
        FetchFailure(
            part=COSTS,
            days=span,
            message=f"{COSTS} of {days_words(span)} are in {theirs}, and this bill is in {bill}",
            hint="A history has one currency and nothing is converted: these days count as "
            "missing. If the bill changed its currency, let source.history_days reach back to the "
            f"change only; if it goes on in {theirs}, give the bot a new database in store.url. "
            "More: docs/days-and-money.md, “Another currency”.",
        )
        for (theirs, bill), some in days.items()
        for span in spans_of(some)
    ]


def _doubted(fetched: CostDay | UsageDay, doubt: str) -> FetchFailure:
    day = fetched.day
    return FetchFailure(
        part=dataset_of(fetched),
        days=Span(day, day + ONE_DAY),
        message=f"{doubt}: not believed yet",
        hint="What was known is kept; what is read the same for 24 hours is believed. "
        f"To believe it at once: bot fetch --since {day}",
        optional=isinstance(fetched, UsageDay),
        cause=Cause.AWAY,
    )


def _datasets(part: str) -> list[str]:
    """The datasets a failed part stands for: `usage` means all ten kinds."""
    return [usage_dataset(kind) for kind in UsageKind] if part == USAGE else [part]
