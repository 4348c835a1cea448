"""Numbers of consecutive days in little room: `[10, 12, 11x5]` is 10, 12 and five times 11."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator

LONGEST = 3_660
"""Days of a series, as many as a history can have."""
_REPEATED = re.compile(r"(-?[0-9]+(?:\.[0-9]+)?)(?:[x×*]([1-9][0-9]{0,4}))?")


def expanded(value: Any) -> tuple[Decimal, ...]:
    """The numbers of a series: a number, a text of words, or a list of both.

    Raises ValueError for a word that is neither a number nor `NUMBERxTIMES`.
    """
    words = value if isinstance(value, list) else [value]
    found: list[Decimal] = []
    for word in words:
        for number, count in _numbers(word):
            if len(found) + count > LONGEST:
                raise ValueError(f"cannot have more than {LONGEST:,} days")
            found += [number] * count
    return tuple(found)


def _numbers(word: Any) -> Iterator[tuple[Decimal, int]]:
    if isinstance(word, int | Decimal) and not isinstance(word, bool):
        yield Decimal(word), 1
        return
    if not isinstance(word, str) or not word.split():
        raise ValueError("needs numbers of consecutive days\nwrite [10, 12, 11x5]")
    for part in word.split():
        fits = _REPEATED.fullmatch(part)
        if not fits:
            raise ValueError(
                "needs numbers, or a number and how many times\n"
                "write [10, 12, 11x5]: 11x5 is five days of 11"
            )
        yield Decimal(fits[1]), int(fits[2] or 1)


Series = Annotated[tuple[Decimal, ...], BeforeValidator(expanded)]
