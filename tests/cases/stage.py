"""A small organisation with round numbers, and a folder in which the bot runs against two servers.

Search costs $100 and Support chat $20 on each finished day; today Search has cost $30 so far.
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from bot.cli import run
from tests.fakes import ApiKey, CostRow, FakeOpenAI, FakeSlack, Project, UsageRow
from tests.fakes.openai_query import midnight
from tests.fakes.slack_model import Message

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
TODAY = NOW.date()
YESTERDAY = TODAY - timedelta(days=1)
DAYS = 12
"""Finished days of the small organisation; its history in the configuration is as long."""

SEARCH, SUPPORT = "proj_search", "proj_support"
GPT = "gpt-5.4-2026-03-05"
LINE = f"{GPT}, output"

CONFIG = """
source: {{kind: openai, base_url: "{openai}", history_days: {days}}}
slack:
  bot_token: ${{SLACK_BOT_TOKEN:-}}
  base_url: "{slack}"
  channel: "#llm-costs"
rules: rules.yaml
"""
DAY_CAP = "rules: [{name: day cap, kind: cap, limit_usd: 200, steps: [50, 80, 100]}]\n"


class Ran(NamedTuple):
    """What a command line did."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """What `--output json` printed."""
        found: dict[str, Any] = json.loads(self.out)
        return found


def at(hours: float) -> tuple[str, str]:
    """`--as-of` so many hours after NOW."""
    return "--as-of", (NOW + timedelta(hours=hours)).isoformat()


AS_OF = at(0)


class Place:
    """A folder with a configuration and rules, and the two servers they name."""

    def __init__(
        self,
        home: Path,
        openai: FakeOpenAI,
        slack: FakeSlack,
        capsys: pytest.CaptureFixture[str],
        days: int = DAYS,
    ) -> None:
        self.home, self.openai, self.slack = home, openai, slack
        self._capsys = capsys
        self.write("rules.yaml", DAY_CAP)
        text = CONFIG.format(openai=openai.base_url, slack=slack.base_url, days=days)
        self.write("config.yaml", text)

    def write(self, name: str, text: str) -> None:
        (self.home / name).write_text(text, encoding="utf-8")

    def edit(self, old: str, new: str) -> None:
        """Change the configuration."""
        text = (self.home / "config.yaml").read_text(encoding="utf-8")
        assert old in text
        self.write("config.yaml", text.replace(old, new))

    def run(self, *arguments: str) -> Ran:
        """A command line, in this folder."""
        self._capsys.readouterr()
        code = run(arguments)
        return Ran(code, *self._capsys.readouterr())

    def check(self, *arguments: str, code: int = 0) -> dict[str, Any]:
        """The document of `bot check`."""
        ran = self.run("check", "--output", "json", *arguments)
        assert (ran.code, "Traceback" in ran.err) == (code, False), ran.err
        return ran.document

    @property
    def database(self) -> Path:
        return self.home / "budget-bot.db"

    def fingerprint(self) -> str:
        """Of the database file's bytes."""
        return hashlib.sha256(self.database.read_bytes()).hexdigest()

    @property
    def told(self) -> list[Message]:
        """What stands in Slack."""
        return self.slack.messages

    @property
    def keys(self) -> list[str]:
        """The message keys in Slack, in order."""
        return [message.key for message in self.told]

    def spend(self, usd: Any, day: date = TODAY, project: str = SEARCH) -> None:
        """One more cost row."""
        self.openai.costs.append(CostRow(day, usd, project, "web search tool calls", None))

    def pass_time(self, hours: float) -> tuple[str, str]:
        """The servers' clock moves on; the same as an argument."""
        self.openai.now = NOW + timedelta(hours=hours)
        return at(hours)


def small_bill(today: date = TODAY, days: int = DAYS) -> dict[str, Any]:
    """What `FakeOpenAI(**…)` takes."""
    finished = [today - timedelta(days=back) for back in range(days, 0, -1)]
    costs = [
        CostRow(day, usd, project, LINE, f"key_{project}")
        for day in finished
        for project, usd in ((SEARCH, "100"), (SUPPORT, "20"))
    ]
    costs.append(CostRow(today, "30", SEARCH, LINE, f"key_{SEARCH}"))
    measures = {"input_tokens": 60_000, "output_tokens": 9_000, "num_model_requests": 40}
    usage = [
        UsageRow(day, measures, project, GPT, f"key_{project}")
        for day in (*finished, today)
        for project in (SEARCH, SUPPORT)
    ]
    archived = int(midnight(today)) - 86_400 * 30
    return {
        "costs": costs,
        "usage": {"completions": usage},
        "projects": [Project(SEARCH, "Search"), Project(SUPPORT, "Support chat", archived)],
        "api_keys": {
            SEARCH: [ApiKey(f"key_{SEARCH}", "production")],
            SUPPORT: [ApiKey(f"key_{SUPPORT}", "nightly batch")],
        },
    }
