"""The one currency that a day's amounts are in, or that they are in more than one. Pure."""

from __future__ import annotations

from typing import Any

from bot.errors import SourceError
from bot.sources.cost_batch import CostBatch
from bot.sources.openai_pages import Day
from bot.spend.calendar import ONE_DAY, Span
from bot.spend.currency import is_code

_UNKNOWN = "an unknown currency"
_MOST_SHOWN = 3
_HINT = (
    "A bill has one currency and nothing is converted: these days count as missing, what was known "
    "of them is kept. What can be done: docs/days-and-money.md, “Another currency”."
)


class CurrencyError(SourceError):
    """Days whose amounts are not in one currency. `currencies` are theirs, in order."""

    def __init__(self, part: str, days: Span, currencies: tuple[str, ...]) -> None:
        super().__init__(f"{part} of {days_words(days)} are {_in(currencies)}", hint=_HINT)
        self.part, self.days, self.currencies = part, days, currencies

    def with_next(self, other: SourceError) -> CurrencyError | None:
        """One error for both, where the other is the same about the day that follows."""
        if not isinstance(other, CurrencyError) or other.days.start != self.days.end:
            return None
        if other.currencies != self.currencies:
            return None
        return CurrencyError(self.part, Span(self.days.start, other.days.end), self.currencies)


def currency_of(day: Day) -> str | None:
    """The code of the day's currency, in capitals; None for a day without amounts.

    Raises CurrencyError for a day with two, or with one that is no code. Amounts without any are
    left to the reader of rows, as is all else that is wrong with a row.
    """
    found: set[str] = set()
    for part in day.parts:
        if isinstance(part.results, CostBatch):
            found |= part.results.currencies
        else:
            found.update(filter(None, map(_currency, part.results)))
    if len(found) > 1 or _UNKNOWN in found:
        days = Span(day.day, day.day + ONE_DAY)
        raise CurrencyError(day.parts[0].place.endpoint, days, tuple(sorted(found)))
    return next(iter(found), None)


def _currency(result: Any) -> str | None:
    """The code of a result's currency, safe to show; None where it has none."""
    amount = result.get("amount") if isinstance(result, dict) else None
    code = amount.get("currency") if isinstance(amount, dict) else None
    if not isinstance(code, str) or not code:
        return None
    return code.upper() if is_code(code) else _UNKNOWN


def days_words(days: Span) -> str:
    """`2026-11-19`, `2026-11-19 to 2026-11-20`."""
    last = days.end - ONE_DAY
    return f"{days.start}" if len(days) == 1 else f"{days.start} to {last}"


def _in(currencies: tuple[str, ...]) -> str:
    """`in EUR and USD at once`; `in an unknown currency`."""
    if len(currencies) == 1:
        return f"in {currencies[0]}"
    *shown, last = currencies
    if len(currencies) > _MOST_SHOWN:
        shown, last = list(currencies[:_MOST_SHOWN]), f"{len(currencies) - _MOST_SHOWN} others"
    return f"in {', '.join(shown)} and {last} at once"
