"""Following cursors, and refusing those that lead nowhere."""

from __future__ import annotations

from typing import Any

import pytest

from bot.sources.openai_pages import PageError
from bot.sources.paging import Call, bucket_pages, listed
from tests.sources.build import D1, D2, Bodies, bucket, envelope

CALL = Call("/organization/costs", (("start_time", "1"), ("group_by", "a"), ("group_by", "b")))
LIST = Call("/organization/projects", (("limit", "100"),))


def test_the_query_stays_the_same_and_the_cursor_comes_behind_it() -> None:
    bodies = Bodies([envelope(bucket(D1), next_page="page_A="), envelope(bucket(D2))])
    assert len(list(bucket_pages(bodies.get, CALL, 5))) == 2
    assert bodies.asked == [
        (CALL.path, CALL.params),
        (CALL.path, (*CALL.params, ("page", "page_A="))),
    ]


@pytest.mark.parametrize(
    ("contents", "most", "wrong"),
    [
        (
            [envelope() | {"has_more": True}],
            9,
            "costs, page 1 (request req_1): `has_more` is true, but `next_page` is missing",
        ),
        (
            [envelope(next_page="")],
            9,
            "costs, page 1 (request req_1): `has_more` is true, but `next_page` is missing",
        ),
        (
            [envelope(next_page="a"), envelope(next_page="b"), envelope(next_page="a")],
            9,
            "costs, page 3 (request req_3): the cursor of the next page repeats",
        ),
        (
            [envelope(next_page="a"), envelope(next_page="b"), envelope(next_page="c")],
            2,
            "costs, page 2 (request req_2): there are more pages than the 2 there can be",
        ),
    ],
)
def test_a_cursor_that_leads_nowhere_is_a_breach(contents: Any, most: int, wrong: str) -> None:
    with pytest.raises(PageError) as caught:
        list(bucket_pages(Bodies(contents).get, CALL, most))
    assert str(caught.value) == wrong


def test_a_page_with_a_broken_cursor_is_not_handed_on() -> None:
    bodies = Bodies([envelope(bucket(D1), next_page="a"), envelope(bucket(D2), next_page="a")])
    pages = bucket_pages(bodies.get, CALL, 9)
    next(pages)
    with pytest.raises(PageError):
        next(pages)


def listing(*ids: str, more: bool = False) -> dict[str, Any]:
    data = [{"id": name} for name in ids]
    return {"object": "list", "data": data, "has_more": more, "last_id": ids[-1] if ids else None}


def test_a_listing_goes_on_after_its_last_id() -> None:
    bodies = Bodies([listing("a", "b", more=True), listing("c")])
    assert [item["id"] for item in listed(bodies.get, LIST)] == ["a", "b", "c"]
    assert bodies.asked[1] == (LIST.path, (("limit", "100"), ("after", "b")))


@pytest.mark.parametrize(
    ("contents", "wrong"),
    [
        ([listing(more=True)], "`has_more` is true, but `last_id` is missing"),
        ([listing("a", more=True)] * 2, "the cursor of the next page repeats"),
        ([listing("a", more=True) | {"last_id": 7}], "`last_id` is a number"),
        ([listing("a", more=True) | {"last_id": {}}], "`last_id` is an object"),
        ([listing("a", more=True) | {"last_id": "x" * 5_000}], "`last_id` has more than 4,096 ch"),
        ([listing("a") | {"data": [{"name": "x"}]}], "an item has no `id`"),
        ([listing("a") | {"data": ["x"]}], "an item has no `id`"),
    ],
)
def test_a_broken_listing_is_a_breach(contents: Any, wrong: str) -> None:
    with pytest.raises(PageError, match=wrong):
        list(listed(Bodies(contents).get, LIST))


def test_an_endless_listing_ends() -> None:
    endless = Bodies([listing(f"id_{n}", more=True) for n in range(9)])
    with pytest.raises(PageError, match="there are more pages than the 5 there can be"):
        list(listed(endless.get, LIST, most=5))
