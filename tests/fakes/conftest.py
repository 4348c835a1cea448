"""A running fake for each test that asks for one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from slack_sdk import WebClient

from tests.fakes import FakeOpenAI, FakeSlack
from tests.fakes.asking import NOW
from tests.fakes.slack_model import Person


@pytest.fixture
def openai() -> Iterator[FakeOpenAI]:
    with FakeOpenAI(now=NOW) as server:
        yield server


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    with FakeSlack(now=NOW, people=[Person("U0ADA00001", "ada", "ada@example.com")]) as server:
        yield server


@pytest.fixture
def client(slack: FakeSlack) -> WebClient:
    return WebClient(slack.bot_token, base_url=slack.base_url, retry_handlers=[], timeout=5)
