"""An older database is brought along a step at a time, or left as it was."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.alerts.decide import Circumstances, verdict
from bot.alerts.model import Reason
from bot.messages.model import Action
from bot.spend.currency import USD, currency
from bot.spend.doubt import Trusting
from bot.spend.rows import CostDay, CostRow
from bot.store.alerts import AlertBook
from bot.store.billing import Foreign
from bot.store.database import Database, open_lasting
from bot.store.history import History
from bot.store.migrations import STEPS, migrate
from bot.store.outbox import Outbox
from bot.store.schema import meta, outbox
from bot.store.slack_names import SlackNames
from bot.store.version import VERSION
from tests.build import NOW, TODAY, at, finding


def _schema(connection: Connection) -> str | None:
    return connection.execute(sa.select(meta.c.value).where(meta.c.name == "schema")).scalar()


def _add(column: str) -> sa.TextClause:
    return sa.text(f"ALTER TABLE names ADD COLUMN {column} TEXT")


def test_steps_run_in_order_and_the_version_follows(tmp_path: Path) -> None:
    database = open_lasting(f"sqlite:///{tmp_path / 'bot.db'}")

    def first(connection: Connection) -> None:
        connection.execute(_add("one"))

    def second(connection: Connection) -> None:
        connection.execute(sa.text("ALTER TABLE names RENAME COLUMN one TO two"))

    with database.writing() as connection:
        migrate(connection, 1, 3, {1: first, 2: second})
    with database.reading() as connection:
        assert _schema(connection) == "3"
        assert "two" in {c["name"] for c in sa.inspect(connection).get_columns("names")}


def test_a_step_that_fails_leaves_the_database_as_it_was(tmp_path: Path) -> None:
    database = open_lasting(f"sqlite:///{tmp_path / 'bot.db'}")

    def broken(connection: Connection) -> None:
        connection.execute(_add("half"))
        raise RuntimeError("half way")

    with pytest.raises(RuntimeError), database.writing() as connection:
        migrate(connection, 1, 2, {1: broken})
    with database.reading() as connection:
        assert _schema(connection) == str(VERSION)
        assert "half" not in {c["name"] for c in sa.inspect(connection).get_columns("names")}


def test_there_is_a_step_from_every_older_schema() -> None:
    assert set(STEPS) == set(range(1, VERSION))


SCHEMA_1 = """
CREATE TABLE meta (name VARCHAR(40) NOT NULL PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE days (dataset VARCHAR(48) NOT NULL, day INTEGER NOT NULL, fetched_at VARCHAR(27),
    whole BOOLEAN DEFAULT 1 NOT NULL, failed_at VARCHAR(27), error TEXT,
    row_count INTEGER DEFAULT '0' NOT NULL, PRIMARY KEY (dataset, day));
CREATE TABLE alerts (key TEXT NOT NULL PRIMARY KEY, state VARCHAR(16) NOT NULL, rule TEXT NOT NULL,
    severity VARCHAR(16) NOT NULL, period_end VARCHAR(10) NOT NULL, step FLOAT,
    observed FLOAT NOT NULL, first_at VARCHAR(27) NOT NULL, updated_at VARCHAR(27) NOT NULL,
    headline TEXT NOT NULL);
CREATE TABLE outbox (key TEXT NOT NULL PRIMARY KEY, alert_key TEXT, type VARCHAR(16) NOT NULL,
    channel TEXT NOT NULL, payload TEXT NOT NULL, state VARCHAR(16) NOT NULL,
    created_at VARCHAR(27) NOT NULL, attempts INTEGER DEFAULT '0' NOT NULL,
    attempted_at VARCHAR(27), error TEXT, sent_at VARCHAR(27), channel_id VARCHAR(40),
    ts VARCHAR(40));
CREATE TABLE pictures (key TEXT NOT NULL, name TEXT NOT NULL, alt TEXT NOT NULL,
    png BLOB NOT NULL, PRIMARY KEY (key, name));
INSERT INTO meta VALUES ('schema', '1');
INSERT INTO alerts VALUES ('cap/organization/day:2026-11-19', 'firing', 'cap', 'warning',
    '2026-11-20', 80, 160.5, '2026-11-19T10:00:00.000000Z', '2026-11-19T12:00:00.000000Z', 'Over');
INSERT INTO outbox VALUES ('cap/organization/day:2026-11-19#step-80',
    'cap/organization/day:2026-11-19', 'alert', '#costs', '{"text": "b", "blocks": []}', 'pending',
    '2026-11-19T12:00:00.000000Z', 0, NULL, NULL, NULL, NULL, NULL);
INSERT INTO outbox VALUES ('cap/organization/day:2026-11-19#step-50',
    'cap/organization/day:2026-11-19', 'alert', '#costs', '{"text": "a", "blocks": []}', 'sent',
    '2026-11-19T10:00:00.000000Z', 1, NULL, NULL, '2026-11-19T10:00:01.000000Z', 'C1', '1.5');
"""


def test_a_database_of_schema_1_keeps_its_alerts_and_messages(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "bot.db") as old:
        old.executescript(SCHEMA_1)
    database = open_lasting(f"sqlite:///{tmp_path / 'bot.db'}")
    with database.reading() as connection:
        assert _schema(connection) == str(VERSION)
        columns = sa.inspect(connection).get_columns("outbox")
        assert {column["name"] for column in columns} == set(outbox.c.keys())
    alert = AlertBook(database).one("cap/organization/day:2026-11-19")
    assert alert is not None
    assert (alert.step, alert.top_step, alert.observed, alert.is_open) == (80, 80, 160.5, True)
    assert (alert.first_at, alert.told_at) == (at("2026-11-19 10:00"), at("2026-11-19 12:00"))
    assert (alert.place, alert.channel) == (f"{alert.key}#step-50", "#costs")
    assert (alert.finding, alert.limit, alert.acked_at) == (None, None, None)
    (waiting,) = Outbox(database).waiting()
    assert (waiting.key, waiting.text) == (f"{alert.key}#step-80", "b")
    assert (waiting.action, waiting.parent, waiting.also_keys) == (Action.POST, None, ())
    again = verdict(finding(rule="cap", step=80), alert, Circumstances(NOW, TODAY))
    assert again.reason is Reason.TOLD


def test_a_database_of_schema_3_learns_where_replies_are(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'bot.db'}"
    open_lasting(url).close()
    with sqlite3.connect(tmp_path / "bot.db") as old:
        for column in ("fallback_why", "thread_ts", "images"):
            old.execute(f"ALTER TABLE outbox DROP COLUMN {column}")
        old.execute("DROP TABLE slack_names")
        old.execute("UPDATE meta SET value = '3' WHERE name = 'schema'")
    database = open_lasting(url)
    with database.reading() as connection:
        assert _schema(connection) == str(VERSION)
        columns = sa.inspect(connection).get_columns("outbox")
        assert {column["name"] for column in columns} == set(outbox.c.keys())
    SlackNames(database, NOW).remember("@ada", "U0ADA00001")
    assert SlackNames(database, NOW).fresh("@ada") == "U0ADA00001"


def _as_schema_5(connection: Connection) -> None:
    connection.execute(sa.text("ALTER TABLE days DROP COLUMN currency"))
    connection.execute(meta.delete().where(meta.c.name == "currency"))
    connection.execute(meta.update().where(meta.c.name == "schema").values(value="5"))


def test_a_database_of_schema_5_with_money_is_in_us_dollars(database: Database) -> None:
    history = History(database)
    history.take(CostDay(TODAY, [CostRow(TODAY, "a", None, None, 7)], True, "USD"), NOW, Trusting())
    with database.writing() as connection:
        _as_schema_5(connection)
        migrate(connection, 5, VERSION)
        assert _schema(connection) == str(VERSION)
    assert history.currency() == USD
    euros = CostDay(TODAY, [CostRow(TODAY, "a", None, None, 9)], True, "EUR")
    assert history.take(euros, NOW, Trusting()) == Foreign(TODAY, "EUR", "USD")
    assert history.take(euros._replace(currency="USD"), NOW, Trusting()) is None


def test_a_database_of_schema_5_without_money_decides_with_its_first_reading(
    database: Database,
) -> None:
    history = History(database)
    history.take(CostDay(TODAY, (), True), NOW, Trusting())
    with database.writing() as connection:
        _as_schema_5(connection)
        migrate(connection, 5, VERSION)
    euros = CostDay(TODAY, [CostRow(TODAY, "a", None, None, 9)], True, "EUR")
    assert history.take(euros, NOW, Trusting()) is None
    assert history.decide_currency(NOW) == []
    assert history.currency() == currency("EUR")
