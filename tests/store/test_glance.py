"""A database at a glance: the same as the rooms that know each table say."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.alerts.model import Severity
from bot.alerts.standing import Standing
from bot.errors import StoreError
from bot.messages.model import Action
from bot.spend.calendar import SettlingTimes, Unit
from bot.spend.ledger import trailing
from bot.store.alerts import AlertBook
from bot.store.database import Database, open_lasting
from bot.store.dayrecord import COSTS
from bot.store.glance import Glance, empty_glance, glance
from bot.store.history import History
from bot.store.instants import to_text
from bot.store.light import LightFile, plain_file
from bot.store.outbox import Outbox
from bot.store.pulses import Pulses
from bot.store.schema import days, meta, outbox
from bot.store.together import Together
from tests.build import NOW, TODAY, finding, on, project
from tests.examples import examples
from tests.store.test_pulses_alerts import alert_of, save

SPAN = trailing(TODAY, 20)
TIMES = SettlingTimes()
HOURS = st.integers(-500, 50).map(lambda hours: NOW + timedelta(hours=hours))
ALERTS = st.builds(
    lambda n, since, told, snoozed, acked, standing, severity, step: replace(
        alert_of(finding(project(f"proj_{n}"), day=TODAY - timedelta(days=n % 12))),
        first_at=since,
        told_at=told,
        snoozed_until=snoozed,
        acked_at=acked,
        acked_by="ann" if acked else None,
        standing=standing,
        severity=severity,
        step=step,
    ),
    st.integers(0, 30),
    HOURS,
    st.none() | HOURS,
    st.none() | HOURS,
    st.none() | HOURS,
    st.sampled_from(Standing),
    st.sampled_from(Severity),
    st.none() | st.floats(0, 500),
)
MESSAGES = st.fixed_dictionaries(
    {
        "state": st.sampled_from(["pending", "sending", "sent"]),
        "created_at": HOURS.map(to_text),
        "attempts": st.integers(0, 9),
        "error": st.none() | st.text("a\n§", max_size=4),
        "action": st.sampled_from(Action).map(lambda action: action.value),
        "channel": st.sampled_from(["#a", "#b"]),
    }
)
DAYS = st.fixed_dictionaries(
    {
        "fetched_at": st.none() | HOURS.map(to_text),
        "whole": st.booleans(),
        "failed_at": st.none() | HOURS.map(to_text),
    }
)


def fill(database: Database, alerts: Any, messages: Any, known: Any) -> None:
    save(database, *alerts)
    rest = {"type": "alert", "payload": '{"text": "", "blocks": []}'}
    with database.writing() as connection:
        for n, message in enumerate(messages):
            connection.execute(outbox.insert().values(key=f"m{n}", **rest, **message))
        for n, day in known.items():
            at = (TODAY - timedelta(days=n)).toordinal()
            connection.execute(days.insert().values(dataset=COSTS, day=at, **day))
            connection.execute(days.insert().values(dataset="usage/other", day=at, whole=True))


def told(seen: Glance) -> Any:
    return (
        [
            (a.key, a.rule, a.severity, a.state(NOW), a.step, a.headline, a.first_at, a.acked_by)
            for a in seen.alerts
        ],
        [(m.key, m.channel, m.action, m.created_at, m.attempts, m.error) for m in seen.waiting],
        seen.outbox,
        seen.states(SPAN, TIMES, NOW),
    )


def told_elsewhere(database: Database) -> Any:
    """The same by `AlertBook`, `Outbox` and `History`."""
    alerts = [a for a in AlertBook(database).open() if a.told_at and a.period.end >= on("11-13")]
    box = Outbox(database)
    return (
        [
            (a.key, a.rule, a.severity, a.state(NOW), a.step, a.headline, a.first_at, a.acked_by)
            for a in alerts
        ],
        [
            (m.key, m.channel, m.action.value, m.created_at, m.attempts, m.error)
            for m in box.waiting()
        ],
        box.counts(),
        History(database).states(COSTS, SPAN, TIMES, NOW),
    )


@examples(12)
@given(
    alerts=st.lists(ALERTS, max_size=6, unique_by=lambda alert: alert.key),
    messages=st.lists(MESSAGES, max_size=6),
    known=st.dictionaries(st.integers(-1, 25), DAYS, max_size=12),
)
def test_a_glance_tells_what_the_rooms_of_each_table_tell(
    tmp_path_factory: pytest.TempPathFactory, alerts: Any, messages: Any, known: Any
) -> None:
    file = tmp_path_factory.mktemp("glance") / "bot.db"
    database = open_lasting(f"sqlite:///{file}")
    fill(database, alerts, messages, known)
    expected = told_elsewhere(database)
    database.close()
    light = plain_file(f"sqlite:///{file}", wait=0.0)
    assert light is not None
    for asked in (light, Together(database)):
        assert told(glance(asked, SPAN, NOW)) == expected


def test_it_is_the_same_of_each_kind_of_database(database: Database) -> None:
    one = {"state": "pending", "created_at": to_text(NOW), "channel": "#a", "attempts": 1}
    fill(database, [alert_of(finding())], [one], {1: {"fetched_at": to_text(NOW), "whole": False}})
    Pulses(database).beat("checked", NOW, "2026-11-20")
    seen = glance(Together(database), SPAN, NOW)
    assert told(seen) == told_elsewhere(database)
    assert seen.pulses == {"checked": (NOW, "2026-11-20")}


@pytest.mark.parametrize(
    ("when", "shown"),
    [
        ({"day": on("11-20")}, True),
        ({"day": on("11-12")}, True),  # ended on the 13th, a week ago
        ({"day": on("11-11")}, False),
        ({"day": on("11-01"), "unit": Unit.MONTH}, True),
        ({"day": on("10-01"), "unit": Unit.MONTH}, False),
    ],
)
def test_alerts_of_the_last_week_are_shown(
    database: Database, when: dict[str, Any], shown: bool
) -> None:
    save(database, alert_of(finding(**when)))
    assert (glance(Together(database), SPAN, NOW).alerts != ()) is shown


def test_a_database_that_was_never_written_to_is_an_empty_one(database: Database) -> None:
    assert glance(Together(database), SPAN, NOW) == empty_glance()


def test_tables_of_another_version_are_not_read(database: Database) -> None:
    with database.writing() as connection:
        connection.execute(meta.update().values(value="4"))
    with pytest.raises(StoreError, match="of another version"):
        glance(Together(database), SPAN, NOW)


@pytest.mark.parametrize(
    ("url", "is_plain"),
    [
        ("sqlite:////var/bot.db", True),
        ("sqlite:////var/bot.db?timeout=3", False),
        ("sqlite+pysqlite:////var/bot.db", False),
        ("sqlite:///:memory:", False),
        ("sqlite://", False),
        ("postgresql://db/bot", False),
    ],
)
def test_only_a_plain_file_is_asked_itself(url: str, is_plain: bool) -> None:
    assert (plain_file(url, wait=0.0) is not None) is is_plain


def test_what_cannot_be_opened_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="unable to open"):
        glance(LightFile(tmp_path / "none.db"), SPAN, NOW)
