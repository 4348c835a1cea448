"""Two that deliver at once from one database: each message once, in its place."""

from __future__ import annotations

import threading
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.delivery.dispatch import Delivered, dispatch
from bot.delivery.errand import Terms
from bot.delivery.slack import SlackNotifier
from bot.store.outbox import Outbox
from tests.delivery.stage import Stage, alert, digest, opened, reply, update
from tests.fakes import FakeSlack, Fault

POST = "/api/chat.postMessage"
BRISK = Terms(sending_seconds=1.0)
"""A message in other hands is waited for so long; the answers below take less."""


def work(folder: Path, slack: FakeSlack, start: threading.Barrier, done: list[Delivered]) -> None:
    """What one process does."""
    with closing(opened(folder)) as database:
        bot = SlackNotifier(slack.bot_token, slack.base_url, timeout=0.4)
        start.wait()
        done.append(dispatch(Outbox(database), bot, datetime.now(UTC), BRISK))


def at_once(folder: Path, slack: FakeSlack, many: int) -> list[Delivered]:
    start, done = threading.Barrier(many), list[Delivered]()
    workers = [
        threading.Thread(target=work, args=(folder, slack, start, done)) for _ in range(many)
    ]
    for one in workers:
        one.start()
    for one in workers:
        one.join()
    return done


def episode(stage: Stage, n: int) -> None:
    """Two alerts with news, two updates of the first, a digest."""
    a, b = f"caps/a{n}#first", f"caps/b{n}#first"
    stage.decide(
        alert(a),
        reply(f"caps/a{n}#step", a),
        alert(b),
        update(f"caps/a{n}#update:1", a, "older"),
        reply(f"caps/b{n}#step", b),
        update(f"caps/a{n}#update:2", a, "newest"),
        digest(f"daily:{n}"),
        now=datetime.now(UTC),
    )


def play(folder: Path, rounds: int, many: int, *faults: Fault) -> None:
    with FakeSlack() as slack, closing(opened(folder)) as database:
        stage = Stage(slack, database)
        for n in range(rounds):
            episode(stage, n)
            slack.faults.add(*faults)
            done = at_once(folder, slack, many)
            assert [one for each in done for one in each.failed] == []
            at_once(folder, slack, 1)
            shown = stage.shown()
            assert len(shown) == len(set(shown)) == 5 * (n + 1)
            first = stage.said(f"caps/a{n}#first")
            assert first.text == "newest"
            assert stage.said(f"caps/a{n}#step").thread_ts == first.ts
        assert stage.states() == {"sent": 7 * rounds}


def test_two_that_deliver_at_once_tell_everything_once(tmp_path: Path) -> None:
    play(tmp_path, 3, 2)


def test_two_at_once_on_a_bad_line_tell_everything_once(tmp_path: Path) -> None:
    play(tmp_path, 1, 2, Fault("drop_after", POST), Fault("reset", POST, after=2))


@pytest.mark.sweep
@pytest.mark.parametrize("many", [2, 3, 5])
def test_fifty_rounds_of_several_at_once(tmp_path: Path, many: int) -> None:
    play(tmp_path, 50, many)
