"""Opening pages and cutting them into days."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from bot.sources.openai_pages import PageError, Place, days_of, decode, read_page
from tests.fakes.openai_rows import dumps
from tests.sources.build import D1, D2, D3, at, bucket, cost, envelope, page

PLACE = Place("usage/completions", 2, "req_abc")


@pytest.mark.parametrize(
    "literal", ["0.0001050000000000000000000000000000000", "0E-6176", "1e-9", "-12.50"]
)
def test_numbers_keep_every_digit(literal: str) -> None:
    value = decode(f'{{"value": {literal}}}'.encode())["value"]
    assert isinstance(value, Decimal)
    assert value.as_tuple() == Decimal(literal).as_tuple()


def test_what_no_database_can_hold_is_replaced() -> None:
    body = rb'{"name": "a\ud800b\u0000c", "ok": "\ud83d\ude00", "list": ["\uDFFF"]}'
    assert decode(body) == {"name": "a\ufffdb\ufffdc", "ok": "\U0001f600", "list": ["\ufffd"]}


def test_bytes_that_are_no_text_are_replaced_and_a_byte_order_mark_is_skipped() -> None:
    assert decode(b'\xef\xbb\xbf{"name": "caf\xe9"}') == {"name": "caf\ufffd"}


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        (b"", "the answer is not readable JSON"),
        (b'{"data": [', "the answer is not readable JSON"),
        (b'{"value": NaN}', "the answer is not readable JSON"),
        (b'{"value": 1e99999999999999999999}', "the answer is not readable JSON"),
        (b'{"value": ' + b"9" * 5000 + b"}", "the answer is not readable JSON"),
        (b"[" * 100_000, "the answer is not readable JSON"),
        (b"[]", "the answer is not a JSON object but a list"),
        (b"null", "the answer is not a JSON object but null"),
        (b'{"has_more": false}', "`data` is missing"),
        (b'{"data": []}', "`has_more` is missing"),
        (b'{"data": null, "has_more": false}', "`data` is null"),
        (b'{"data": {}, "has_more": false}', "`data` is an object"),
        (b'{"data": [], "has_more": "no"}', "`has_more` is a string"),
        (b'{"data": [], "has_more": 0}', "`has_more` is a number"),
    ],
)
def test_a_body_that_is_no_page_is_refused_with_its_place(body: bytes, wrong: str) -> None:
    with pytest.raises(PageError) as caught:
        read_page(body, PLACE)
    assert str(caught.value) == f"usage/completions, page 2 (request req_abc): {wrong}"


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in bucket(D1).items() if key != name}


@pytest.mark.parametrize(
    ("broken", "wrong"),
    [
        (without("start_time"), "a bucket has no `start_time`"),
        (without("end_time"), "a bucket has no `end_time`"),
        (without("results"), "a bucket has no list of `results`"),
        (bucket(D1) | {"results": {}}, "a bucket has no list of `results`"),
        (bucket(D1) | {"start_time": "1"}, "a bucket's `start_time` is not a time in Unix seconds"),
        (bucket(D1) | {"start_time": True}, "a bucket's `start_time` is not a time in Unix"),
        (bucket(D1) | {"start_time": 10**15}, "a bucket's `start_time` is not a time in Unix"),
        (bucket(D1) | {"end_time": at(D1)}, "a bucket ends before it starts"),
        (bucket(D1, end=25), "a bucket spans more than one UTC day"),
        (7, "a bucket is a number"),
        (None, "a bucket is null"),
    ],
)
def test_a_broken_bucket_is_refused(broken: Any, wrong: str) -> None:
    with pytest.raises(PageError, match=f"costs, page 1 .request req_1.: {wrong}"):
        list(days_of([page(broken)]))


def test_buckets_out_of_order_are_refused() -> None:
    with pytest.raises(PageError, match="the bucket of 2026-11-17 comes after that of 2026-11-18"):
        list(days_of([page(bucket(D2)), page(bucket(D1), number=2)]))


def test_a_day_comes_when_the_next_begins_and_the_last_when_pages_end() -> None:
    days = days_of(iter([page(bucket(D1), bucket(D2)), page(bucket(D3))]))
    assert [(day.day, day.whole) for day in days] == [(D1, True), (D2, True), (D3, True)]


def test_a_day_in_two_pages_is_put_together() -> None:
    pages = [page(bucket(D1), bucket(D2, cost(1))), page(bucket(D2, cost(2)), number=2)]
    first, second = days_of(pages)
    assert first.parts[0].results == []
    assert [(part.place.number, len(part.results)) for part in second.parts] == [(1, 1), (2, 1)]


def test_the_last_day_of_pages_that_break_off_does_not_come() -> None:
    def broken_off() -> Any:
        yield page(bucket(D1), bucket(D2))
        raise PageError(PLACE, "gone")

    days = days_of(broken_off())
    assert next(days).day == D1
    with pytest.raises(PageError, match="gone"):
        next(days)


@pytest.mark.parametrize(
    ("stretches", "whole"),
    [
        ([(0, 24)], True),
        ([(10.5, 24)], False),  # a query from mid-day
        ([(0, 9.5)], False),  # an open day ends now
        ([(0, 12), (12, 24)], True),
        ([(12, 24), (0, 12)], True),
        ([(0, 12), (13, 24)], False),
        ([(0, 24), (0, 24)], True),
        ([(0, 13), (12, 24)], True),
    ],
)
def test_a_day_is_whole_if_its_buckets_cover_it(
    stretches: list[tuple[float, float]], whole: bool
) -> None:
    buckets = [bucket(D1, start=start, end=end) for start, end in stretches]
    (day,) = days_of([page(*buckets)])
    assert day.whole is whole


def test_unknown_fields_are_ignored() -> None:
    extra = bucket(D1) | {"start_time_iso": "2026-11-17T00:00:00+00:00", "new": {"field": 1}}
    opened = read_page(dumps(envelope(extra) | {"more": "fields"}), PLACE)
    assert [day.day for day in days_of([opened])] == [D1]
