"""What tests of the live source share: clients, and ways to look at what came."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from bot.sources.base import Fetched, FetchFailure
from bot.sources.deadline import Halt
from bot.sources.http import ApiClient
from bot.sources.openai import OpenAISource
from bot.sources.paging import Answer, Params
from bot.sources.patience import Patience
from bot.sources.recorder import Recorder
from bot.spend.calendar import Span
from bot.spend.rows import CostDay, CostRow
from tests.fakes import FakeOpenAI
from tests.sources.contract import DAYS

KEY = "sk-admin-canary-5f2b"
NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
HURRY = Patience(attempts=3, connect=1, read=0.2, deadline=0.3, budget=30)
Connect = Callable[..., OpenAISource]


class Pages:
    """A client that asks for pages of at most so many days."""

    def __init__(self, server: FakeOpenAI, days: int, client: ApiClient | None = None) -> None:
        made = client or ApiClient(server.admin_key, server.base_url, patience=HURRY)
        self._client = made
        self._days = days

    def get(self, path: str, params: Params, halt: Halt | None = None) -> Answer:
        if "bucket_width" in dict(params):
            params = tuple((n, self._at_most(v) if n == "limit" else v) for n, v in params)
        return self._client.get(path, params, halt)

    def _at_most(self, limit: str) -> str:
        return str(min(int(limit), self._days))


class Scripted:
    """A client that answers what a function says."""

    def __init__(self, answer: Callable[[str, Params], bytes]) -> None:
        self._answer = answer

    def get(self, path: str, params: Params, halt: Halt | None = None) -> Answer:
        assert halt is None or not halt.halted
        return Answer(self._answer(path, params))


def costs_in(items: list[Fetched]) -> dict[date, tuple[CostRow, ...]]:
    return {item.day: tuple(item.rows) for item in items if isinstance(item, CostDay)}


def failures_in(items: list[Fetched]) -> list[FetchFailure]:
    return [item for item in items if isinstance(item, FetchFailure)]


def queries(server: FakeOpenAI, path: str) -> list[dict[str, list[str]]]:
    return [
        {name: request.params(name) for name, _ in request.query}
        for request in server.requests_to(f"/v1/organization/{path}")
    ]


def record(client: Any, folder: Path, days: Span = DAYS) -> list[Fetched]:
    """Fetch, and leave a recording of it."""
    recorder = Recorder(client, folder, as_of=NOW, organization="Acme")
    items = list(OpenAISource(recorder).fetch(days))
    recorder.finish(days)
    return items
