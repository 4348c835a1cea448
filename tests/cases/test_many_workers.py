"""Several workers on one database never tell twice, and lose nothing, whatever their timing."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from bot.app import check
from bot.config.load import load_configuration
from bot.sources.base import Fetched
from bot.spend.calendar import Span
from bot.store.database import open_lasting
from bot.store.dayrecord import COSTS
from bot.store.history import History
from bot.store.outbox import Outbox
from bot.store.pulses import Pulses
from bot.wiring import fetching_app
from tests import postgres
from tests.cases.stage import NOW, TODAY, Place
from tests.conftest import BOTH
from tests.crew import Bill, Worker, crew
from tests.fakes import FakeSlack, Fault

PROJECTS = ("search", "support")
RULES = """
rules:
  - {name: day cap, kind: cap, limit_usd: 40, steps: [50, 100]}
  - {name: search, kind: cap, per: project, match: {project: search}, limit_usd: 25}
"""
POST = "/api/chat.postMessage"


class Round:
    """One database, one Slack, and workers that meet there."""

    def __init__(self, folder: Path, url: str, slack: FakeSlack) -> None:
        self.url, self.slack = url, slack
        self._config = folder / "config.yaml"
        (folder / "rules.yaml").write_text(RULES)
        self._config.write_text(
            f"source: {{kind: sample, history_days: 4}}\nstore: {{url: '${{URL}}'}}\n"
            f"slack: {{bot_token: '${{TOKEN}}', base_url: '{slack.base_url}'}}\nrules: rules.yaml\n"
        )

    def order(self, usd: str = "30", hours: float = 0, command: str = "check") -> dict[str, Any]:
        return {
            "config": str(self._config),
            "environment": {"URL": self.url, "TOKEN": self.slack.bot_token},
            "command": command,
            "now": (NOW + timedelta(hours=hours)).isoformat(),
            "bill": dict.fromkeys(PROJECTS, usd),
        }

    def meet(self, workers: Sequence[Worker], *orders: dict[str, Any]) -> list[dict[str, Any]]:
        """What came of the orders, one for each worker, carried out at the same moment."""
        for worker, order in zip(workers, orders, strict=True):
            worker.tell(**order)
        return [worker.answer() for worker in workers]

    def told(self) -> Counter[str]:
        """How often each key is in Slack."""
        return Counter(message.key for message in self.slack.messages)

    def decided(self) -> set[str]:
        """The keys of all posts and replies ever decided, all of which must be in Slack."""
        with closing(open_lasting(self.url)) as database, database.reading() as connection:
            rows = connection.exec_driver_sql("SELECT key, state, action FROM outbox").all()
        assert {state for _, state, _ in rows} == {"sent"}
        return {key for key, _, action in rows if action != "update"}

    def held(self) -> list[str]:
        """Days of money that are not held whole."""
        span = Span(TODAY - timedelta(days=3), TODAY + timedelta(days=1))
        with closing(open_lasting(self.url)) as database:
            records = History(database).day_records(COSTS, span)
        return [str(day) for day in span if day not in records or not records[day].whole]


def clean(answers: Sequence[dict[str, Any]]) -> bool:
    return not any("error" in answer or answer["trouble"] for answer in answers)


def once_each(keys: set[str]) -> Counter[str]:
    return Counter(dict.fromkeys(keys, 1))


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    with FakeSlack() as slack:
        slack.processing_calls = 0
        yield slack


@pytest.fixture
def round_(tmp_path: Path, database_url: str, slack: FakeSlack) -> Round:
    return Round(tmp_path, database_url, slack)


ROUNDS = (("12", 0), ("30", 1), ("12", 24), ("40", 26))
"""Dollars a day and the hour of each meeting on one database: a first run, dearer days, a new day,
restatements."""


def play(
    games: int, workers: Sequence[Worker], new: Any, folder: Path, seed: int, rounds: int = 4
) -> None:
    """Games of some rounds on a new database; in each round 2 or more workers start at once."""
    chance = Random(seed)
    for n in range(games):
        place = folder / str(n)
        place.mkdir()
        with FakeSlack() as slack:
            slack.processing_calls = 0
            game = Round(place, new(place), slack)
            for usd, hours in ROUNDS[:rounds]:
                some = workers[: chance.randint(2, len(workers))]
                orders = [game.order(usd, hours) for _ in some]
                if n % 20 == 3 and hours:
                    orders[0]["command"] = "digest"
                answers = game.meet(some, *orders)
                assert clean(answers), (n, answers)
            # What one was still posting when the others ended is waited for by the next run.
            assert clean(game.meet(workers[:1], game.order("40", 27)))
            assert game.held() == []
            told = game.told()
            assert len(told) >= 12, (n, told)  # on each of four days: 50%, 100%, and search
            assert told == once_each(game.decided()), (n, told)


@pytest.fixture(params=BOTH)
def new_database(request: pytest.FixtureRequest) -> Any:
    """A function that makes a database for a round in its folder."""
    if request.param == "sqlite":
        return lambda folder: f"sqlite:///{folder}/bot.db"
    server: postgres.Server = request.getfixturevalue("postgres_server")
    return lambda _folder: server.new()


def test_workers_at_the_same_moment_tell_everything_once(new_database: Any, tmp_path: Path) -> None:
    with crew(3) as workers:
        play(1, workers, new_database, tmp_path, seed=1, rounds=2)


@pytest.mark.sweep
def test_a_thousand_rounds_of_workers_tell_everything_once(
    new_database: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Four rounds to a game; `GAMES=50` plays fewer of them."""
    games = int(os.environ.get("GAMES", "250"))
    with crew(5) as workers:
        play(games, workers, new_database, tmp_path, seed=2)
    with capsys.disabled():
        print(f"\n{games * len(ROUNDS)} rounds of 2 to 5 workers: 0 lost, 0 repeated")


