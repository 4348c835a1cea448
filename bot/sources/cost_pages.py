"""Pages of costs read fast: types are checked while the JSON is decoded, by msgspec. Pure.

A large organisation's day has tens of thousands of results, and this is where a run spends its
time. What is not exactly as expected is read by the careful `read_page` instead, which knows what
to say about it and spoils one day only: so this reader never has to explain anything.
"""

from __future__ import annotations

import msgspec

from bot.sources.openai_pages import Page, Place, read_page


class Amount(msgspec.Struct, gc=False):
    """`value` is the JSON of the dollars as it stands: a number, a string, or something wrong."""

    value: msgspec.Raw
    currency: str


class CostResult(msgspec.Struct, gc=False):
    """A result of the costs endpoint with the fields that are kept."""

    amount: Amount
    project_id: str | None = None
    line_item: str | None = None
    api_key_id: str | None = None
    quantity: int | float | str | None = None
    quantity_unit: str | None = None


class _Bucket(msgspec.Struct):
    start_time: int
    end_time: int
    results: list[CostResult]


class _Page(msgspec.Struct):
    data: list[_Bucket]
    has_more: bool
    next_page: str | None = None


_DECODER = msgspec.json.Decoder(_Page)
_NUL = rb"\u0000"  # which no database holds: the careful reader replaces it


def read_cost_page(body: bytes, place: Place) -> Page:
    """As `read_page`; the results of its buckets are `CostResult`s where all is as expected."""
    try:
        found = None if _NUL in body else _DECODER.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        found = None
    if found is None:
        return read_page(body, place)
    buckets = [
        {"start_time": b.start_time, "end_time": b.end_time, "results": b.results}
        for b in found.data
    ]
    return Page(place, buckets, found.has_more, {"next_page": found.next_page})
