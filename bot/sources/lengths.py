"""How long the words of a bill may be, so that every database can hold them. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from bot.spend.columns import CostColumns

LONGEST = 600
"""Characters of an id or a line item. An entry of PostgreSQL's indexes holds 2,704 bytes, and a
character takes up to four."""
_LABEL = 40
"""Characters of a unit or a service tier: no rule asks for them, so what is longer is cut."""


def fits(word: str | None) -> bool:
    """Whether an id or a line item can be held."""
    return word is None or len(word) <= LONGEST


def all_fit(words: Iterable[str | None]) -> bool:
    """The same of many."""
    return all(map(fits, words))


def label(word: str) -> str | None:
    """A unit or a tier as it is held; None for an empty one."""
    return word[:_LABEL] or None


def with_labels(columns: CostColumns) -> CostColumns:
    """The columns with units as they are held."""
    words = tuple(word and label(word) for word in columns.units.words)
    return replace(columns, units=columns.units._replace(words=words))
