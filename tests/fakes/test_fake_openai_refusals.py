"""What the fake organization API refuses, how its pages run and break, whom it lets in."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from tests.fakes import FakeOpenAI
from tests.fakes.asking import (
    TODAY,
    YESTERDAY,
    ask,
    error,
)
from tests.fakes.openai_query import DAY

# --- refusals


@pytest.mark.parametrize(
    ("path", "query", "message", "param", "code"),
    [
        (
            "costs",
            {**YESTERDAY, "limit": 366},
            "Invalid limit provided: 366. Limit must be less than or equal to 180.",
            None,
            "invalid_request_error",
        ),
        (
            "usage/completions",
            {**YESTERDAY, "limit": 32},
            "Invalid limit provided: 32. Limit must be less than or equal to 31.",
            None,
            "invalid_request_error",
        ),
        (
            "usage/completions",
            {**YESTERDAY, "limit": 169, "bucket_width": "1h"},
            "Invalid limit provided: 169. Limit must be less than or equal to 168.",
            None,
            "invalid_request_error",
        ),
        (
            "costs",
            {**YESTERDAY, "bucket_width": "1h"},
            "Invalid value: '1h'. Supported values are: '1d'.",
            "bucket_width",
            "invalid_value",
        ),
        (
            "costs",
            {**YESTERDAY, "group_by": "model"},
            "Invalid value: 'model'. Supported values are: "
            "'project_id', 'line_item', 'api_key_id', 'user_id'.",
            "group_by",
            "invalid_value",
        ),
        (
            "usage/vector_stores",
            {**YESTERDAY, "group_by": "model"},
            "Invalid value: 'model'. Supported values are: 'project_id'.",
            "group_by",
            "invalid_value",
        ),
        (
            "costs",
            {"start_time": TODAY + 5, "end_time": TODAY + 50},
            "'start_time' and 'end_time' must not be on the same UTC date.",
            "end_time",
            "invalid_request_error",
        ),
        (
            "costs",
            {"start_time": 1764979199, "end_time": TODAY, "group_by": ["line_item", "api_key_id"]},
            "Grouping by 'api_key_id' is only available for 'start_time' on or after 1764979200.",
            "start_time",
            "invalid_request_error",
        ),
        (
            "costs",
            {"start_time": "yesterday"},
            "Invalid type for 'start_time': expected an integer, but got 'yesterday' instead.",
            "start_time",
            "invalid_type",
        ),
        (
            "costs",
            {},
            "Missing required parameter: 'start_time'.",
            "start_time",
            "missing_required_parameter",
        ),
        (
            "costs",
            {**YESTERDAY, "models": "gpt"},
            "Unknown parameter: 'models'.",
            "models",
            "unknown_parameter",
        ),
    ],
)
def test_a_wrong_query_is_refused_with_400_and_the_reason(
    openai: FakeOpenAI,
    path: str,
    query: dict[str, Any],
    message: str,
    param: str | None,
    code: str,
) -> None:
    answer = ask(openai, path, **query)
    assert answer.status_code == 400
    assert error(answer) == {
        "message": message,
        "type": "invalid_request_error",
        "param": param,
        "code": code,
    }


@pytest.mark.parametrize(
    ("path", "extra", "first_page"),
    [
        ("costs", {}, 7),
        ("costs", {"limit": 180}, 180),
        ("usage/completions", {}, 7),
        ("usage/completions", {"limit": 31}, 31),
        ("usage/completions", {"bucket_width": "1h"}, 24),
        ("usage/completions", {"bucket_width": "1m"}, 60),
    ],
)
def test_limit_counts_buckets_and_has_the_documented_default(
    openai: FakeOpenAI, path: str, extra: dict[str, Any], first_page: int
) -> None:
    answer = ask(openai, path, start_time=TODAY - 200 * DAY, end_time=TODAY, **extra)
    assert len(answer.json()["data"]) == first_page
    assert answer.json()["has_more"] is True


def test_keys_may_be_grouped_by_from_the_day_they_were_recorded(openai: FakeOpenAI) -> None:
    query: dict[str, Any] = {"start_time": 1764979200, "end_time": TODAY, "group_by": "api_key_id"}
    assert ask(openai, "costs", **query).status_code == 200


# --- pages


def walk(server: FakeOpenAI, path: str, **query: Any) -> list[dict[str, Any]]:
    """Follow at most ten pages as a naive client does."""
    found: list[dict[str, Any]] = []
    for _ in range(10):
        body = ask(server, path, **query).json()
        found.append(body)
        if not body.get("has_more") or not body["next_page"]:
            break
        query["page"] = body["next_page"]
    return found


def test_pages_follow_one_another_to_the_last_bucket(openai: FakeOpenAI) -> None:
    start = TODAY - 9 * DAY
    pages = walk(openai, "costs", start_time=start, end_time=TODAY, limit=4)
    assert [len(page["data"]) for page in pages] == [4, 4, 1]
    starts = [bucket["start_time"] for page in pages for bucket in page["data"]]
    assert starts == [start + n * DAY for n in range(9)]
    assert pages[-1]["next_page"] is None
    even = walk(openai, "costs", start_time=start + DAY, end_time=TODAY, limit=4)
    assert [len(page["data"]) for page in even] == [4, 4]


def test_a_cursor_needs_escaping_and_belongs_to_one_query(openai: FakeOpenAI) -> None:
    query: dict[str, Any] = {"start_time": TODAY - 9 * DAY, "end_time": TODAY}
    cursor = ask(openai, "costs", **query).json()["next_page"]
    assert cursor.startswith("page_")
    assert "=" in cursor
    assert ask(openai, "costs", page=cursor, **query).status_code == 200
    changes: list[dict[str, Any]] = [
        {**query, "end_time": TODAY + DAY},
        {**query, "limit": 7},
        {**query, "group_by": "project_id"},
    ]
    for changed in changes:
        assert error(ask(openai, "costs", page=cursor, **changed))["param"] == "page"
    assert ask(openai, "costs", page="page_xyz", **query).status_code == 400
    assert ask(openai, "usage/images", page=cursor, **query).status_code == 400


def test_a_page_can_break_its_contract(openai: FakeOpenAI) -> None:
    query: dict[str, Any] = {"start_time": TODAY - 9 * DAY, "end_time": TODAY, "limit": 4}
    whole = walk(openai, "costs", **query)

    def broken(how: Any, number: int = 2) -> list[dict[str, Any]]:
        openai.mend_pages()
        openai.break_page(number, how)
        return walk(openai, "costs", **query)

    assert "data" not in broken("missing_data")[1]
    assert "has_more" not in broken("missing_has_more")[1]
    assert [page["next_page"] for page in broken("null_cursor")][1:] == [None]
    assert broken("null_cursor")[1]["has_more"] is True
    repeated = broken("repeat_cursor")
    assert len(repeated) == 10
    assert {page["next_page"] for page in repeated} == {whole[0]["next_page"]}
    endless = broken("endless", 1)
    assert len({page["next_page"] for page in endless}) == 10
    assert endless[8]["data"] == whole[2]["data"]
    openai.mend_pages()
    assert walk(openai, "costs", **query) == whole


# --- keys


def test_no_key_and_a_wrong_key_get_401(openai: FakeOpenAI) -> None:
    answer = ask(openai, "costs", key=None, **YESTERDAY)
    assert answer.status_code == 401
    assert error(answer)["message"].startswith("You didn't provide an API key.")
    answer = ask(openai, "costs", key="sk-admin-0123456789secret", **YESTERDAY)
    assert (answer.status_code, error(answer)["code"]) == (401, "invalid_api_key")
    assert "0123456789sec" not in answer.text
    assert [request.authorization for request in openai.requests] == ["missing", "wrong"]


@pytest.mark.parametrize("status", [401, 403])
def test_a_project_key_lacks_the_scope(openai: FakeOpenAI, status: int) -> None:
    openai.project_key_status = status
    for path, scope in (("costs", "api.usage.read"), ("projects", "api.management.read")):
        answer = ask(openai, path, key="sk-proj-abc", **(YESTERDAY if path == "costs" else {}))
        assert answer.status_code == status
        assert f"Missing scopes: {scope}." in error(answer)["message"]


def test_scopes_can_be_taken_from_the_admin_key(openai: FakeOpenAI) -> None:
    openai.missing_scopes = {"api.management.read"}
    assert ask(openai, "costs", **YESTERDAY).status_code == 200
    answer = ask(openai, "users")
    assert (answer.status_code, error(answer)["code"]) == (403, "missing_scope")


def test_only_get_is_allowed_and_other_tries_are_in_the_log(openai: FakeOpenAI) -> None:
    for method in ("POST", "DELETE", "PATCH"):
        url = f"{openai.base_url}/organization/projects"
        assert requests.request(method, url, timeout=5).status_code == 405
    assert [request.method for request in openai.requests] == ["POST", "DELETE", "PATCH"]


def test_every_answer_has_a_request_id_of_its_own(openai: FakeOpenAI) -> None:
    answers = [ask(openai, "costs", **YESTERDAY), ask(openai, "nothing"), ask(openai, "costs")]
    ids = {answer.headers["x-request-id"] for answer in answers}
    assert [answer.status_code for answer in answers] == [200, 404, 400]
    assert len(ids) == 3
