"""The fake organization API serves buckets and rows as the reference says."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from tests.fakes import CostRow, FakeOpenAI, Raw, UsageRow
from tests.fakes.asking import (
    MON,
    NOW,
    SAT,
    SUN,
    TODAY,
    ask,
    ranges,
    results,
)
from tests.fakes.openai_query import DAY
from tests.fakes.openai_rows import KINDS

# --- buckets


def test_costs_come_as_whole_utc_days_with_empty_days_present_and_none_in_the_future(
    openai: FakeOpenAI,
) -> None:
    openai.costs += [CostRow(SAT, 1.5), CostRow(MON, 0.25), CostRow(date(2026, 11, 24), 9)]
    answer = ask(openai, "costs", start_time=TODAY - 2 * DAY, end_time=TODAY + 5 * DAY)
    assert ranges(answer) == [
        (TODAY - 2 * DAY, TODAY - DAY),
        (TODAY - DAY, TODAY),
        (TODAY, int(NOW.timestamp())),
    ]
    assert [[row["amount"] for row in day] for day in results(answer)] == [
        [{"value": 1.5, "currency": "usd"}],
        [],
        [{"value": 0.25, "currency": "usd"}],
    ]
    assert (answer.json()["has_more"], answer.json()["next_page"]) == (False, None)


def test_a_costs_start_in_mid_day_is_floored_and_the_end_day_is_excluded(
    openai: FakeOpenAI,
) -> None:
    openai.costs += [CostRow(SAT, 1), CostRow(SUN, 2)]
    answer = ask(openai, "costs", start_time=TODAY - 2 * DAY + 4711, end_time=TODAY - DAY)
    assert ranges(answer) == [(TODAY - 2 * DAY, TODAY - DAY)]
    assert results(answer)[0][0]["amount"]["value"] == 1


def test_a_usage_start_in_mid_day_gives_a_partial_first_bucket(openai: FakeOpenAI) -> None:
    measures = {"input_tokens": 1000, "output_tokens": 10, "num_model_requests": 4}
    openai.usage["completions"] += [UsageRow(SUN, measures), UsageRow(MON, measures)]
    answer = ask(openai, "usage/completions", start_time=TODAY - DAY // 4)
    assert ranges(answer) == [(TODAY - DAY // 4, TODAY), (TODAY, int(NOW.timestamp()))]
    assert [day[0]["input_tokens"] for day in results(answer)] == [250, 1000]


def test_hours_of_a_day_add_up_to_the_day(openai: FakeOpenAI) -> None:
    openai.usage["embeddings"].append(
        UsageRow(SUN, {"input_tokens": 1001, "num_model_requests": 7})
    )
    query: dict[str, Any] = {"start_time": TODAY - DAY, "end_time": TODAY, "bucket_width": "1h"}
    hours = results(ask(openai, "usage/embeddings", **query))
    assert len(hours) == 24
    assert sum(row["input_tokens"] for hour in hours for row in hour) == 1001
    assert sum(row["num_model_requests"] for hour in hours for row in hour) == 7


def test_rows_may_be_restated_deleted_and_delayed_between_requests(openai: FakeOpenAI) -> None:
    def seen() -> list[Any]:
        day = results(ask(openai, "costs", start_time=TODAY - DAY, end_time=TODAY))[0]
        return [row["amount"]["value"] for row in day]

    openai.costs.append(CostRow(SUN, 5))
    assert seen() == [5]
    openai.costs[0] = openai.costs[0]._replace(amount=7)
    assert seen() == [7]
    openai.hidden_days.add(SUN)
    assert seen() == []
    openai.hidden_days.clear()
    openai.costs.clear()
    assert seen() == []


# --- amounts


@pytest.mark.parametrize(
    ("amounts", "literal"),
    [
        ([0.06], "0.06"),
        ([12], "12"),
        ([-2.5], "-2.5"),
        (["12.50"], '"12.50"'),
        ([Decimal("0.0001050000000000000000000000000000000")], None),
        ([Raw("0E-6176")], "0E-6176"),
        ([Raw("1e2")], "1e2"),
        ([None], "null"),
        ([0.1, 0.2], "0.3"),
        (["0.1", "0.2"], '"0.3"'),
        (["0.1", 0.2], "0.3"),
        ([Raw("0E-6176"), Decimal("1.50")], "1.50"),
        ([1, "lots"], '"lots"'),
    ],
)
def test_an_amount_keeps_its_literal_and_several_add_up_exactly(
    openai: FakeOpenAI, amounts: list[Any], literal: str | None
) -> None:
    openai.costs += [CostRow(SUN, amount) for amount in amounts]
    body = ask(openai, "costs", start_time=TODAY - DAY, end_time=TODAY).text
    assert f'"amount": {{"value": {literal or amounts[0]}, "currency": "usd"}}' in body


def test_hostile_names_arrive_as_they_are(openai: FakeOpenAI) -> None:
    names = ['<!channel> "quoted"', "a\nb\u202ec", "€ 😀", "\\u0041"]
    openai.costs += [CostRow(SUN, 1, name) for name in names]
    query: dict[str, Any] = {"start_time": TODAY - DAY, "end_time": TODAY, "group_by": "project_id"}
    assert [row["project_id"] for row in results(ask(openai, "costs", **query))[0]] == names


# --- grouping and filters


GROUPED = [
    CostRow(SUN, 1, "proj_a", "gpt, input", "key_a", quantity=10, unit="tokens"),
    CostRow(SUN, 2, "proj_a", "gpt, input", "key_b", quantity=20, unit="tokens"),
    CostRow(SUN, 4, "proj_b", "gpt, input", "key_c", quantity=40, unit="tokens"),
    CostRow(SUN, 8, None, "Vector storage"),
]


@pytest.mark.parametrize(
    "form",
    [
        {"group_by": ["project_id", "line_item"]},
        {"group_by[]": ["project_id", "line_item"]},
        {"group_by": "project_id,line_item"},
    ],
    ids=["repeated", "brackets", "comma"],
)
def test_rows_are_added_up_over_what_was_not_asked_in_three_spellings(
    openai: FakeOpenAI, form: dict[str, Any]
) -> None:
    openai.costs += GROUPED
    rows = results(ask(openai, "costs", start_time=TODAY - DAY, end_time=TODAY, **form))[0]
    shown = [(r["project_id"], r["line_item"], r["api_key_id"], r["quantity"]) for r in rows]
    assert shown == [
        ("proj_a", "gpt, input", None, 30),
        ("proj_b", "gpt, input", None, 40),
        (None, "Vector storage", None, None),
    ]
    assert [row["amount"]["value"] for row in rows] == [3, 4, 8]


def test_without_grouping_there_is_one_row_with_null_dimensions(openai: FakeOpenAI) -> None:
    openai.costs += GROUPED
    (row,) = results(ask(openai, "costs", start_time=TODAY - DAY, end_time=TODAY))[0]
    assert row == {
        "object": "organization.costs.result",
        "amount": {"value": 15, "currency": "usd"},
        "line_item": None,
        "project_id": None,
        "api_key_id": None,
        "quantity": None,
        "quantity_unit": None,
        "organization_id": "org-fake",
        "user_id": None,
        "user_email": None,
    }


def test_currencies_are_never_added(openai: FakeOpenAI) -> None:
    openai.costs += [CostRow(SUN, 1), CostRow(SUN, 2, currency="eur")]
    rows = results(ask(openai, "costs", start_time=TODAY - DAY, end_time=TODAY))[0]
    assert [row["amount"] for row in rows] == [
        {"value": 1, "currency": "usd"},
        {"value": 2, "currency": "eur"},
    ]


def test_filters_keep_only_what_they_name(openai: FakeOpenAI) -> None:
    openai.costs += GROUPED
    query: dict[str, Any] = {
        "start_time": TODAY - DAY,
        "end_time": TODAY,
        "project_ids": ["proj_a", "proj_b"],
    }
    assert results(ask(openai, "costs", **query))[0][0]["amount"]["value"] == 7


@pytest.mark.parametrize("kind", KINDS)
def test_each_usage_kind_answers_its_measures_and_dimensions(openai: FakeOpenAI, kind: str) -> None:
    measures = dict.fromkeys(KINDS[kind].measures, 5)
    openai.usage[kind].append(UsageRow(SUN, measures, "proj_a"))
    query: dict[str, Any] = {"start_time": TODAY - DAY, "end_time": TODAY, "group_by": "project_id"}
    (row,) = results(ask(openai, f"usage/{kind}", **query))[0]
    assert row["object"] == f"organization.usage.{KINDS[kind].result}.result"
    assert {name: row[name] for name in measures} == measures
    dimensions = {name: row[name] for name in KINDS[kind].group_by}
    assert dimensions == dict.fromkeys(KINDS[kind].group_by) | {"project_id": "proj_a"}


def test_file_and_web_searches_are_not_called_as_their_paths() -> None:
    assert KINDS["file_search_calls"].result == "file_searches"
    assert KINDS["web_search_calls"].result == "web_searches"


def test_usage_is_grouped_by_further_dimensions(openai: FakeOpenAI) -> None:
    measures = {"input_tokens": 3, "output_tokens": 1, "num_model_requests": 1}
    for batch in (True, False, True):
        openai.usage["completions"].append(UsageRow(SUN, measures, dims={"batch": batch}))
    query: dict[str, Any] = {
        "start_time": TODAY - DAY,
        "end_time": TODAY,
        "group_by": ["batch", "model"],
    }
    rows = results(ask(openai, "usage/completions", **query))[0]
    assert [(row["batch"], row["input_tokens"]) for row in rows] == [(True, 6), (False, 3)]
    rows = results(ask(openai, "usage/completions", **query, batch="false"))[0]
    assert [row["input_tokens"] for row in rows] == [3]
