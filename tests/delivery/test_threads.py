"""Replies go to the thread of their parent, updates rewrite it, each once it is there."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.delivery.base import Outgoing, Receipt
from bot.delivery.errand import Terms
from bot.delivery.webhook import WebhookNotifier
from bot.errors import DeliveryError
from bot.store.schema import outbox as rows
from tests.delivery.stage import (
    COSTS,
    NOW,
    TIMEOUT,
    Stage,
    alert,
    chart,
    digest,
    reply,
    update,
)
from tests.delivery.test_dispatch import Crash, Dying
from tests.fakes import Channel, Fault

POST, UPDATE = "/api/chat.postMessage", "/api/chat.update"
LATER = NOW + timedelta(hours=1)
FIRST, STEP, WORSE = "caps/a#first", "caps/a#step-80", "caps/a#worse"


def note_of(stage: Stage, key: str) -> str | None:
    """What the outbox notes beside a message."""
    with stage.database.reading() as connection:
        found = connection.execute(rows.select().where(rows.c.key == key)).one()
    return None if found.error is None else str(found.error)


# --- replies


def test_a_reply_goes_to_the_thread_of_its_parent(stage: Stage) -> None:
    stage.decide(alert(FIRST), reply(STEP, FIRST))
    assert stage.deliver().sent == (FIRST, STEP)
    first, step = stage.slack.messages
    assert (step.thread_ts, step.broadcast, step.channel) == (first.ts, False, COSTS)
    assert step.metadata == {"event_type": "budget_bot_message", "event_payload": {"key": STEP}}


def test_a_reply_to_a_reply_goes_to_the_same_thread(stage: Stage) -> None:
    stage.decide(alert("storm"), reply(FIRST, "storm"), reply(STEP, FIRST))
    stage.deliver()
    storm, *replies = stage.slack.messages
    assert [one.thread_ts for one in replies] == [storm.ts, storm.ts]


def test_a_reply_decided_later_finds_the_thread_of_an_earlier_run(stage: Stage) -> None:
    stage.decide(alert(FIRST))
    stage.deliver()
    stage.decide(reply(STEP, FIRST, broadcast=True), now=LATER)
    assert stage.deliver(now=LATER).sent == (STEP,)
    assert stage.said(STEP).thread_ts == stage.said(FIRST).ts
    assert stage.said(STEP).broadcast


def test_an_overview_carries_the_keys_of_all_it_tells(stage: Stage) -> None:
    stage.decide(alert("storm", "#llm-costs"))
    with stage.database.writing() as connection:
        stage.outbox.add(connection, alert("storm-2"), NOW, also_keys=[FIRST, "caps/b#first"])
    stage.deliver()
    assert stage.said("storm").keys is None
    assert stage.said("storm-2").keys == [FIRST, "caps/b#first"]


def test_too_many_keys_for_slack_are_left_out_and_the_overview_goes(stage: Stage) -> None:
    stage.slack.metadata_limit = 200
    with stage.database.writing() as connection:
        stage.outbox.add(connection, alert("storm"), NOW, also_keys=[f"key-{n}" for n in range(50)])
    delivered = stage.deliver()
    assert delivered.sent == ("storm",)
    note = "told without the keys of the other alerts in it: too many for Slack"
    assert delivered.notes == (("storm", note),)
    assert stage.said("storm").keys is None


def test_a_parent_is_sent_before_its_reply_even_if_the_reply_was_decided_first(
    stage: Stage,
) -> None:
    stage.decide(reply(STEP, "storm"), alert("storm"))
    assert stage.deliver().sent == ("storm", STEP)


def test_while_the_parent_cannot_be_sent_a_reply_waits_and_that_is_no_failure(
    stage: Stage,
) -> None:
    stage.slack.channels[0].is_archived = True
    stage.decide(alert(FIRST), reply(STEP, FIRST), update("caps/a#update:1", FIRST))
    delivered = stage.deliver()
    assert [key for key, _ in delivered.failed] == [FIRST]
    waiting = {entry.key: (entry.attempts, entry.error) for entry in stage.outbox.waiting()}
    assert waiting[STEP] == waiting["caps/a#update:1"] == (0, None)
    stage.slack.channels[0].is_archived = False
    assert stage.deliver(now=LATER).sent == (FIRST, STEP, "caps/a#update:1")


def test_a_reply_to_a_message_nobody_can_find_is_a_message_of_its_own(stage: Stage) -> None:
    """A digest whose answer was lost, and that may not be looked up."""
    stage.slack.scopes -= {"channels:history", "groups:history"}
    stage.slack.faults.add(Fault("drop_after", POST))
    stage.decide(digest("d"), reply("r", "d"), update("u", "d"))
    delivered = stage.deliver()
    assert delivered.sent == ("r",)
    assert stage.said("r").thread_ts is None
    why = "an update was dropped: it is not known where in Slack its message is"
    assert delivered.notes == (("u", why),)
    assert stage.states() == {"sent": 3}


def test_a_reply_whose_thread_was_deleted_is_a_message_of_its_own(stage: Stage) -> None:
    stage.decide(alert(FIRST))
    stage.deliver()
    stage.slack.delete(stage.said(FIRST))
    stage.decide(reply(STEP, FIRST), update("caps/a#update:1", FIRST), reply(WORSE, STEP))
    delivered = stage.deliver(now=LATER)
    assert delivered.sent == (STEP, WORSE)
    assert stage.said(STEP).thread_ts is None
    assert stage.said(WORSE).thread_ts == stage.said(STEP).ts
    why = "an update was dropped: the message it belongs to is gone (message_not_found)"
    assert delivered.notes == (("caps/a#update:1", why),)
    assert stage.states() == {"sent": 4}


def test_a_locked_thread_is_left_for_the_channel(stage: Stage) -> None:
    body = '{"ok": false, "error": "restricted_action_thread_locked"}'
    stage.decide(alert(FIRST))
    stage.deliver()
    stage.slack.faults.add(Fault("status", POST, status=200, body=body))
    stage.decide(reply(STEP, FIRST))
    assert stage.deliver().sent == (STEP,)
    assert stage.said(STEP).thread_ts is None


def test_a_reply_that_may_not_be_shown_in_the_channel_stays_in_its_thread(stage: Stage) -> None:
    body = '{"ok": false, "error": "cant_broadcast_message"}'
    stage.decide(alert(FIRST), reply(STEP, FIRST, broadcast=True))
    stage.slack.faults.add(Fault("status", POST, after=1, status=200, body=body))
    assert stage.deliver().sent == (FIRST, STEP)
    assert stage.said(STEP).thread_ts == stage.said(FIRST).ts
    assert not stage.said(STEP).broadcast


@pytest.mark.parametrize("posts", [True, False])
def test_a_crash_around_a_reply_or_an_update_is_mended(stage: Stage, posts: bool) -> None:
    stage.decide(alert(FIRST))
    stage.deliver()
    stage.decide(reply(STEP, FIRST), update("caps/a#update:1", FIRST))
    for n in range(2):  # in the reply, then in the update
        with pytest.raises(Crash):
            stage.deliver(Dying(stage, posts=posts), now=NOW + timedelta(minutes=5 * n))
        if n == 0:
            stage.deliver(OnlyPosts(stage), now=NOW + timedelta(minutes=3))
    assert stage.deliver(now=LATER).sent == ("caps/a#update:1",)
    assert stage.shown() == [FIRST, STEP]
    assert (stage.said(FIRST).text, stage.states()) == ("now at $45.00", {"sent": 3})


class OnlyPosts(Dying):
    """A bot that cannot update today."""

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage, posts=True)

    def post(self, outgoing: Outgoing) -> Receipt:
        return self._bot.post(outgoing)

    def update(self, _outgoing: Outgoing, _ts: str) -> Receipt:
        raise DeliveryError("not today", permanent=True)


@pytest.mark.parametrize("broadcast", [False, True])
def test_a_reply_whose_answer_was_lost_is_found_in_its_thread(
    stage: Stage, broadcast: bool
) -> None:
    stage.decide(alert(FIRST), reply(STEP, FIRST, broadcast=broadcast))
    stage.slack.faults.add(Fault("drop_after", POST, after=1))
    assert stage.deliver().sent == (FIRST, STEP)
    assert stage.shown() == [FIRST, STEP]
    assert len(stage.slack.calls("conversations.replies")) == 1
    assert stage.slack.calls("conversations.history") == []
    stage.decide(reply(WORSE, STEP))
    stage.deliver()
    assert stage.said(WORSE).thread_ts == stage.said(FIRST).ts


def test_a_reply_posted_by_itself_whose_answer_was_lost_is_found_in_the_channel(
    stage: Stage,
) -> None:
    stage.decide(alert(FIRST))
    stage.deliver()
    stage.slack.delete(stage.said(FIRST))
    stage.decide(reply(STEP, FIRST))
    stage.slack.faults.add(Fault("drop_after", POST, after=1))
    assert stage.deliver().sent == (STEP,)
    assert stage.shown() == [STEP]


def test_a_reply_that_may_not_be_looked_up_is_repeated_in_the_thread_and_says_so(
    stage: Stage,
) -> None:
    stage.slack.scopes -= {"channels:history", "groups:history"}
    stage.decide(alert(FIRST), reply(STEP, FIRST))
    stage.slack.faults.add(Fault("drop_after", POST, after=1))
    assert stage.deliver().sent == (FIRST, STEP)
    first, *twice = stage.slack.messages
    assert [one.thread_ts for one in twice] == [first.ts, first.ts]
    assert twice[1].text == "search passed 80% of its daily cap (possibly repeated)"


def test_news_of_an_alert_keeps_its_order_when_the_first_of_it_does_not_get_through(
    stage: Stage,
) -> None:
    stage.decide(alert(FIRST), alert("caps/b#first"))
    stage.deliver()
    stage.slack.faults.add(Fault("status", POST, status=503))
    stage.slack.faults.add(Fault("status", "/api/conversations.replies", times=3, status=503))
    stage.decide(reply(STEP, FIRST), reply(WORSE, FIRST), reply("caps/b#step", "caps/b#first"))
    delivered = stage.deliver()
    assert ([key for key, _ in delivered.failed], delivered.sent) == ([STEP], ("caps/b#step",))
    stage.slack.faults.clear()
    assert stage.deliver(now=LATER).sent == (STEP, WORSE)


def test_news_of_an_alert_keeps_its_order_while_the_first_of_it_is_in_another_process(
    stage: Stage,
) -> None:
    stage.decide(alert(FIRST), alert("caps/b#first"))
    stage.deliver()
    stage.decide(reply(STEP, FIRST), reply(WORSE, FIRST), reply("caps/b#step", "caps/b#first"))
    stage.outbox.claim(STEP, 0, NOW)
    assert stage.deliver().sent == ("caps/b#step", STEP, WORSE)


# --- updates


def test_an_update_rewrites_the_message_of_its_parent_and_keeps_what_it_carries(
    stage: Stage,
) -> None:
    stage.decide(alert(FIRST), update("caps/a#update:1", FIRST))
    assert stage.deliver().sent == (FIRST, "caps/a#update:1")
    (message,) = stage.slack.messages
    assert (message.text, message.key, message.edited) == ("now at $45.00", FIRST, 1)
    assert not message.edit_shown
    (call,) = stage.slack.calls("chat.update")
    assert (call.args["parse"], call.args["link_names"]) == ("none", False)
    assert "metadata" not in call.args
    assert "response_metadata" not in call.answer


def test_an_update_of_a_reply_rewrites_the_reply(stage: Stage) -> None:
    stage.decide(alert("storm"), reply(FIRST, "storm"), update("caps/a#update:1", FIRST))
    stage.deliver()
    assert [one.text for one in stage.slack.messages][1] == "now at $45.00"
    assert stage.said(FIRST).thread_ts == stage.said("storm").ts


def test_an_update_keeps_the_pictures_without_uploading_them_again(stage: Stage) -> None:
    stage.decide(alert(FIRST, "#llm-costs", chart()))
    stage.deliver()
    stage.decide(update("caps/a#update:1", FIRST, "now at $45.00", chart()))
    stage.deliver()
    (message,) = stage.slack.messages
    assert message.edited == 1
    (picture,) = (block for block in message.blocks if block["type"] == "image")
    assert picture["slack_file"] == {"id": "F0000000001"}
    assert len(stage.slack.files) == 1


def test_of_several_updates_that_wait_only_the_newest_is_sent(stage: Stage) -> None:
    stage.decide(alert(FIRST), *(update(f"u#update:{n}", FIRST, f"now ${n}") for n in (8, 9, 10)))
    assert stage.deliver().sent == (FIRST, "u#update:10")
    assert stage.said(FIRST).text == "now $10"
    assert len(stage.slack.calls("chat.update")) == 1
    assert stage.states() == {"sent": 4}
    assert note_of(stage, "u#update:9") == (
        "dropped: a newer update of the same message took its place"
    )


def test_an_update_left_behind_does_not_put_old_words_over_newer_ones(stage: Stage) -> None:
    stage.decide(alert(FIRST), update("u#update:1", FIRST, "old"))
    ((_, left),) = [stage.outbox.waiting()]
    stage.outbox.claim(left.key, 0, NOW)  # another process, which died
    stage.decide(update("u#update:2", FIRST, "new"), now=LATER)
    with stage.database.writing() as connection:  # and whose message came back
        connection.execute(rows.update().where(rows.c.key == left.key).values(state="sent"))
    stage.deliver(now=LATER)
    with stage.database.writing() as connection:
        connection.execute(rows.update().where(rows.c.key == left.key).values(state="pending"))
    stage.deliver(now=LATER)
    assert stage.said(FIRST).text == "new"
    assert stage.states() == {"sent": 3}


def test_words_another_process_may_be_sending_are_waited_for(stage: Stage) -> None:
    stage.decide(alert(FIRST), update("u#update:1", FIRST, "old"))
    _, left = stage.outbox.waiting()
    stage.outbox.claim(left.key, 0, NOW)
    stage.decide(update("u#update:2", FIRST, "new"), now=NOW + timedelta(seconds=1))
    assert stage.deliver(now=NOW + timedelta(seconds=15)).sent == (FIRST, "u#update:2")
    assert sum(stage.slept) == 45
    assert stage.said(FIRST).text == "new"


def test_an_update_waits_a_week_for_a_channel_that_refuses_it_and_is_then_dropped(
    stage: Stage,
) -> None:
    stage.decide(alert(FIRST))
    stage.deliver()
    stage.slack.channels[0].is_archived = True
    stage.decide(update("u#update:1", FIRST))
    ((_, error),) = stage.deliver(now=NOW + timedelta(days=7)).failed
    assert error.message == "#llm-costs is archived or frozen (is_inactive)"
    assert stage.states() == {"sent": 1, "pending": 1}
    assert stage.deliver(now=NOW + timedelta(days=8)).failed == ()
    assert stage.states() == {"sent": 2}


def test_with_a_webhook_replies_are_messages_and_updates_are_dropped(stage: Stage) -> None:
    stage.decide(alert(FIRST), reply(STEP, FIRST), update("u#update:1", FIRST))
    hook = WebhookNotifier(stage.slack.webhook_url, timeout=TIMEOUT)
    delivered = stage.deliver(hook)
    assert delivered.sent == (FIRST, STEP)
    assert [one.thread_ts for one in stage.slack.messages] == [None, None]
    assert stage.states() == {"sent": 3}


def test_after_a_change_to_a_webhook_nothing_is_stuck(stage: Stage) -> None:
    stage.decide(alert(FIRST))
    stage.deliver()
    stage.decide(reply(STEP, FIRST), update("u#update:1", FIRST))
    hook = WebhookNotifier(stage.slack.webhook_url, timeout=TIMEOUT)
    delivered = stage.deliver(hook)
    assert (delivered.sent, delivered.failed) == ((STEP,), ())
    assert stage.states() == {"sent": 3}


def test_updates_and_replies_of_a_message_in_another_channel_follow_it(stage: Stage) -> None:
    """Its first message fell back to the default channel: that is its place now."""
    stage.slack.channels.append(Channel("C0GONE0001", "gone", is_archived=True))
    stage.terms = Terms("#llm-costs")
    stage.decide(alert(FIRST, "#gone"))
    stage.deliver()
    stage.decide(reply(STEP, FIRST), update("u#update:1", FIRST))
    assert stage.deliver().sent == (STEP, "u#update:1")
    assert stage.said(STEP).thread_ts == stage.said(FIRST).ts
    assert stage.said(FIRST).channel == COSTS
    assert stage.said(FIRST).edited == 1


@pytest.mark.parametrize("dies", [False, True])
def test_a_reply_left_without_its_thread_is_looked_for_where_it_was_posted(
    stage: Stage, dies: bool
) -> None:
    """Its alert fell back to the default channel; then the thread was deleted, its answer lost."""
    gone = Channel("C0GONE0001", "gone", is_archived=True)
    stage.slack.channels.append(gone)
    stage.terms = Terms("#llm-costs")
    stage.decide(alert(FIRST, "#gone"))
    stage.deliver()
    stage.slack.delete(stage.said(FIRST))
    gone.is_archived = False
    stage.decide(reply(STEP, FIRST, channel="#gone"))
    lookups = Fault("drop_before", "/api/conversations.*", times=None)
    stage.slack.faults.add(Fault("drop_after", POST, after=1), *([lookups] if dies else []))
    stage.deliver()
    stage.slack.faults.clear()
    stage.deliver(now=LATER)
    assert stage.shown() == [STEP]
    assert stage.said(STEP).channel == COSTS
