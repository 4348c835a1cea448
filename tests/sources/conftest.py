"""An organisation with a spend, and sources for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.sources.http import ApiClient
from bot.sources.openai import OpenAISource
from bot.sources.patience import Clock
from tests.fakes import FakeOpenAI, organisation
from tests.sources.asking import IMPATIENT, FakeTime
from tests.sources.contract import DAYS
from tests.sources.live import HURRY, KEY, NOW, Connect, record


@pytest.fixture
def server() -> Iterator[FakeOpenAI]:
    org = organisation(DAYS.end, days=25)
    with FakeOpenAI(**org._asdict(), now=NOW, admin_key=KEY) as running:
        yield running


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Makes sources for servers; no clock runs while they wait."""
    clients = []

    def made(server: FakeOpenAI, *args: Any, key: str | None = None, **kwargs: Any) -> OpenAISource:
        clock = Clock(sleep=lambda _: None)
        token = server.admin_key if key is None else key
        clients.append(ApiClient(token, server.base_url, patience=HURRY, clock=clock))
        return OpenAISource(clients[-1], *args, **kwargs)

    yield made
    for client in clients:
        client.close()


@pytest.fixture
def passing() -> FakeTime:
    """Time that passes when somebody sleeps."""
    return FakeTime()


@pytest.fixture
def client(server: FakeOpenAI, passing: FakeTime) -> Iterator[ApiClient]:
    made = ApiClient(KEY, server.base_url, patience=IMPATIENT, clock=passing.clock)
    yield made
    made.close()


@pytest.fixture
def recorded(server: FakeOpenAI, tmp_path: Path) -> Path:
    record(ApiClient(KEY, server.base_url), tmp_path / "acme")
    return tmp_path / "acme"
