"""A channel that refuses for good is made up for by the default one; what clears later is told."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from bot.delivery.base import Outgoing, Receipt
from bot.delivery.errand import Terms
from tests.delivery.stage import COSTS, NOW, Stage, alert, digest, reply, update
from tests.delivery.test_dispatch import Crash, Dying
from tests.fakes import Channel, Fault

POST = "/api/chat.postMessage"
LATER = NOW + timedelta(minutes=30)
FIRST, STEP = "caps/a#first", "caps/a#step-80"
SEARCH = "C0SEARCH01"
CHANNEL_REFUSALS = [
    "channel_not_found",
    "not_in_channel",
    "is_archived",
    "no_permission",
    "restricted_action",
    "restricted_action_read_only_channel",
]
TOKEN_REFUSALS = [
    "invalid_auth",
    "not_authed",
    "account_inactive",
    "token_revoked",
    "token_expired",
    "not_allowed_token_type",
]
OTHER_REFUSALS = ["missing_scope", "msg_too_long", "metadata_too_large", "something_new"]


@pytest.fixture
def routed(stage: Stage) -> Stage:
    """#search takes nothing from the bot; #llm-costs is the default channel."""
    stage.slack.channels.append(Channel(SEARCH, "search", is_archived=True))
    stage.terms = Terms("#llm-costs")
    return stage


def refusing(code: str, times: int | None = None) -> Fault:
    body = json.dumps({"ok": False, "error": code})
    return Fault("status", POST, times, status=200, body=body)


def kept(stage: Stage) -> list[tuple[str, str | None]]:
    """Channel and original channel of what waits."""
    return [(entry.channel, entry.fallback_from) for entry in stage.outbox.waiting()]


@pytest.mark.parametrize("code", CHANNEL_REFUSALS)
def test_an_alert_a_channel_refuses_for_good_is_told_in_the_default_channel(
    routed: Stage, code: str
) -> None:
    routed.slack.channels[-1].is_archived = False
    routed.slack.faults.add(refusing(code, times=1))
    routed.decide(alert(FIRST, "#search"))
    delivered = routed.deliver()
    assert (delivered.sent, delivered.failed) == ((FIRST,), ())
    message = routed.said(FIRST)
    assert message.channel == COSTS
    assert message.text.startswith("search passed its daily cap (Could not be told in #search: ")
    assert code in message.text


def test_the_notice_says_why_and_what_to_do(routed: Stage) -> None:
    routed.decide(alert(FIRST, "#search"))
    assert routed.deliver().notes == ((FIRST, "told in #llm-costs instead of #search"),)
    (notice,) = routed.said(FIRST).blocks[-1]["elements"]
    assert notice["text"] == (
        "Could not be told in #search: #search is archived (is_archived); unarchive it, or name "
        "another one in slack.channel or slack.routes"
    )


def test_once_the_channel_takes_messages_again_they_go_there(routed: Stage) -> None:
    routed.decide(alert(FIRST, "#search"))
    routed.deliver()
    routed.slack.channels[-1].is_archived = False
    routed.decide(alert("caps/b#first", "#search"))
    routed.deliver()
    assert routed.said("caps/b#first").channel == SEARCH


def test_if_the_default_channel_refuses_too_the_alert_waits_for_either(routed: Stage) -> None:
    for channel in routed.slack.channels:
        channel.is_archived = True
    routed.decide(alert(FIRST, "#search"))
    ((_, error),) = routed.deliver().failed
    assert error.message == "#llm-costs is archived (is_archived)"
    assert kept(routed) == [("#llm-costs", "#search")]
    routed.slack.channels[-1].is_archived = False
    assert routed.deliver(now=LATER).sent == (FIRST,)
    message = routed.said(FIRST)
    assert (message.channel, message.text) == (SEARCH, "search passed its daily cap")


def test_the_fallback_clears_first(routed: Stage) -> None:
    for channel in routed.slack.channels:
        channel.is_archived = True
    routed.decide(alert(FIRST, "#search"))
    routed.deliver()
    routed.slack.channels[0].is_archived = False
    assert routed.deliver(now=LATER).sent == (FIRST,)
    assert routed.said(FIRST).channel == COSTS


def test_a_fallback_whose_answer_is_lost_is_found_where_it_was_really_sent(routed: Stage) -> None:
    routed.slack.faults.add(Fault("drop_after", POST, after=1))
    routed.decide(alert(FIRST, "#search"))
    assert routed.deliver().sent == (FIRST,)
    assert routed.shown() == [FIRST]


def test_a_crash_after_the_fallback_is_mended_by_looking_in_the_default_channel(
    routed: Stage,
) -> None:
    class DyingThere(Dying):
        def post(self, outgoing: Outgoing) -> Receipt:
            if outgoing.channel == "#search":
                return self._bot.post(outgoing)
            return super().post(outgoing)

    routed.decide(alert(FIRST, "#search"))
    with pytest.raises(Crash):
        routed.deliver(DyingThere(routed, posts=True))
    assert kept(routed) == [("#llm-costs", "#search")]
    assert routed.deliver(now=LATER).sent == (FIRST,)
    assert routed.shown() == [FIRST]
    routed.decide(reply(STEP, FIRST))
    routed.deliver(now=LATER)
    assert routed.said(STEP).thread_ts == routed.said(FIRST).ts


