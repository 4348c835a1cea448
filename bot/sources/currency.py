"""The bill's currency: US dollars, in which it is read whole or not at all. Pure."""

from __future__ import annotations

from typing import Any

from bot.errors import SourceError
from bot.sources.cost_batch import CostBatch
from bot.sources.openai_pages import Day
from bot.spend.calendar import ONE_DAY, Span

BILLED = "USD"
"""The one currency that amounts are added up in, as ISO 4217 spells it."""

_UNKNOWN = "an unknown currency"
_MOST_SHOWN = 3
_HINT = (
    "The bot adds up US dollars only and converts nothing: these days count as missing, rules on "
    "requests and tokens go on. What can be done: docs/days-and-money.md, “Another currency”."
)


class CurrencyError(SourceError):
    """Days whose amounts are not all in US dollars. `currencies` are theirs, in order."""

    def __init__(self, part: str, days: Span, currencies: tuple[str, ...]) -> None:
        super().__init__(f"{part} of {_days(days)} are {_in(currencies)}", hint=_HINT)
        self.part, self.days, self.currencies = part, days, currencies

    def with_next(self, other: SourceError) -> CurrencyError | None:
        """One error for both, where the other is the same about the day that follows."""
        if not isinstance(other, CurrencyError) or other.days.start != self.days.end:
            return None
        if other.currencies != self.currencies:
            return None
        return CurrencyError(self.part, Span(self.days.start, other.days.end), self.currencies)


def check_currency(day: Day) -> None:
    """Raises CurrencyError for a day that has an amount in another currency.

    Amounts without any are left to the reader of rows, as is all else that is wrong with a row.
    """
    found: set[str] = set()
    for part in day.parts:
        if not isinstance(part.results, CostBatch):
            found.update(filter(None, map(_currency, part.results)))
        elif len(part.results):  # read by the fast reader, which takes nothing else
            found.add(BILLED)
    if found - {BILLED}:
        days = Span(day.day, day.day + ONE_DAY)
        raise CurrencyError(day.parts[0].place.endpoint, days, tuple(sorted(found)))


def _currency(result: Any) -> str | None:
    """The code of a result's currency, safe to show; None where it has none."""
    amount = result.get("amount") if isinstance(result, dict) else None
    code = amount.get("currency") if isinstance(amount, dict) else None
    if not isinstance(code, str) or not code:
        return None
    if code.lower() == BILLED.lower():
        return BILLED
    is_code = len(code) == 3 and code.isascii() and code.isalpha()
    return code.upper() if is_code else _UNKNOWN


def _days(days: Span) -> str:
    last = days.end - ONE_DAY
    return f"{days.start}" if len(days) == 1 else f"{days.start} to {last}"


def _in(currencies: tuple[str, ...]) -> str:
    """`in EUR, not in USD`; `in EUR and USD at once, not in USD alone`."""
    if len(currencies) == 1:
        return f"in {currencies[0]}, not in {BILLED}"
    *shown, last = currencies
    if len(currencies) > _MOST_SHOWN:
        shown, last = list(currencies[:_MOST_SHOWN]), f"{len(currencies) - _MOST_SHOWN} others"
    return f"in {', '.join(shown)} and {last} at once, not in {BILLED} alone"
