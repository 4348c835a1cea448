"""The places of the end-to-end tests."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.cases.stage import NOW, Place, small_bill
from tests.fakes import Channel, FakeOpenAI, FakeSlack

CHANNELS = (("C0COSTS001", "llm-costs"), ("C0SEARCH01", "search-team"))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A new folder to run in, with both keys in the environment."""
    monkeypatch.setenv("OPENAI_ADMIN_KEY", "sk-admin-test")
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-test")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    """A workspace whose pictures are ready at once."""
    with FakeSlack(channels=[Channel(*channel) for channel in CHANNELS]) as slack:
        slack.processing_calls = 0
        yield slack


@pytest.fixture
def place(home: Path, slack: FakeSlack, capsys: pytest.CaptureFixture[str]) -> Iterator[Place]:
    """The small bill, on 20 November 2026."""
    with FakeOpenAI(**small_bill(), now=NOW) as openai:
        yield Place(home, openai, slack, capsys)


@pytest.fixture
def today(home: Path, slack: FakeSlack, capsys: pytest.CaptureFixture[str]) -> Iterator[Place]:
    """The small bill, today by the real clock, for what asks how long ago something was."""
    with FakeOpenAI(**small_bill(datetime.now(UTC).date())) as openai:
        yield Place(home, openai, slack, capsys)