def test_a_post_in_doubt_does_not_fall_back_before_it_is_known_not_to_be_there(
    routed: Stage,
) -> None:
    routed.slack.channels[-1].is_archived = False
    lost = Fault("status", POST, status=503)
    routed.slack.faults.add(lost, refusing("restricted_action", times=1))
    routed.decide(alert(FIRST, "#search"))
    ((_, error),) = routed.deliver().failed
    assert "restricted_action" in error.message
    assert routed.states() == {"sending": 1}
    routed.slack.faults.add(refusing("restricted_action", times=1))
    assert routed.deliver(now=LATER).sent == (FIRST,)
    assert routed.said(FIRST).channel == COSTS


def test_an_alert_in_doubt_in_a_channel_that_shuts_the_bot_out_is_told_with_a_remark(
    routed: Stage,
) -> None:
    routed.slack.channels[-1] = Channel(SEARCH, "search", is_member=False)
    routed.slack.scopes -= {"chat:write.public"}
    routed.decide(alert(FIRST, "#search"))
    with pytest.raises(Crash):
        routed.deliver(Dying(routed, posts=False))
    assert routed.deliver(now=LATER).sent == (FIRST,)
    (message,) = routed.slack.messages
    assert message.channel == COSTS
    assert "(possibly repeated)" in message.text
    assert "it may be there all the same" in json.dumps(message.blocks)


def test_a_reply_in_a_channel_closed_since_is_told_in_the_default_channel(routed: Stage) -> None:
    routed.slack.channels[-1].is_archived = False
    routed.decide(alert(FIRST, "#search"))
    routed.deliver()
    routed.slack.channels[-1].is_archived = True
    routed.decide(reply(STEP, FIRST, channel="#search"))
    assert routed.deliver().sent == (STEP,)
    message = routed.said(STEP)
    assert (message.channel, message.thread_ts) == (COSTS, None)
    assert "(Could not be told in #search: " in message.text


@pytest.mark.parametrize("code", TOKEN_REFUSALS)
def test_a_broken_token_is_no_reason_for_another_channel(routed: Stage, code: str) -> None:
    routed.slack.token_error = code
    routed.decide(alert(FIRST, "#search"), alert("caps/b#first"), reply(STEP, FIRST))
    delivered = routed.deliver()
    assert [key for key, _ in delivered.failed] == [FIRST, "caps/b#first"]
    assert len(routed.slack.requests_to(POST)) == 1  # nothing else would be accepted
    assert kept(routed)[0] == ("#search", None)
    assert [bool(entry.error) for entry in routed.outbox.waiting()] == [True, True, False]


@pytest.mark.parametrize("code", CHANNEL_REFUSALS + TOKEN_REFUSALS + OTHER_REFUSALS)
def test_what_is_refused_for_good_waits_and_is_told_once_when_that_clears(
    stage: Stage, code: str
) -> None:
    """A message of its own, a reply and a digest; three runs in vain."""
    stage.decide(alert(FIRST))
    stage.deliver()
    stage.slack.faults.add(refusing(code))
    stage.decide(reply(STEP, FIRST), alert("caps/b#first"), digest("d"))
    for n in range(3):
        delivered = stage.deliver(now=NOW + timedelta(minutes=n))
        assert {key for key, _ in delivered.failed} == {STEP, "caps/b#first", "d"}
        assert stage.states() == {"sent": 1, "pending": 3}
    stage.slack.faults.clear()
    assert stage.deliver(now=LATER).sent == (STEP, "caps/b#first", "d")
    assert stage.shown() == [FIRST, STEP, "caps/b#first", "d"]
    assert stage.said(STEP).thread_ts == stage.said(FIRST).ts


@pytest.mark.parametrize("code", ["is_inactive", "channel_not_found", "invalid_auth", "surprise"])
def test_an_update_refused_for_good_is_applied_when_that_clears(stage: Stage, code: str) -> None:
    stage.decide(alert(FIRST))
    stage.deliver()
    body = json.dumps({"ok": False, "error": code})
    stage.slack.faults.add(Fault("status", "/api/chat.update", None, status=200, body=body))
    stage.decide(update("u#update:1", FIRST, "old"))
    assert len(stage.deliver().failed) == 1
    stage.decide(update("u#update:2", FIRST, "new"), now=LATER)
    assert len(stage.deliver(now=LATER).failed) == 1
    stage.slack.faults.clear()
    assert stage.deliver(now=LATER).sent == ("u#update:2",)
    assert (stage.said(FIRST).text, stage.states()) == ("new", {"sent": 3})