@pytest.mark.parametrize(
    ("database_url", "arrived"),
    [
        pytest.param("sqlite", True),
        pytest.param("postgres", False, marks=pytest.mark.postgres),
        pytest.param("sqlite", False, marks=pytest.mark.sweep),
        pytest.param("postgres", True, marks=[pytest.mark.postgres, pytest.mark.sweep]),
    ],
    indirect=["database_url"],
)
def test_what_a_killed_worker_was_posting_is_told_once_by_another(
    round_: Round, arrived: bool
) -> None:
    round_.slack.faults.add(Fault("timeout", POST, act=arrived, after=2, seconds=30))
    with crew(2) as (one, two):
        one.tell(**round_.order())
        while round_.slack.faults.pending:
            time.sleep(0.005)
        one.kill()
        with closing(open_lasting(round_.url)) as database:
            counts = Outbox(database).counts()
        assert (counts["sent"], counts["sending"]) == (2, 1)
        assert clean(round_.meet([two], round_.order(hours=1)))
    assert round_.told() == once_each(round_.decided())


def test_two_commands_and_a_digest_at_the_same_moment_tell_everything_once(
    place: Place, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    text = (place.home / "config.yaml").read_text(encoding="utf-8")
    place.write("config.yaml", f"{text}store: {{url: '${{DATABASE_URL}}'}}\n")
    place.spend("150")
    bot, moment = [sys.executable, "-m", "bot"], ["--as-of", NOW.isoformat()]
    running = [
        subprocess.Popen([*bot, command, *moment], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for command in ("check", "check", "digest")
    ]
    said = [process.communicate() for process in running]
    assert [process.returncode for process in running] == [0, 0, 0], said
    assert len(place.keys) == len(set(place.keys))
    with closing(open_lasting(database_url)) as database:
        assert Outbox(database).counts() == {"pending": 0, "sending": 0, "sent": len(place.keys)}
    assert {key.partition(":")[0] for key in place.keys} >= {"digest"}


class SlowBill:
    """Between any two days somebody else writes, and is not kept waiting."""

    def __init__(self, bill: Bill, url: str) -> None:
        self._bill, self._url = bill, url

    def fetch(self, days: Span) -> Iterator[Fetched]:
        for fetched in self._bill.fetch(days):
            with closing(open_lasting(self._url)) as other:
                Pulses(other).beat("other", NOW)
            yield fetched

    def as_of(self) -> datetime | None:
        return None


def test_a_slow_source_holds_up_no_other_worker(place: Place, database_url: str) -> None:
    impatient = "?timeout=0.05" if database_url.startswith("sqlite") else ""
    text = (place.home / "config.yaml").read_text(encoding="utf-8")
    place.write("config.yaml", f"{text}store: {{url: '${{URL}}'}}\n")
    environment = {**os.environ, "URL": database_url}
    configuration = load_configuration(place.home / "config.yaml", environment)
    with fetching_app(configuration, NOW) as app:
        bill = SlowBill(Bill({"search": "30"}), f"{database_url}{impatient}")
        assert check(replace(app, source=bill)).failures == ()
