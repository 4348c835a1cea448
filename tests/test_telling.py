"""Alerts and messages change together, whoever else tells at the same moment."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot.alerts.model import Finding, Reason
from bot.config.load import Configuration
from bot.config.rulebook import Rulebook
from bot.config.settings import Settings, SlackSettings
from bot.messages.model import Action
from bot.store.alerts import AlertBook
from bot.store.database import Database, open_lasting
from bot.store.outbox import Outbox
from bot.store.schema import outbox
from bot.telling import Seen, Teller
from tests.build import NOW, TODAY, YESTERDAY, finding, ledger, project, rule

RULES = (
    rule(
        "cap",
        limit_usd=1,
        steps=[50, 80, 100],
    ),
)
ROUTES = SlackSettings.model_validate(
    {"routes": [{"match": {"severity": "warning"}, "channel": "#route", "mention": "@route"}]}
)
CONFIGURATION = Configuration(Settings(slack=ROUTES), Rulebook(RULES, ()), Path())


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return open_lasting(f"sqlite:///{tmp_path}/bot.db")


def one(name: str = "a", **other: Any) -> Finding:
    return finding(project(name, name), rule="cap", **other)


def teller(database: Database, *findings: Finding, hours: float = 0) -> Teller:
    now = NOW + timedelta(hours=hours)
    seen = Seen(ledger(now=now), [YESTERDAY, TODAY], findings, ())
    return Teller(CONFIGURATION, database, now, seen)


def keys(database: Database) -> list[str]:
    return [entry.key.rpartition("#")[2] for entry in Outbox(database).waiting()]


def test_tellers_at_the_same_moment_tell_each_thing_once(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/bot.db"
    databases = [open_lasting(url) for _ in range(4)]

    def tell(n: int) -> list[str]:
        steps = [50, 80, 100, 100]
        some = [one(str(p), step=steps[n]) for p in range(3)]
        _, messages = teller(databases[n], *some).tell()
        return [message.key for message in messages]

    with ThreadPoolExecutor(4) as pool:
        told = [key for some in pool.map(tell, range(4)) for key in some]
    assert len(told) == len(set(told))
    for p in range(3):
        alert = AlertBook(databases[0]).one(one(str(p)).key)
        assert alert is not None
        assert alert.top_step == 100
        posts = [e for e in Outbox(databases[0]).waiting() if e.alert_key == alert.key]
        assert [e.action for e in posts].count(Action.POST) == 1


def test_a_message_that_cannot_be_kept_leaves_its_alert_untold(database: Database) -> None:
    with database.writing() as connection:
        connection.execute(sa.text("ALTER TABLE outbox RENAME COLUMN payload TO broken"))
    with pytest.raises(Exception, match="payload"):
        teller(database, one()).tell()
    assert AlertBook(database).open() == []


def test_messages_wait_in_the_order_in_which_they_were_decided(database: Database) -> None:
    some = [one(f"p{n}", observed=10**9 * n) for n in range(1, 8)]
    _, messages = teller(database, *some).tell()
    assert [entry.key for entry in Outbox(database).waiting()] == [m.key for m in messages]
    assert messages[0].key == "storm/#route/warning/2026-11-20T09:00:00Z"
    first = json.dumps(messages[0].also_keys)
    assert first.index("project=p7") < first.index("project=p1")


def test_a_rules_own_channel_and_mention_beat_the_routes(database: Database) -> None:
    by_rule = one("a", channel="#team", mention="@own")
    by_route = one("b")
    _, messages = teller(database, by_rule, by_route).tell()
    called = {message.channel: message.blocks[1] for message in messages}
    assert "@own" in str(called["#team"])
    assert "@route" in str(called["#route"])


def test_what_another_finding_tells_is_silent_until_that_one_is_gone(database: Database) -> None:
    teller_of_both = one("a")
    silent = one("b", inhibited_by=teller_of_both.key)
    judged, messages = teller(database, teller_of_both, silent).tell()
    assert [j.reason for j in judged] == [Reason.FIRST, Reason.INHIBITED]
    assert len(messages) == 1
    judged, _ = teller(database, silent, hours=1).tell()
    assert (silent.key, Reason.FIRST) in [(j.finding.key, j.reason) for j in judged]


def test_news_goes_where_the_alert_has_its_place_whatever_the_routes_say_now(
    database: Database,
) -> None:
    teller(database, one(step=50, channel="#old")).tell()
    teller(database, one(step=80, channel="#new"), hours=1).tell()
    with database.reading() as connection:
        assert set(connection.execute(sa.select(outbox.c.channel)).scalars()) == {"#old"}
    assert keys(database) == ["step-50", "step-80", "update:1"]


def test_small_moves_of_the_numbers_leave_the_place_alone(database: Database) -> None:
    teller(database, one(observed=100)).tell()
    teller(database, one(observed=109), hours=1).tell()
    assert keys(database) == ["first"]
    teller(database, one(observed=111), hours=2).tell()
    assert keys(database) == ["first", "update:1"]
    teller(database, one(observed=111, provisional=True), hours=3).tell()
    assert keys(database) == ["first", "update:1", "update:2"]


def test_a_preview_remembers_nothing(database: Database) -> None:
    (judged,) = teller(database, one()).preview()
    assert judged.reason is Reason.FIRST
    assert AlertBook(database).open() == []
    assert keys(database) == []
