"""A channel that has to wait holds up no other; a run ends; what is late says so."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bot.delivery.errand import Terms
from bot.delivery.pace import BURST, RUN_SECONDS
from bot.messages.blockkit import NOTIFICATION
from tests.delivery.stage import NOW, Stage, alert, digest, reply, update
from tests.fakes import Channel, Fault

POST = "/api/chat.postMessage"
FIRST = "caps/a#first"


def test_a_burst_goes_at_once_and_then_a_message_a_second(stage: Stage) -> None:
    stage.decide(*(alert(f"a{n:02}") for n in range(BURST + 3)))
    assert len(stage.deliver().sent) == BURST + 3
    assert stage.slept == pytest.approx([1, 1, 1])


def test_channels_do_not_share_their_pace(stage: Stage) -> None:
    stage.slack.channels.append(Channel("C0OTHER001", "other"))
    both = [alert(f"a{n:02}-{c}", c) for n in range(BURST) for c in ("#llm-costs", "#other")]
    stage.decide(*both)
    assert len(stage.deliver().sent) == 2 * BURST
    assert stage.slept == []


def test_a_channel_slack_holds_back_holds_up_no_other(stage: Stage) -> None:
    stage.slack.channels.append(Channel("C0OTHER001", "other"))
    stage.slack.faults.add(Fault("status", POST, status=429, headers={"Retry-After": "30"}))
    stage.decide(alert("a"), alert("b", "#other"), alert("c"), alert("d", "#other"))
    assert stage.deliver().sent == ("b", "d", "a", "c")
    assert stage.slept == [30]


def test_an_alert_in_another_process_holds_up_no_other(stage: Stage) -> None:
    stage.decide(alert("a"), alert("b"))
    stage.outbox.claim("a", 0, NOW)
    assert stage.deliver().sent == ("b", "a")


def test_updates_are_paced_together_and_hold_up_no_messages(stage: Stage) -> None:
    stage.decide(alert(FIRST), alert("caps/b#first"))
    stage.deliver()
    slow = Fault("status", "/api/chat.update", status=429, headers={"Retry-After": "9"})
    stage.slack.faults.add(slow)
    stage.decide(
        update("u#update:1", FIRST),
        update("v#update:1", "caps/b#first"),
        reply("caps/a#step", FIRST),
    )
    assert stage.deliver().sent == ("caps/a#step", "u#update:1", "v#update:1")
    assert stage.slept == [9]


def test_a_look_up_slack_holds_back_is_waited_for(stage: Stage) -> None:
    limit = Fault("status", "/api/conversations.history", status=429, headers={"Retry-After": "40"})
    stage.slack.faults.add(Fault("drop_after", POST), limit)
    stage.decide(alert("a"))
    assert stage.deliver().sent == ("a",)
    assert (stage.slept, stage.shown()) == ([2, 40], ["a"])


def test_a_run_ends_after_five_minutes_and_the_next_goes_on(stage: Stage) -> None:
    stage.slack.faults.add(Fault("status", POST, status=429, headers={"Retry-After": "290"}))
    stage.decide(*(alert(f"a{n:02}") for n in range(40)))
    delivered = stage.deliver()
    assert len(delivered.sent) == BURST + RUN_SECONDS - 290 - 1
    assert sum(stage.slept) < RUN_SECONDS
    _, error = delivered.failed[0]
    assert error.message == "not sent yet: a run delivers for 5 minutes at most"
    assert len(delivered.sent) + len(delivered.failed) == 40
    assert {entry.error for entry in stage.outbox.waiting()} == {None}
    assert len(stage.deliver(now=NOW + timedelta(minutes=10)).failed) == 0
    assert len(set(stage.shown())) == len(stage.shown()) == 40


def test_slack_that_hangs_takes_no_more_than_a_run(stage: Stage) -> None:
    """Every post takes its whole time, and so does every look-up."""
    stage.decide(*(alert(f"a{n:02}") for n in range(60)))
    stage.slack.faults.add(Fault("status", "*", times=None, status=503))
    stage.deliver()
    assert sum(stage.slept) < RUN_SECONDS + 60


# --- late


def old(stage: Stage, now: datetime) -> str:
    stage.deliver(now=now)
    return stage.slack.messages[-1].text


@pytest.mark.parametrize(
    ("hours", "words"),
    [
        (1, ""),
        (1.1, " (decided 1 h ago, could not be told before)"),
        (3, " (decided 3 h ago, could not be told before)"),
        (47, " (decided 47 h ago, could not be told before)"),
        (72, " (decided 3 days ago, could not be told before)"),
    ],
)
def test_a_late_message_says_how_late_it_is(stage: Stage, hours: float, words: str) -> None:
    stage.decide(alert("a"))
    assert old(stage, NOW + timedelta(hours=hours)) == f"search passed its daily cap{words}"


def test_a_late_message_shows_when_it_was_decided_in_the_readers_own_time(stage: Stage) -> None:
    stage.decide(digest("d"))
    stage.deliver(now=NOW + timedelta(hours=3))
    (element,) = stage.slack.messages[0].blocks[-1]["elements"]
    assert element["text"] == (
        f"Decided <!date^{int(NOW.timestamp())}^{{date_short_pretty}} at {{time}}|"
        "20 Nov 2026 09:00 UTC>, 3 h ago; it could not be told before"
    )


def test_a_late_reply_says_so_and_an_update_does_not(stage: Stage) -> None:
    stage.decide(alert(FIRST))
    stage.deliver()
    stage.decide(reply("caps/a#step", FIRST), update("caps/a#update:1", FIRST))
    stage.deliver(now=NOW + timedelta(hours=5))
    assert "could not be told before" in stage.said("caps/a#step").text
    assert stage.said(FIRST).text == "now at $45.00"


def test_what_this_run_decided_is_not_late_whatever_its_instant(stage: Stage) -> None:
    """A run with `--as-of`, or of a recording."""
    stage.terms = Terms(decided_now={"a"})
    stage.decide(alert("a"))
    assert old(stage, NOW + timedelta(days=30)) == "search passed its daily cap"


def test_remarks_keep_a_long_notification_in_one_piece(stage: Stage) -> None:
    stage.decide(replace(alert("a"), summary="R&D " * 2_000))
    text = old(stage, NOW + timedelta(hours=3))
    assert len(text) <= NOTIFICATION
    assert text.endswith("… (decided 3 h ago, could not be told before)")
    assert "&amp" not in text.replace("&amp;", "")
