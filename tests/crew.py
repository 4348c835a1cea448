"""Workers for tests of many at once: processes that check or post a digest when told to.

They do what `bot check` and `bot digest` do, with two differences: the bill is a few lines of the
order, so that a round takes a moment; and a message in another's hands is waited for `LEASE`
seconds instead of a minute. Messages go to a Slack over HTTP.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot.app import check, digest
from bot.config.load import load_configuration
from bot.config.settings import SlackSettings
from bot.context import App
from bot.delivery.dispatch import dispatch
from bot.delivery.errand import WRITING_SECONDS, Terms
from bot.delivery.postman import Undelivered
from bot.delivery.slack import SlackNotifier
from bot.errors import BotError
from bot.sources.base import Fetched
from bot.spend.calendar import Span, Unit
from bot.spend.money import from_dollars
from bot.spend.rows import CostDay, CostRow
from bot.store.database import Database
from bot.store.outbox import Outbox
from bot.wiring import real_app

ANSWER = 0.4
LEASE = 1.0
"""Seconds an answer of Slack is waited for, and a message that is in another's hands."""


@dataclass(frozen=True, slots=True)
class Bill:
    """So many dollars a day for each of some projects."""

    dollars: Mapping[str, str]

    def fetch(self, days: Span) -> Iterator[Fetched]:
        for day in days:
            rows = (
                CostRow(day, project, f"gpt-5, {project}", f"key_{project}", from_dollars(usd))
                for project, usd in self.dollars.items()
            )
            yield CostDay(day, tuple(rows))

    def as_of(self) -> datetime | None:
        return None


@dataclass(frozen=True, slots=True)
class BriskPostman:
    """Delivers to Slack, with less patience."""

    database: Database
    settings: SlackSettings
    lease: float = LEASE
    writing: float = WRITING_SECONDS
    sleep: Callable[[float], None] = time.sleep

    def deliver(self) -> tuple[int, Undelivered]:
        token, url = self.settings.bot_token.get_secret_value(), self.settings.base_url
        slack = SlackNotifier(token, url, timeout=ANSWER)
        terms = Terms(sending_seconds=self.lease, writing_seconds=self.writing)
        done = dispatch(Outbox(self.database), slack, datetime.now(UTC), terms, self.sleep)
        return len(done.sent), tuple((key, str(error)) for key, error in done.failed)


def carry_out(order: Mapping[str, Any]) -> dict[str, Any]:
    """What came of an order: keys it found to be news, how many it sent, what went wrong."""
    configuration = load_configuration(Path(order["config"]), order["environment"])
    try:
        with real_app(configuration, datetime.fromisoformat(order["now"])) as app:
            postman = BriskPostman(app.database, configuration.settings.slack)
            report = work(replace(app, postman=postman), order)
    except BotError as error:
        return {"error": str(error)}
    trouble = [f"{key}: {why}" for key, why in report.undelivered]
    return {"news": [m.key for m in report.messages], "sent": report.sent, "trouble": trouble}


def work(app: App, order: Mapping[str, Any]) -> Any:
    """Check or post a digest, as the order says, with its bill."""
    app = replace(app, source=Bill(order["bill"]))
    return digest(app, Unit.DAY) if order["command"] == "digest" else check(app)


class Worker:
    """One process. `tell` returns at once; `answer` waits for what came of it."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", __name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parent.parent,
        )

    def tell(self, **order: Any) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()

    def answer(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        found: dict[str, Any] = json.loads(self.process.stdout.readline())
        return found

    def kill(self) -> None:
        """SIGKILL: no goodbye."""
        self.process.kill()
        self.close()

    def close(self) -> None:
        self.process.communicate()


@contextmanager
def crew(size: int) -> Iterator[Sequence[Worker]]:
    """So many workers, ready."""
    workers = [Worker() for _ in range(size)]
    try:
        for worker in workers:
            assert worker.answer() == {"ready": True}
        yield workers
    finally:
        for worker in workers:
            if worker.process.poll() is None:
                worker.close()


def main() -> None:
    """Carry out orders, a line each, until there are no more."""
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        print(json.dumps(carry_out(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
