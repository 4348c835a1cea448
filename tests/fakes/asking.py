"""Asking the fake OpenAI and reading its answers, shared by its tests."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import requests

from tests.fakes import FakeOpenAI
from tests.fakes.openai_query import DAY, midnight

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
MON, SUN, SAT = date(2026, 11, 23), date(2026, 11, 22), date(2026, 11, 21)
TODAY = midnight(MON)
YESTERDAY: dict[str, Any] = {"start_time": TODAY - DAY, "end_time": TODAY}


def ask(
    server: FakeOpenAI, path: str, key: str | None = "sk-admin-test", **params: Any
) -> requests.Response:
    headers = {} if key is None else {"Authorization": f"Bearer {key}"}
    url = f"{server.base_url}/organization/{path}"
    return requests.get(url, params=params, headers=headers, timeout=5)


def error(response: requests.Response) -> dict[str, Any]:
    found: dict[str, Any] = response.json()["error"]
    return found


def results(response: requests.Response) -> list[list[dict[str, Any]]]:
    assert response.status_code == 200, response.text
    return [bucket["results"] for bucket in response.json()["data"]]


def ranges(response: requests.Response) -> list[tuple[int, int]]:
    return [(bucket["start_time"], bucket["end_time"]) for bucket in response.json()["data"]]
