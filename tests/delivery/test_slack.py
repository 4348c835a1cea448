"""Slack as the bot meets it: charts that take their time, poorer versions, look-ups, secrets."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from bot.delivery.base import Outgoing, Receipt, Unknown
from bot.delivery.slack import SlackNotifier
from bot.errors import DeliveryError
from bot.messages.blockkit import blocks, fallback_text
from bot.messages.model import Message
from bot.messages.placeholders import placeholders
from tests.delivery.stage import COSTS, NOW, PNG, TIMEOUT, Stage, alert, chart
from tests.fakes import Channel, FakeSlack, Fault

POST = "/api/chat.postMessage"
LINK = "/api/files.getUploadURLExternal"
COMPLETE = "/api/files.completeUploadExternal"


def outgoing(message: Message) -> Outgoing:
    marks = placeholders(one.name for one in message.charts)
    return Outgoing(
        message.key,
        message.type,
        message.channel,
        fallback_text(message),
        blocks(message, marks),
        message.charts,
    )


def told(stage: Stage, message: Message) -> Receipt:
    bot = stage.bot()
    ready = bot.prepare(outgoing(message))
    receipt = bot.post(ready)
    return receipt._replace(notes=(*ready.notes, *receipt.notes))


def pictures(slack: FakeSlack) -> list[dict[str, Any]]:
    return [block for block in slack.messages[-1].blocks if block["type"] == "image"]


def refusing(times: int | None, code: str, *errors: str) -> Fault:
    body = json.dumps({"ok": False, "error": code, "errors": errors})
    return Fault("status", POST, times, status=200, body=body)


PICTURE_REFUSED = ("invalid_blocks", "invalid slack file [json-pointer:/blocks/1/slack_file]")


# --- charts


def test_a_chart_is_shown_in_its_place_once_slack_has_finished_it(stage: Stage) -> None:
    receipt = told(stage, alert("a", "#llm-costs", chart("one.png"), chart("two.png")))
    assert receipt == Receipt(COSTS, stage.slack.messages[0].ts)
    assert pictures(stage.slack) == [
        {
            "type": "image",
            "slack_file": {"id": file_id},
            "alt_text": "Spend rose to $41 on Thursday",
        }
        for file_id in ("F0000000001", "F0000000002")
    ]
    assert stage.slack.files["F0000000001"].content == PNG
    assert [block["type"] for block in stage.slack.messages[0].blocks][:2] == ["header", "image"]
    assert stage.slept == [0.5, 0.5, 0.5]


def test_uploading_asks_for_no_scope_but_files_write(stage: Stage) -> None:
    stage.slack.scopes = {"chat:write", "files:write"}
    assert told(stage, alert("a", "#llm-costs", chart())).notes == ()
    assert len(pictures(stage.slack)) == 1


def test_a_chart_that_is_never_ready_is_left_out_after_fifteen_seconds(stage: Stage) -> None:
    stage.slack.files_never_ready = True
    receipt = told(stage, alert("a", "#llm-costs", chart()))
    assert receipt.notes == ("spend.png is left out: Slack did not finish it in 15 seconds",)
    assert pictures(stage.slack) == []
    assert sum(stage.slept) == 15


def test_without_files_write_the_message_goes_without_its_chart(stage: Stage) -> None:
    stage.slack.scopes -= {"files:write"}
    receipt = told(stage, alert("a", "#llm-costs", chart()))
    assert receipt.notes == (
        "spend.png is left out: the bot's token lacks files:write (missing_scope)",
    )
    assert stage.slack.messages[0].text == "search passed its daily cap"
    assert len(stage.slack.requests_to(LINK)) == 1


@pytest.mark.parametrize("path", [LINK, "/upload/*", COMPLETE])
def test_an_upload_that_keeps_failing_is_given_up_after_three_tries(
    stage: Stage, path: str
) -> None:
    stage.slack.faults.add(Fault("status", path, times=None, status=500))
    receipt = told(stage, alert("a", "#llm-costs", chart()))
    (note,) = receipt.notes
    assert note.startswith("spend.png is left out: Slack answered with an error of its own")
    assert len(stage.slack.requests_to(path)) == 3
    assert len(stage.slack.messages) == 1


def test_a_chart_refused_as_not_ready_is_tried_again(stage: Stage) -> None:
    stage.slack.faults.add(refusing(2, *PICTURE_REFUSED))
    assert told(stage, alert("a", "#llm-costs", chart())).notes == ()
    assert len(pictures(stage.slack)) == 1
    assert stage.slept[-2:] == [1.0, 2.0]


def test_a_chart_refused_for_good_does_not_hold_the_message_back(stage: Stage) -> None:
    stage.slack.faults.add(refusing(3, *PICTURE_REFUSED))
    receipt = told(stage, alert("a", "#llm-costs", chart()))
    assert receipt.notes == ("told without its charts: Slack does not show them",)
    assert pictures(stage.slack) == []


def test_after_a_lost_answer_no_poorer_version_is_posted(stage: Stage) -> None:
    stage.slack.faults.add(refusing(1, *PICTURE_REFUSED), Fault("drop_after", POST))
    with pytest.raises(DeliveryError) as caught:
        told(stage, alert("a", "#llm-costs", chart()))
    assert caught.value.ambiguous
    assert len(stage.slack.requests_to(POST)) == 2
    assert len(stage.slack.messages) == 1


@pytest.mark.parametrize("code", ["invalid_blocks", "msg_blocks_too_long"])
def test_blocks_slack_does_not_take_are_told_in_plain_text(stage: Stage, code: str) -> None:
    stage.slack.faults.add(refusing(1, code))
    (note,) = told(stage, alert("a", "#llm-costs", chart())).notes
    assert note.startswith("told in plain text only: ")
    (message,) = stage.slack.messages
    assert (message.text, message.blocks) == ("search passed its daily cap", [])
    assert message.key == "a"
    assert len(stage.slack.requests_to(POST)) == 2


# --- the post


def test_a_post_calls_nobody_and_unfurls_nothing_and_slack_has_no_warning(stage: Stage) -> None:
    told(stage, alert("a"))
    (call,) = stage.slack.calls("chat.postMessage")
    switches = ("unfurl_links", "unfurl_media", "link_names", "parse")
    assert [call.args[name] for name in switches] == [False, False, False, "none"]
    assert "response_metadata" not in call.answer


@pytest.mark.parametrize(
    ("kind", "ambiguous"),
    [
        ("drop_before", True),
        ("drop_after", True),
        ("reset", True),
        ("truncate", True),
        ("timeout", True),
        ("html", True),
        ("gzip_bomb", True),
        ("drip", True),
        ("huge", True),
        ("redirect", False),
    ],
)
def test_the_bot_posts_once_and_knows_whether_it_may_have_arrived(
    stage: Stage, kind: Any, ambiguous: bool
) -> None:
    stage.slack.faults.add(Fault(kind, POST, seconds=TIMEOUT * 3 if kind == "timeout" else None))
    with pytest.raises(DeliveryError) as caught:
        told(stage, alert("a"))
    assert caught.value.ambiguous is ambiguous
    assert len(stage.slack.requests_to(POST)) == 1


def test_no_proxy_of_the_environment_is_used(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    told(stage, alert("a"))
    assert len(stage.slack.messages) == 1


def test_the_configured_proxy_is_used() -> None:
    proxy = "http://user:pw@127.0.0.1:9"
    bot = SlackNotifier("xoxb-test", "https://slack.example/api/", proxy=proxy)
    with pytest.raises(DeliveryError, match="cannot be reached") as caught:
        bot.post(outgoing(alert("a")))
    assert "pw" not in str(caught.value)


def test_no_token_goes_over_an_open_road() -> None:
    bot = SlackNotifier("xoxb-test", "http://slack.example/api/", timeout=TIMEOUT)
    with pytest.raises(DeliveryError, match="https:// only") as caught:
        bot.post(outgoing(alert("a")))
    assert caught.value.permanent


@pytest.mark.parametrize(
    "fault",
    [
        Fault("status", POST, status=500, body="xoxb-test"),
        Fault("status", POST, status=404, body="<html>xoxb-test"),
        Fault("html", POST, body="xoxb-test"),
        Fault("status", POST, status=200, body='["xoxb-test"]'),
        Fault("status", POST, status=200, body='{"ok":false,"error":"no xoxb-test here"}'),
        Fault("redirect", POST, location="http://elsewhere.invalid/?xoxb-test"),
        Fault("drop_before", POST),
    ],
    ids=lambda fault: f"{fault.kind}-{fault.code}",
)
def test_the_token_is_in_no_error_and_no_log(
    stage: Stage, fault: Fault, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(0)
    stage.slack.faults.add(fault)
    with pytest.raises(DeliveryError) as caught:
        told(stage, alert("a"))
    assert "xoxb-test" not in str(caught.value) + caplog.text
    assert caught.value.__cause__ is None


# --- looking up


def test_a_message_is_found_by_its_key_among_many(stage: Stage) -> None:
    told(stage, alert("a"))
    place = stage.slack.messages[0]
    for n in range(450):
        stage.slack.say(COSTS, f"line {n}")
    bot = stage.bot()
    assert bot.find(outgoing(alert("a")), NOW) == Receipt(COSTS, place.ts)
    assert bot.find(outgoing(alert("b")), NOW) is None
    assert len(stage.slack.calls("conversations.list")) == 1


def test_a_clock_an_hour_ahead_of_slacks_still_finds_the_message(stage: Stage) -> None:
    told(stage, alert("a"))
    bot = stage.bot()
    assert bot.find(outgoing(alert("a", COSTS)), NOW + timedelta(minutes=59)) is not None
    assert bot.find(outgoing(alert("a", COSTS)), NOW + timedelta(minutes=61)) is None


@pytest.mark.parametrize(
    ("missing", "channel", "why"),
    [
        (
            {"channels:history"},
            COSTS,
            "the bot's token lacks channels:history (missing_scope)",
        ),
        (
            {"channels:read", "groups:read"},
            "#llm-costs",
            "the id of #llm-costs is not known: write the id in slack.channel, "
            "or give the bot channels:read",
        ),
    ],
)
def test_what_may_not_be_looked_up_is_unknown_with_the_reason(
    stage: Stage, missing: set[str], channel: str, why: str
) -> None:
    stage.slack.scopes -= missing
    assert stage.bot().find(outgoing(alert("a", channel)), NOW) == Unknown(why)


def test_a_public_channel_is_found_without_groups_read(stage: Stage) -> None:
    stage.slack.scopes -= {"groups:read"}
    assert stage.bot().find(outgoing(alert("a")), NOW) is None


def test_a_look_up_that_fails_for_now_is_an_error_and_not_an_answer(stage: Stage) -> None:
    stage.slack.faults.add(Fault("status", "/api/conversations.history", status=503))
    with pytest.raises(DeliveryError) as caught:
        stage.bot().find(outgoing(alert("a", COSTS)), NOW)
    assert not caught.value.permanent


# --- refusals in words


@pytest.mark.parametrize(
    ("error", "message", "hint"),
    [
        (
            "invalid_auth",
            "Slack does not accept the bot's token (invalid_auth)",
            "copy a valid Bot User OAuth Token (xoxb-…) from https://api.slack.com/apps, "
            "OAuth & Permissions, into SLACK_BOT_TOKEN",
        ),
        (
            "not_in_channel",
            "the bot is not in #llm-costs (not_in_channel)",
            "write /invite @<the bot> in #llm-costs",
        ),
        (
            "restricted_action_read_only_channel",
            "the workspace does not let the bot post in #llm-costs "
            "(restricted_action_read_only_channel)",
            "ask a workspace admin to allow it, or name another channel",
        ),
        (
            "something_new",
            "Slack refused (something_new)",
            "look it up at https://docs.slack.dev/reference/methods/chat.postMessage",
        ),
    ],
)
def test_a_refusal_says_what_is_wrong_and_the_way_out(
    stage: Stage, error: str, message: str, hint: str
) -> None:
    stage.slack.token_error = error
    with pytest.raises(DeliveryError) as caught:
        told(stage, alert("a"))
    assert (caught.value.message, caught.value.hint) == (message, hint)
    assert caught.value.permanent


def test_a_missing_scope_is_named(stage: Stage) -> None:
    stage.slack.scopes = set()
    with pytest.raises(DeliveryError) as caught:
        told(stage, alert("a"))
    assert caught.value.message == "the bot's token lacks chat:write (missing_scope)"
    assert caught.value.hint == (
        "add chat:write at https://api.slack.com/apps, OAuth & Permissions, and reinstall the app"
    )


def test_a_private_channel_without_the_bot_is_explained(stage: Stage) -> None:
    stage.slack.channels.append(Channel("G0SECRET01", "secret", is_private=True, is_member=False))
    with pytest.raises(DeliveryError, match=r"write /invite @<the bot>") as caught:
        told(stage, alert("a", "#secret"))
    assert "private" in caught.value.message


@pytest.mark.parametrize(
    ("code", "status"),
    [("internal_error", 200), ("fatal_error", 200), ("request_timeout", 408), ("x y", 502)],
)
def test_an_error_of_slacks_own_leaves_the_message_in_doubt(
    stage: Stage, code: str, status: int
) -> None:
    body = json.dumps({"ok": False, "error": code})
    stage.slack.faults.add(Fault("status", POST, status=status, body=body))
    with pytest.raises(DeliveryError) as caught:
        told(stage, alert("a"))
    assert caught.value.ambiguous
