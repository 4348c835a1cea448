"""Budget Bot in the comparison: `bot check` as cron would run it, against fake OpenAI and Slack."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.told_once.processes import Process, saying
from tests.fakes import CostRow, FakeOpenAI, FakeSlack, Project

ROOT = Path(__file__).parent.parent.parent
RULES = "rules: [{name: cap, kind: cap, per: project, limit_usd: 100, steps: [50, 80, 100]}]\n"


class BudgetBot(Process):
    """One check for each thing it may learn; the next one goes on where a killed one stopped."""

    name, posts_to = "Budget Bot", "/api/chat.postMessage"
    steps = saying("#step-50", "#step-80", "#step-100")

    def __init__(self, folder: Path, slack: FakeSlack) -> None:
        super().__init__(folder)
        self._slack = slack
        self._now = datetime.now(UTC).replace(hour=9, minute=30, second=0, microsecond=0)
        self._day = self._now.date()
        self._openai = FakeOpenAI(projects=[Project("proj_search", "search")], now=self._now)
        self._openai.__enter__()
        (folder / "rules.yaml").write_text(RULES)
        (folder / "config.yaml").write_text(
            f"source: {{kind: openai, history_days: 5, base_url: '{self._openai.base_url}'}}\n"
            f"slack: {{bot_token: '${{SLACK_BOT_TOKEN}}', base_url: '{slack.base_url}'}}\n"
            "rules: rules.yaml\n"
        )

    def start(self) -> None:
        """Nothing runs between two checks."""

    def know(self, usd: int, *, wait: bool = True) -> None:
        self._now += timedelta(hours=1)
        self._check(usd, wait=wait)

    def restate(self, usd: int) -> None:
        self._now += timedelta(days=1)
        self._check(usd, wait=True)

    def stop(self) -> None:
        super().stop()
        self._openai.__exit__(None, None, None)

    def _check(self, usd: int, *, wait: bool) -> None:
        self._openai.now = self._now
        self._openai.costs[:] = [CostRow(self._day, str(usd), "proj_search", "gpt-5, output", None)]
        child = self.run(
            *(sys.executable, "-m", "bot", "check", "--config", self.folder / "config.yaml"),
            *("--as-of", self._now.isoformat()),
            PYTHONPATH=str(ROOT),
            OPENAI_ADMIN_KEY=self._openai.admin_key,
            SLACK_BOT_TOKEN=self._slack.bot_token,
        )
        if wait:
            child.communicate(timeout=180)
