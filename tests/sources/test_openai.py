"""The live source against the fake organisation: what is asked, and what comes."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from bot.sources.base import Source
from bot.sources.openai import OpenAISource
from bot.sources.paging import Params
from bot.spend.calendar import Span
from bot.spend.money import share_out
from bot.spend.rows import CostDay, UsageDay, UsageKind
from tests.fakes import CostRow as Billed
from tests.fakes import FakeOpenAI, Raw
from tests.fakes import UsageRow as Used
from tests.fakes.openai_rows import dumps
from tests.sources.build import at, bucket, cost, envelope
from tests.sources.contract import BROKEN, DAYS, SourceContract
from tests.sources.live import NOW, Connect, Pages, Scripted, costs_in, failures_in, queries


class TestContract(SourceContract):
    @pytest.fixture
    def source(self, server: FakeOpenAI, connect: Connect) -> Source:
        return connect(server)

    @pytest.fixture
    def broken_source(self, server: FakeOpenAI) -> Source:
        server.break_page(2, "missing_data")  # the last day of page 1 is held back: BROKEN
        return OpenAISource(Pages(server, (BROKEN - DAYS.start).days + 1))


def test_totals_are_exact_to_the_nano_dollar(server: FakeOpenAI, connect: Connect) -> None:
    fetched = costs_in(list(connect(server).fetch(DAYS)))
    for day in DAYS:
        spent = sum((Decimal(r.amount) for r in server.costs if r.day == day), Decimal(0))
        assert sum(row.nanos for row in fetched[day]) == share_out([spent])[0]


@pytest.mark.parametrize(
    "amounts",
    [
        ["12.50", Raw("0.0001050000000000000000000000000000000"), Raw("0E-6176"), Raw("-2.5")],
        ["0.0408070500", "-0.04"],
        [Raw("0.3333333333333333333333333333333333")] * 7,
    ],
)
def test_amounts_of_every_spelling_add_up(connect: Connect, amounts: list[Any]) -> None:
    day = date(2026, 11, 18)
    rows = [Billed(day, amount, f"proj_{n}") for n, amount in enumerate(amounts)]
    with FakeOpenAI(rows, now=NOW) as server:
        items = list(connect(server).fetch(Span(day, day + timedelta(days=1))))
    exact = sum((Decimal(str(amount)) for amount in amounts), Decimal(0))
    assert sum(row.nanos for row in costs_in(items)[day]) == share_out([exact])[0]


def test_costs_are_asked_for_by_whole_days_and_repeated_keys(
    server: FakeOpenAI, connect: Connect
) -> None:
    list(connect(server).fetch(Span(date(2026, 11, 20), date(2026, 11, 21))))
    assert queries(server, "costs") == [
        {
            "start_time": [str(at(date(2026, 11, 20)))],
            "end_time": [str(at(date(2026, 11, 21)))],
            "bucket_width": ["1d"],
            "limit": ["180"],
            "group_by": ["project_id", "line_item", "api_key_id"],
        }
    ]


BY_MODEL = ["project_id", "model", "api_key_id"]
GROUPS = dict.fromkeys(UsageKind, BY_MODEL) | {
    UsageKind.COMPLETIONS: [*BY_MODEL, "batch", "service_tier"],
    UsageKind.VECTOR_STORES: ["project_id"],
    UsageKind.CODE_INTERPRETER_SESSIONS: ["project_id"],
    UsageKind.FILE_SEARCH_CALLS: ["project_id", "api_key_id"],
}


@pytest.mark.parametrize("kind", UsageKind)
def test_usage_is_grouped_by_what_its_kind_knows(
    server: FakeOpenAI, connect: Connect, kind: UsageKind
) -> None:
    list(connect(server, fetch_names=False).fetch(DAYS))
    (query,) = queries(server, f"usage/{kind}")
    assert query["group_by"] == GROUPS[kind]
    assert (query["limit"], query["bucket_width"]) == (["31"], ["1d"])


def test_what_is_not_broken_down_is_not_asked_for(server: FakeOpenAI, connect: Connect) -> None:
    items = list(connect(server, ("project",)).fetch(DAYS))
    assert [query["group_by"] for query in queries(server, "costs")] == [["project_id"]]
    assert [query["group_by"] for query in queries(server, "usage/images")] == [
        ["project_id", "model"]
    ]
    assert queries(server, "projects/*/api_keys") == []
    assert {row[2:4] for rows in costs_in(items).values() for row in rows} == {(None, None)}


def test_without_a_break_down_nothing_is_grouped(server: FakeOpenAI, connect: Connect) -> None:
    items = list(connect(server, ()).fetch(DAYS))
    assert "group_by" not in queries(server, "costs")[0]
    assert {len(rows) for rows in costs_in(items).values()} == {1}


def test_days_before_keys_were_billed_are_asked_for_without_them(connect: Connect) -> None:
    days = [date(2025, 12, 4) + timedelta(days=n) for n in range(4)]
    rows = [Billed(day, 1, "proj_a", "gpt, input", "key_a") for day in days]
    with FakeOpenAI(rows, now=NOW) as server:
        items = list(connect(server).fetch(Span(days[0], days[-1] + timedelta(days=1))))
        asked = queries(server, "costs")
    assert [query["group_by"] for query in asked] == [
        ["project_id", "line_item"],
        ["project_id", "line_item", "api_key_id"],
    ]
    assert asked[0]["end_time"] == asked[1]["start_time"] == ["1764979200"]
    assert {str(day): rows[0].api_key_id for day, rows in costs_in(items).items()} == {
        "2025-12-04": None,
        "2025-12-05": None,
        "2025-12-06": "key_a",
        "2025-12-07": "key_a",
    }
    assert failures_in(items) == []


def test_without_keys_the_span_is_not_split(connect: Connect) -> None:
    with FakeOpenAI(now=NOW) as server:
        list(connect(server, ("project",)).fetch(Span(date(2025, 12, 1), date(2025, 12, 31))))
        assert len(queries(server, "costs")) == 1


def test_a_day_without_spend_is_a_day_without_rows(connect: Connect) -> None:
    with FakeOpenAI(now=NOW) as server:
        items = list(connect(server).fetch(Span(date(2026, 11, 17), date(2026, 11, 23))))
    # The 21st and 22nd have not begun: no bucket at all.
    assert costs_in(items) == dict.fromkeys(Span(date(2026, 11, 17), date(2026, 11, 23)), ())


def test_today_is_only_a_part_of_a_day(server: FakeOpenAI, connect: Connect) -> None:
    items = list(connect(server).fetch(Span(date(2026, 11, 19), date(2026, 11, 21))))
    days = [item for item in items if isinstance(item, CostDay | UsageDay)]
    parts = {(type(item), item.day.day, item.whole) for item in days}
    assert parts == {
        (CostDay, 19, True),
        (CostDay, 20, False),
        (UsageDay, 19, True),
        (UsageDay, 20, False),
    }


def test_pages_are_followed_with_the_same_query(server: FakeOpenAI) -> None:
    items = list(OpenAISource(Pages(server, 10)).fetch(DAYS))
    first, second = server.requests_to("/v1/organization/costs")
    assert [pair for pair in second.query if pair[0] != "page"] == first.query
    assert list(costs_in(items)) == list(DAYS)
    assert failures_in(items) == []


def test_a_day_in_two_pages_is_added_up_not_replaced() -> None:
    day = date(2026, 11, 18)
    first = bucket(day, cost(Raw("1.0000000004")))
    second = bucket(day, cost("2.0000000004"))

    def halves(path: str, params: Params) -> bytes:
        if not path.endswith("costs"):
            return dumps(envelope())
        return dumps(envelope(second) if "page" in dict(params) else envelope(first, next_page="2"))

    items = list(OpenAISource(Scripted(halves)).fetch(Span(day, day + timedelta(days=1))))
    assert [row.nanos for row in costs_in(items)[day]] == [3_000_000_001]


def test_only_get_and_only_two_kinds_of_paths_ever_leave(
    server: FakeOpenAI, connect: Connect
) -> None:
    list(connect(server).fetch(DAYS))
    assert {request.method for request in server.requests} == {"GET"}
    roots = {request.path.split("/")[3] for request in server.requests}
    assert roots == {"costs", "usage", "projects", "users"}


def test_the_rows_of_usage_are_what_was_used(connect: Connect) -> None:
    day = date(2026, 11, 18)
    used = Used(
        day,
        {"input_tokens": 10, "output_tokens": 4, "num_model_requests": 2, "input_cached_tokens": 3},
        "proj_1",
        "gpt-5.4",
        "key_1",
        dims={"batch": True, "service_tier": "flex"},
    )
    with FakeOpenAI(usage={"completions": [used]}, now=NOW) as server:
        items = list(connect(server).fetch(Span(day, day + timedelta(days=1))))
    rows = [row for item in items if isinstance(item, UsageDay) for row in item.rows]
    assert [tuple(row) for row in rows] == [
        (day, "completions", "proj_1", "gpt-5.4", "key_1", True, "flex", 2, 10, 4, 3, 0, 0, 0.0)
    ]
