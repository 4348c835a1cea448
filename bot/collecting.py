"""From what a source tells to the history: what is believed is kept, the rest is named."""

from __future__ import annotations

from datetime import datetime

from bot.sources.base import USAGE, Cause, FetchFailure, Source
from bot.sources.batches import together
from bot.spend.calendar import ONE_DAY, Span
from bot.spend.doubt import Belief
from bot.spend.rows import CostDay, Name, UsageDay, UsageKind
from bot.store.history import History
from bot.store.records import dataset_of, usage_dataset


def collect(
    source: Source, history: History, days: Span, now: datetime, belief: Belief
) -> list[FetchFailure]:
    """Read the days from the source into the history; what could not be read is returned.

    Days that are not believed count among them.
    """
    failures: list[FetchFailure] = []
    found_names: list[Name] = []
    for fetched in together(source.fetch(days)):
        match fetched:
            case CostDay():
                doubted = history.take(fetched, now, belief)
                failures.extend(_doubted(fetched, doubt) for doubt in [doubted] if doubt)
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
    return failures


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
