"""The worker's children, and the worker as a whole, over real sockets."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.commands.errand import Patience, run_errand
from bot.errors import BotError, StoreError
from bot.store.light import LightFile
from bot.store.tallies import pulses
from tests.cases.stage import TODAY, Place, at


def errand(what: str, **options: Any) -> int:
    """The exit code of what a child does; as the child, but in this process."""
    usual = {"config": None, "period": "day", "scheduled": None, "missed": 0}
    try:
        return run_errand(what=what, **{**usual, **options})
    except BotError as error:
        return error.exit_code


def test_an_edit_with_a_mistake_is_told_once_and_the_last_good_one_goes_on(today: Place) -> None:
    assert errand("plan") == 0
    today.write("rules.yaml", "rules: [{name: day cap, kind: cpa}]")
    assert [errand("plan") for _ in range(2)] == [0, 0]
    (notice,) = today.slack.messages
    assert notice.key.startswith("notice:config:")
    assert notice.text == (
        "The configuration has a mistake; I go on with the last good one: rules.yaml:1:31: 'cpa' "
        "is not a kind of rule; did you mean 'cap'?"
    )
    health = today.run("health")
    assert (health.code, health.out.partition(": rules")[0]) == (
        1,
        "not healthy: the configuration has mistakes, the last good one is used",
    )
    assert errand("check") == 0
    assert [key.partition("/")[0] for key in today.keys[1:]] == ["day-cap"] * 3
    today.write("rules.yaml", "rules: [{name: cap, kind: cap, limit_usd: 100}]")
    assert errand("plan") == 0
    assert today.run("health").code == 0


def test_the_last_good_configuration_is_found_again_whatever_the_file_looks_like(
    today: Place,
) -> None:
    today.edit("rules: rules.yaml", "store: {url: 'sqlite:///elsewhere.db'}\nrules: rules.yaml")
    assert errand("plan") == 0
    good = (today.home / "config.yaml").read_text()
    for broken in (good + "a: [", good.replace("slack:", "slakc:"), good + "\tx"):
        today.write("config.yaml", broken)
        assert errand("check") == 0, broken
    assert len(today.slack.messages) == 3
    assert not today.database.exists()


@pytest.mark.parametrize(
    "store",
    [
        "store:\n  # a comment\n\n  url: ${DATABASE_URL:-sqlite:///nowhere.db}  # another\n",
        "store:  # url: sqlite:///nowhere.db\n# url: none\n  url: '${DATABASE_URL}'\n",
        "store: {url: '${DATABASE_URL}?timeout=5'}\n",
    ],
)
def test_the_last_good_configuration_is_found_in_a_database_that_a_variable_names(
    today: Place, store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{today.home / 'elsewhere.db'}")
    today.edit("rules: rules.yaml", f"{store}rules: rules.yaml")
    assert errand("plan") == 0
    today.write("rules.yaml", "rules: 7")
    assert (errand("plan"), errand("check")) == (0, 0)
    assert len(today.slack.messages) == 4
    assert not (today.home / "nowhere.db").exists()


def test_without_a_last_good_configuration_the_mistake_ends_it(today: Place) -> None:
    today.write("rules.yaml", "rules: 7")
    assert (errand("plan"), errand("check")) == (3, 3)


def test_a_digest_for_its_turn_shares_its_key_with_one_made_by_hand(place: Place) -> None:
    assert place.bot("digest", *at(0)) == 0
    place.openai.now = None
    assert errand("digest", scheduled=TODAY) == 0
    assert place.keys == ["digest:daily:2026-11-20"]


def test_a_late_digest_is_about_its_own_day_and_says_what_was_missed(today: Place) -> None:
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    assert errand("digest", scheduled=yesterday, missed=5) == 0
    (message,) = today.slack.messages
    assert message.key == f"digest:daily:{yesterday}"
    said = str(message.blocks)
    assert "5 days without a digest: the bot was not running then. This is the latest one." in said


def test_that_the_bot_cannot_see_is_told_once_a_day_and_that_it_can_again_once(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.write("rules.yaml", "rules: [{name: cap, kind: cap, limit_usd: 9999}]")
    assert place.bot("check", *at(0)) == 0
    monkeypatch.setenv("OPENAI_ADMIN_KEY", "sk-admin-wrong")
    for hours in (1, 2, 26):
        assert place.bot("check", *at(hours)) == 4
    monkeypatch.setenv("OPENAI_ADMIN_KEY", "sk-admin-test")
    for hours in (27, 28):
        assert place.bot("check", *at(hours)) == 0
    assert place.keys == [
        "notice:blind:access:2026-11-20",
        "notice:blind:access:2026-11-21",
        "notice:sight:2026-11-20T10:30:00+00:00",
    ]


def test_a_plain_fetch_leaves_the_proof_of_life(today: Place) -> None:
    assert today.run("health").code == 1
    assert today.bot("fetch") == 0
    assert today.run("health") == (0, "ok: last fetch 0 min ago\n", "")


def test_a_message_on_its_way_is_told_before_a_run_stops() -> None:
    told: list[str] = []

    def interrupted() -> None:
        patience = Patience()
        with patience.listening(), patience.undisturbed():
            os.kill(os.getpid(), signal.SIGTERM)
            told.append("the message")

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert told == ["the message"]


def test_a_run_that_waits_for_an_answer_stops_at_once() -> None:
    def interrupted() -> None:
        with Patience().listening():
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(5)

    begun = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert time.monotonic() - begun < 1


def test_the_worker_checks_and_posts_a_digest_once_and_leaves(today: Place) -> None:
    """From the first tick to the last, with nothing pretended."""
    today.edit(
        "rules: rules.yaml",
        "schedule: {timezone: UTC, digest: {daily: '00:00', weekly: null, monthly: null}}\n"
        "worker: {tick: 1s}\nrules: rules.yaml",
    )
    source = str(Path(__file__).parents[2])
    worker = subprocess.Popen(
        [sys.executable, "-m", "bot", "run", "--log-format", "json"],
        env={**os.environ, "PYTHONPATH": source},
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        end = time.monotonic() + 40
        while not ran(today, "digest/daily") and time.monotonic() < end:
            time.sleep(0.1)
        assert [key.partition("/")[0] for key in today.keys[:3]] == ["day-cap"] * 3
        assert today.keys[3].startswith("digest:daily:")
        status = Path(f"/proc/{worker.pid}/status").read_text()
        assert int(status.partition("VmRSS:")[2].split()[0]) < 35 * 1024
        worker.send_signal(signal.SIGTERM)
        _, log = worker.communicate(timeout=6)
    finally:
        worker.kill()
        worker.communicate()
    assert worker.returncode == 0
    assert len(today.slack.messages) == 4
    assert '"name": "worker", "message": "digest/daily ended: ok"' in log


def ran(place: Place, job: str) -> bool:
    """Whether the worker has noted that the job went well."""
    try:
        return f"ran/{job}" in pulses(LightFile(place.database))
    except StoreError:
        return False
