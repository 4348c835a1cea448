"""The fast reader of costs pages: it says what the careful one says, of every page there is."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import SourceError
from bot.sources.cost_batch import CostBatch
from bot.sources.cost_pages import read_cost_page
from bot.sources.openai_pages import Page, Place, read_page
from bot.sources.openai_rows import BrokenDay, cost_days
from bot.spend.money import attos, dollars
from bot.spend.rows import CostDay
from tests.examples import examples
from tests.sources.build import bucket, envelope

PLACE = Place("costs", 1, "req_1")
D1, D2 = date(2026, 11, 18), date(2026, 11, 19)


def told(read: Any, body: bytes) -> list[CostDay] | list[Any] | str:
    """The days a reader finds, or what it says is wrong."""
    try:
        page: Page = read(body, PLACE)
        return [
            (found.day, str(found.error)) if isinstance(found, BrokenDay) else found
            for found in cost_days([page])
        ]
    except SourceError as error:
        return str(error)


def body(value: str, **others: Any) -> bytes:
    """A page with one sound result and one with the amount as written."""
    result = {"amount": {"value": "@", "currency": "usd"}, "project_id": "p", "line_item": "a, b"}
    sound = {**result, "amount": {"value": 1.5, "currency": "usd"}, "line_item": "b, c"}
    text = json.dumps(envelope(bucket(D1, {**result, **others}, sound), bucket(D2, sound)))
    return text.replace('"@"', value).encode()


WRITTEN = (
    *("1", "0", "0.0", "-0.0", "41.2", "-3.25", "1e-3", "1E+3", "0E-6176", '"0E-6176"', '"41.2"'),
    *('"1_0"', '" 5 "', '""', '"NaN"', '"Infinity"', "NaN", "null", "true", "[]", "{}", '"abc"'),
    *("0.1234567890123456789012345678901234", "0.000000000000000001", "1000000000", "1000000001"),
    *("0.0000000000000000005", "1e400", '"1e-7000"', "00", "1.", ".5", "+1", "999999999.999999999"),
)


@pytest.mark.parametrize("value", WRITTEN)
def test_an_amount_is_read_alike_however_it_is_written(value: str) -> None:
    assert told(read_cost_page, body(value)) == told(read_page, body(value))


@pytest.mark.parametrize(
    "others",
    [
        {"quantity": 5},
        {"quantity": "7.5"},
        {"quantity": "many"},
        {"quantity": True},
        {"quantity": 1e30},
        {"quantity": {"a": 1}},
        {"quantity_unit": ""},
        {"quantity_unit": 3},
        {"project_id": None},
        {"project_id": 5},
        {"project_id": "\x00"},
        {"project_id": "\ud800"},
        {"line_item": ["a"]},
        {"api_key_id": "key"},
        {"amount": None},
        {"amount": {"value": 1, "currency": "eur"}},
        {"amount": {"value": 1}},
        {"unknown": {"deep": [1, 2, {"a": None}]}},
    ],
)
def test_any_other_field_is_read_alike(others: dict[str, Any]) -> None:
    assert told(read_cost_page, body("1", **others)) == told(read_page, body("1", **others))


@pytest.mark.parametrize(
    "wrong",
    [
        b"",
        b"null",
        b"[]",
        b"{",
        b'{"data": [], "has_more": "no"}',
        b'{"data": null, "has_more": false}',
        b'{"has_more": false}',
        b'{"data": [{"start_time": 1.5, "end_time": 2, "results": []}], "has_more": false}',
        b'{"data": [{"end_time": 2, "results": []}], "has_more": false}',
        b'{"data": [null], "has_more": false}',
        b'{"data": [], "has_more": false, "next_page": 5}',
        b"\xef\xbb\xbf" + b'{"data": [], "has_more": false}',
        b'{"data": [], "has_more": false, "x": "\xff"}',
        b'{"data": [], "has_more": false, "x": "\\ud800"}',
    ],
)
def test_a_broken_page_is_told_alike(wrong: bytes) -> None:
    assert told(read_cost_page, wrong) == told(read_page, wrong)


def test_an_ordinary_page_takes_the_fast_way() -> None:
    page = read_cost_page(body("1.25"), PLACE)
    assert isinstance(page.data[0]["results"], CostBatch)


amounts = st.decimals(-2, 10**9, allow_nan=False, places=None) | st.decimals(0, 100, places=10)
names = st.none() | st.sampled_from(["a", "b", "ü"])
results = st.builds(
    lambda value, project, item, unit: {
        "amount": {"value": value, "currency": "usd"},
        "project_id": project,
        "line_item": item,
        "quantity_unit": unit,
    },
    amounts.map(str) | amounts.map(float),
    names,
    names,
    names,
)


@examples(30)
@given(st.lists(results, max_size=12))
def test_any_page_is_read_alike(some: list[dict[str, Any]]) -> None:
    text = json.dumps(envelope(bucket(D1, *some))).encode()
    assert told(read_cost_page, text) == told(read_page, text)


@given(st.integers(0, 10**9), st.integers(0, 10**18 - 1), st.integers(0, 18))
def test_an_amount_in_attodollars_is_exact(whole: int, fraction: int, digits: int) -> None:
    written = f"{whole}.{fraction:018d}"[: len(str(whole)) + 1 + digits].rstrip(".")
    found = attos(written.encode())
    if found is None:
        assert whole == 10**9
    else:
        assert dollars(written) * 10**18 == found
