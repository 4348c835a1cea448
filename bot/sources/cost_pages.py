"""Pages of costs read fast, and in pieces: types are checked by msgspec, rows become columns. Pure.

A large organisation's day has tens of thousands of results, and this is where a run spends its
time and memory. What is not exactly as expected is read by the careful `read_page` instead, which
knows what to say about it and spoils one day only: so this reader never has to explain anything.
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from bot.sources.amounts import Amounts, plain
from bot.sources.body import PIECE, Bytes, pieces
from bot.sources.cost_batch import CostBatch
from bot.sources.cutting import Cutter, UncutError
from bot.sources.openai_pages import LargePageError, Page, Place, read_page
from bot.spend.currency import is_code
from bot.spend.money import Exact, MoneyError, dollars

LARGEST_COUNT = 10**18
"""What a 64-bit column still adds up."""


class Amount(msgspec.Struct, gc=False):
    """`value` is the JSON of the amount as it stands: a number, a string, or something wrong."""

    value: msgspec.Raw
    currency: str


class CostResult(msgspec.Struct, gc=False):
    """A result of the costs endpoint with the fields that are kept."""

    amount: Amount
    project_id: str | None = None
    line_item: str | None = None
    api_key_id: str | None = None
    quantity: float | int | str | None = None
    quantity_unit: str | None = None


class _Bucket(msgspec.Struct):
    start_time: int
    end_time: int
    results: list[int]
    """The number of the list that was cut out."""


class _Page(msgspec.Struct):
    data: list[_Bucket]
    has_more: bool
    next_page: str | None = None


_RESULTS = msgspec.json.Decoder(list[CostResult])
_ENVELOPE = msgspec.json.Decoder(_Page)
_NUL = rb"\u0000"  # which no database holds: the careful reader replaces it
_UNUSUAL = (
    UncutError,
    msgspec.MsgspecError,
    ValueError,  # a number of 5,000 digits, bytes that are no text
    ArithmeticError,  # no number of money, or one that no float holds
    RecursionError,
    MoneyError,
)
MOST_RESULTS = 4_000_000
"""Results of a page: the largest organisations have a tenth of that in a day."""


def read_cost_page(body: Bytes, place: Place, piece: int = PIECE) -> Page:
    """As `read_page`; the results of its buckets are `CostBatch`es where all is as expected.

    `piece`: bytes of the body that are looked at at a time.
    """
    try:
        return _read(body, place, piece)
    except _UNUSUAL:
        pass
    return read_page(body, place)


def _read(body: Bytes, place: Place, size: int) -> Page:
    cutter = Cutter(pieces(body, size))
    batches: list[CostBatch] = []
    results = 0
    for piece in cutter.pieces():
        if piece.number == len(batches):
            batches.append(CostBatch())
        results += _add(batches[-1], piece.results)
        if results > MOST_RESULTS:
            raise LargePageError(place, f"the answer holds more than {MOST_RESULTS:,} results")
    found = _ENVELOPE.decode(cutter.envelope)
    if [bucket.results for bucket in found.data] != [[number] for number in range(cutter.lists)]:
        raise UncutError
    buckets = [
        {"start_time": b.start_time, "end_time": b.end_time, "results": batch}
        for b, batch in zip(found.data, batches, strict=True)
    ]
    return Page(place, buckets, found.has_more, {"next_page": found.next_page})


def _add(batch: CostBatch, results: bytes) -> int:
    """Add results, written as a list, and say how many there were."""
    if b"\\" in results and _NUL in results:  # the first is looked for ten times as fast
        raise UncutError
    found = _RESULTS.decode(results)
    amounts = [result.amount for result in found]
    codes = {amount.currency for amount in amounts}
    if not all(map(is_code, codes)):
        raise UncutError
    batch.currencies.update(map(str.upper, codes))
    words = (
        [result.project_id for result in found],
        [result.line_item for result in found],
        [result.api_key_id for result in found],
        [result.quantity_unit for result in found],
    )
    exact = _amounts([amount.value for amount in amounts])
    batch.add(words, exact, _quantities([result.quantity for result in found]))
    return len(found)


def _amounts(written: list[msgspec.Raw]) -> Amounts:
    found, others = plain(written)
    if not len(others):
        return found
    exact: list[Exact] = [dollars(_decoded(bytes(written[n]))) for n in others]
    more = Amounts.exactly(exact)
    found.nanos[others], found.attos[others] = more.nanos, more.attos
    return found._replace(finer={int(others[n]): amount for n, amount in more.finer.items()})


def _decoded(value: bytes) -> Any:
    """JSON that is no plain number, as the careful reader sees it."""
    return json.loads(value, parse_float=Decimal)


def _quantities(raw: list[int | float | str | None]) -> NDArray[np.float64]:
    if set(map(type, raw)) <= _PLAIN:
        found = np.array(raw, dtype=np.float64)  # None becomes NaN
        found[np.abs(found) >= LARGEST_COUNT] = np.nan
        return found
    unknown = float("nan")
    known = [quantity(each) for each in raw]
    return np.array([unknown if each is None else each for each in known], dtype=np.float64)


_PLAIN = frozenset({int, float, type(None)})
_NUMERIC = frozenset({int, float, str, Decimal})


def quantity(raw: Any) -> float | None:
    """A quantity only illustrates the money: one that cannot be read is none."""
    if type(raw) not in _NUMERIC:
        return None
    try:
        value = float(Decimal(raw) if isinstance(raw, str) else raw)
    except (ArithmeticError, ValueError):
        return None
    return value if abs(value) < LARGEST_COUNT else None
