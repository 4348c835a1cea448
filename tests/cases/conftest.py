"""Fixtures of the end-to-end tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cases.stage import NOW, Place, small_bill
from tests.fakes import FakeOpenAI, FakeSlack


@pytest.fixture
def place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Place]:
    """The small organisation, in a folder of its own."""
    monkeypatch.setenv("OPENAI_ADMIN_KEY", "sk-admin-test")
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-test")
    monkeypatch.chdir(tmp_path)
    with FakeOpenAI(**small_bill(), now=NOW) as openai, FakeSlack() as slack:
        slack.processing_calls = 0
        yield Place(tmp_path, openai, slack, capsys)
