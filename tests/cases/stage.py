"""Where end-to-end tests play: a folder with a configuration, the two servers it names, a bill.

The small bill has round numbers: on each of 12 finished days Search costs $100 and Support chat
$20; today Search has cost $30 so far. Every document that `Place.document` reads is checked against
`report.schema.json`.
"""

from __future__ import annotations

import hashlib
import json
import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from jsonschema import Draft202012Validator

from bot import health
from bot.cli import run
from tests.fakes import ApiKey, CostRow, FakeOpenAI, FakeSlack, Project, UsageRow
from tests.fakes.openai_query import midnight

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
TODAY = NOW.date()
YESTERDAY = TODAY - timedelta(days=1)
DAYS = 12
"""Finished days of the small bill, and `history_days` in its configuration."""

SEARCH, SUPPORT = "proj_search", "proj_support"
GPT = "gpt-5.4-2026-03-05"
DAY_CAP = "rules: [{name: day cap, kind: cap, limit_usd: 200, steps: [50, 80, 100]}]\n"
"""The small bill is at 60% of it on every finished day."""

_SCHEMA_FILE = Path(__file__).parent / "report.schema.json"
SCHEMA = Draft202012Validator(json.loads(_SCHEMA_FILE.read_text()))


class Ran(NamedTuple):
    """What a command line did."""

    code: int
    out: str
    err: str


def at(hours: float) -> tuple[str, str]:
    """`--as-of` so many hours after NOW."""
    return "--as-of", (NOW + timedelta(hours=hours)).isoformat()


class Place:
    """A folder with `config.yaml` and `rules.yaml`; the tests run in it."""

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
        self.write(
            "config.yaml",
            f"""
source: {{kind: openai, history_days: {days}, base_url: "{openai.base_url}"}}
slack:
  bot_token: ${{SLACK_BOT_TOKEN:-}}
  base_url: "{slack.base_url}"
rules: rules.yaml
""",
        )

    def write(self, name: str, text: str) -> None:
        (self.home / name).write_text(text, encoding="utf-8")

    def edit(self, old: str, new: str) -> None:
        """Change the configuration."""
        text = (self.home / "config.yaml").read_text(encoding="utf-8")
        assert text.count(old) == 1
        self.write("config.yaml", text.replace(old, new))

    def bot(self, *arguments: str) -> int:
        """The exit code of a command line."""
        return run(arguments)

    def run(self, *arguments: str) -> Ran:
        """A command line: exit code and output."""
        self._capsys.readouterr()
        code = run(arguments)
        return Ran(code, *self._capsys.readouterr())

    def document(self, command: str, *arguments: str, code: int = 0) -> dict[str, Any]:
        """The JSON document of `check` or `digest`, sound by the schema."""
        ran = self.run(command, "--output", "json", *arguments)
        assert ran.code == code, ran.err
        found: dict[str, Any] = json.loads(ran.out)
        assert [error.message for error in SCHEMA.iter_errors(found)] == []
        return found

    def health(self) -> tuple[int, str]:
        """`bot health`: exit code and output."""
        self._capsys.readouterr()
        return health.report(None, "text", os.environ), self._capsys.readouterr().out

    @property
    def database(self) -> Path:
        return self.home / "budget-bot.db"

    def bytes_of_database(self) -> str:
        """Their fingerprint."""
        return hashlib.sha256(self.database.read_bytes()).hexdigest()

    @property
    def keys(self) -> list[str]:
        """The keys of the messages in Slack, in order."""
        return [message.key for message in self.slack.messages]

    def spend(self, usd: Any, day: date = TODAY, project: str | None = SEARCH) -> None:
        """One more cost row."""
        self.openai.costs.append(CostRow(day, usd, project, "web search tool calls", None))


def small_bill(today: date = TODAY) -> dict[str, Any]:
    """What `FakeOpenAI(**…)` takes. Support chat was archived a month ago."""
    line, spent = f"{GPT}, output", ((SEARCH, "100"), (SUPPORT, "20"))
    finished = [today - timedelta(days=back) for back in range(DAYS, 0, -1)]
    costs = [CostRow(day, usd, p, line, f"key_{p}") for day in finished for p, usd in spent]
    costs.append(CostRow(today, "30", SEARCH, line, f"key_{SEARCH}"))
    volume = {"input_tokens": 60_000, "output_tokens": 9_000, "num_model_requests": 40}
    usage = [
        UsageRow(day, volume, project, GPT, f"key_{project}")
        for day in (*finished, today)
        for project, _ in spent
    ]
    archived = int(midnight(today)) - 30 * 86_400
    return {
        "costs": costs,
        "usage": {"completions": usage},
        "projects": [Project(SEARCH, "Search"), Project(SUPPORT, "Support chat", archived)],
        "api_keys": {p: [ApiKey(f"key_{p}", "production")] for p, _ in spent},
    }
