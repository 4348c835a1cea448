"""The outbox keeps what was decided until it is known to be told."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from bot.messages.model import Action, Chart, Header, Message, MessageType
from bot.store.database import Database, open_forgetful
from bot.store.entries import State
from bot.store.outbox import Outbox
from bot.store.schema import pictures

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
CHART = Chart("spend.png", "Spend rose", b"\x89PNG")


@pytest.fixture
def outbox(database: Database) -> Outbox:
    return Outbox(database)


def message(key: str, text: str = "search passed its cap", *charts: Chart) -> Message:
    return Message(key, MessageType.ALERT, "#llm-costs", text, (Header(text), *charts))


def add(database: Database, one: Message, now: datetime = NOW, of: str | None = None) -> bool:
    with database.writing() as connection:
        return Outbox(database).add(connection, one, now, of)


def test_a_message_waits_as_it_was_when_it_was_decided(database: Database, outbox: Outbox) -> None:
    assert add(database, message("k", "a < b", CHART), of="caps/a")
    (entry,) = outbox.waiting()
    assert (entry.key, entry.alert_key, entry.type) == ("k", "caps/a", MessageType.ALERT)
    assert (entry.channel, entry.channel_id, entry.text) == ("#llm-costs", "", "a &lt; b")
    assert entry.blocks == [
        {"type": "header", "text": {"type": "plain_text", "text": "a < b", "emoji": False}},
        {"type": "image", "slack_file": {"id": "@chart:spend.png"}, "alt_text": "Spend rose"},
    ]
    assert entry.charts == (CHART,)
    assert (entry.state, entry.attempts, entry.attempted_at) == (State.PENDING, 0, None)
    assert (entry.created_at, entry.error, entry.in_doubt) == (NOW, None, False)


def test_a_key_is_taken_for_ever(database: Database, outbox: Outbox) -> None:
    assert add(database, message("k", "first", CHART))
    assert not add(database, message("k", "second", CHART))
    assert [entry.text for entry in outbox.waiting()] == ["first"]
    outbox.mark_sent("k", NOW, "C1", "1.0")
    assert not add(database, message("k", "third"))
    assert outbox.waiting() == []


def test_a_message_is_undone_with_the_transaction_it_belongs_to(
    database: Database, outbox: Outbox
) -> None:
    def decide_and_fail() -> None:
        with database.writing() as connection:
            outbox.add(connection, message("k", "first", CHART), NOW)
            raise KeyError

    with pytest.raises(KeyError):
        decide_and_fail()
    assert outbox.waiting() == []
    assert add(database, message("k", "again", CHART))


def test_two_charts_of_one_name_are_one(database: Database, outbox: Outbox) -> None:
    add(database, message("k", "x", CHART, replace(CHART, png=b"other")))
    (entry,) = outbox.waiting()
    assert [chart.name for chart in entry.charts] == ["spend.png"]


def test_the_oldest_comes_first(database: Database, outbox: Outbox) -> None:
    for key, hours in (("b", 1), ("c", 0), ("a", 2)):
        add(database, message(key), NOW + timedelta(hours=hours))
    assert [entry.key for entry in outbox.waiting()] == ["c", "b", "a"]


def test_one_of_two_claims_wins(database: Database, outbox: Outbox) -> None:
    add(database, message("k"))
    assert outbox.claim("k", 0, NOW)
    assert not Outbox(database).claim("k", 0, NOW)
    (entry,) = outbox.waiting()
    assert (entry.state, entry.attempts, entry.attempted_at) == (State.SENDING, 1, NOW)
    assert entry.in_doubt
    assert outbox.claim("k", 1, NOW)


def test_what_is_sent_cannot_be_claimed_nor_become_unsent(
    database: Database, outbox: Outbox
) -> None:
    add(database, message("k"))
    outbox.mark_sent("k", NOW, "C1", "1.0")
    assert not outbox.claim("k", 0, NOW)
    outbox.mark_failed("k", 0, "late")
    outbox.mark_unsure("k", "late")
    assert outbox.counts() == {"pending": 0, "sending": 0, "sent": 1}


def test_a_failure_is_noted_and_the_message_waits(database: Database, outbox: Outbox) -> None:
    add(database, message("k"))
    outbox.claim("k", 0, NOW)
    outbox.mark_unsure("k", "no answer")
    (entry,) = outbox.waiting()
    assert (entry.state, entry.attempts, entry.error) == (State.SENDING, 1, "no answer")
    outbox.mark_failed("k", 1, "refused")
    (entry,) = outbox.waiting()
    assert (entry.state, entry.attempts, entry.error) == (State.PENDING, 1, "refused")


def test_who_was_overtaken_cannot_say_that_a_message_is_not_in_slack(
    database: Database, outbox: Outbox
) -> None:
    add(database, message("k"))
    outbox.claim("k", 0, NOW)
    assert outbox.claim("k", 1, NOW)  # by another process, after the lease
    outbox.mark_failed("k", 1, "refused")
    assert outbox.waiting()[0].in_doubt


@pytest.mark.parametrize("presumed", [False, True])
def test_pictures_are_let_go_with_their_message(
    database: Database, outbox: Outbox, presumed: bool
) -> None:
    for key in ("a", "b"):
        add(database, message(key, "x", CHART))
    if presumed:
        outbox.mark_presumed("a", NOW, "nobody can tell")
    else:
        outbox.mark_sent("a", NOW, "C1", "1.0")
    with database.reading() as connection:
        assert connection.execute(sa.select(pictures.c.key)).scalars().all() == ["b"]
    assert outbox.counts() == {"pending": 1, "sending": 0, "sent": 1}


def test_the_place_of_the_latest_message_is_known_to_the_next(
    database: Database, outbox: Outbox
) -> None:
    for n, channel_id in enumerate(("C1", "C2", "")):
        add(database, message(str(n)))
        outbox.mark_sent(str(n), NOW + timedelta(hours=n), channel_id, "1.0")
    add(database, message("next"))
    assert [entry.channel_id for entry in outbox.waiting()] == ["C2"]


def test_a_forgetful_outbox_leaves_what_waits_as_it_was(
    database: Database, database_url: str, outbox: Outbox
) -> None:
    add(database, message("k", "x", CHART))
    before = outbox.waiting()
    forgetful = open_forgetful(database_url)
    dry = Outbox(forgetful)
    dry.claim("k", 0, NOW)
    dry.mark_sent("k", NOW, "", "")
    assert dry.waiting() == []
    forgetful.close()
    assert outbox.waiting() == before


def test_a_message_knows_what_it_is_and_where_it_belongs(
    database: Database, outbox: Outbox
) -> None:
    add(database, message("a#first"))
    with database.writing() as connection:
        outbox.add(
            connection,
            message("a#resolved"),
            NOW,
            action=Action.REPLY,
            parent="a#first",
            broadcast=True,
            also_keys=("b", "c"),
            fallback_from="#gone",
        )
    post, reply = outbox.waiting()
    assert (post.action, post.parent, post.broadcast) == (Action.POST, None, False)
    assert (post.also_keys, post.fallback_from) == ((), None)
    assert (reply.action, reply.parent, reply.broadcast) == (Action.REPLY, "a#first", True)
    assert (reply.also_keys, reply.fallback_from) == (("b", "c"), "#gone")


def test_what_was_decided_before_now_and_is_not_sent_is_late(
    database: Database, outbox: Outbox
) -> None:
    add(database, message("before"), NOW - timedelta(hours=1))
    add(database, message("sent"), NOW - timedelta(hours=1))
    add(database, message("now"))
    outbox.mark_sent("sent", NOW, "C1", "1.1")
    assert outbox.late(NOW) == 1


def test_a_message_that_needed_a_second_attempt_is_counted_for_as_long_as_asked(
    database: Database, outbox: Outbox
) -> None:
    for key, attempts in (("at once", 1), ("again", 2)):
        add(database, message(key))
        for known in range(attempts):
            assert outbox.claim(key, known, NOW)
    assert outbox.retried(NOW - timedelta(days=1)) == 1
    assert outbox.retried(NOW + timedelta(seconds=1)) == 0


def test_a_key_is_found_by_its_beginning_and_its_time(database: Database, outbox: Outbox) -> None:
    add(database, message("digest:monthly:2026-12-01"))
    later = NOW + timedelta(days=2)
    assert outbox.has("digest:monthly:2026-12-", before=later)
    assert not outbox.has("digest:monthly:2026-12-", before=NOW)
    assert not outbox.has("digest_monthly:2026-12-", before=later)
