"""Options on money: in US dollars by their name, or in the bill's currency, whatever that is."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema, model_validator

from bot.spend.calendar import Span
from bot.spend.money import LARGEST_DOLLARS, from_dollars
from bot.spend.names import clean

AS_NUMBER = WithJsonSchema(
    {"anyOf": [{"type": "number", "minimum": 0}, {"type": "string", "pattern": r"^\d+(\.\d+)?$"}]}
)
"""How editors are told of an amount."""

Dollars = Annotated[Decimal, Field(ge=0, le=LARGEST_DOLLARS, decimal_places=9), AS_NUMBER]
"""An amount of a rule: to the nano, and no larger than money is counted. `…_usd` are US dollars."""

LONGEST_NOTE = 200
"""Characters of a planned window's note, which alerts repeat."""

TWINS = {"min_usd": "min_amount", "burst_usd": "burst_amount"}
"""Options in US dollars, and the same in the bill's currency, whatever that is."""


class Planned(BaseModel):
    """A span of days whose extra spend is expected: `from` and `until` are both included."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    start: date = Field(alias="from")
    until: date
    usd: Dollars = Decimal(0)
    amount: Dollars | None = None
    note: Annotated[str, Field(max_length=LONGEST_NOTE)] = ""
    owner: Annotated[str, Field(max_length=LONGEST_NOTE)] = ""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.until < self.start:
            raise ValueError("`until` lies before `from`")
        if self.amount is not None and "usd" in self.model_fields_set:
            raise ValueError(one_of("usd", "amount"))
        return self

    @property
    def extra(self) -> Decimal:
        """The money that is planned, in the bill's currency."""
        return self.usd if self.amount is None else self.amount

    @property
    def named(self) -> str:
        """What it is for and whose it is: `batch job, @ann`; empty where nobody said."""
        said = ", ".join(filter(None, (self.note, self.owner)))
        return clean(said) if said else ""

    def __contains__(self, day: date) -> bool:
        return self.start <= day <= self.until

    def overlaps(self, span: Span) -> bool:
        """Whether a day of the span is planned."""
        return self.start < span.end and span.start <= self.until


def one_of(dollars: str, twin: str) -> str:
    """What is wrong with an option and its twin together."""
    return f"`{dollars}` is in US dollars, `{twin}` in the bill's currency: write one of them"


@lru_cache(maxsize=1_000)
def in_nanos(limit: Decimal) -> int:
    """Nanos of an amount of a rule."""
    return from_dollars(limit)
