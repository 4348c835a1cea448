"""The fake workspace takes and refuses messages as Slack does, through slack_sdk."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import requests
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.webhook import WebhookClient

from tests.fakes import Channel, FakeSlack
from tests.fakes.asking import NOW
from tests.fakes.talking import COSTS, DIVIDER, keyed, refusal

# --- posting


def test_a_posted_message_is_visible_with_all_it_carries(
    slack: FakeSlack, client: WebClient
) -> None:
    posted = client.chat_postMessage(
        channel="#llm-costs", text="Hi", blocks=[DIVIDER], metadata=keyed("a"), unfurl_links=False
    )
    (message,) = slack.messages
    assert (posted["channel"], posted["ts"]) == (COSTS, message.ts)
    assert (message.text, message.blocks, message.key) == ("Hi", [DIVIDER], "a")
    assert (message.thread_ts, message.edited, message.broadcast) == (None, 0, False)
    (call,) = slack.calls("chat.postMessage")
    assert call.args["unfurl_links"] is False
    assert call.answer["ok"] is True
    assert "warning" not in posted.data


def test_form_bodies_are_read_like_json_ones(slack: FakeSlack) -> None:
    form = {"channel": COSTS, "text": "Hi", "blocks": '[{"type": "divider"}]'}
    headers = {"Authorization": f"Bearer {slack.bot_token}"}
    url = f"{slack.base_url}chat.postMessage"
    assert requests.post(url, data=form, headers=headers, timeout=5).json()["ok"] is True
    assert slack.messages[0].blocks == [DIVIDER]
    form["blocks"] = "[{'type': 'divider'}]"
    answer = requests.post(url, data=form, headers=headers, timeout=5).json()
    assert answer == {"ok": False, "error": "invalid_blocks_format"}


def test_timestamps_never_repeat_although_the_clock_stands_still(
    slack: FakeSlack, client: WebClient
) -> None:
    stamps = [client.chat_postMessage(channel=COSTS, text="x")["ts"] for _ in range(3)]
    assert stamps == sorted(set(stamps))
    slack.now = NOW - timedelta(days=1)
    assert client.chat_postMessage(channel=COSTS, text="x")["ts"] > stamps[-1]


@pytest.mark.filterwarnings("ignore:The top-level `text` argument is missing")
def test_a_message_without_text_gets_a_warning_and_one_without_anything_is_refused(
    client: WebClient,
) -> None:
    posted = client.chat_postMessage(channel=COSTS, blocks=[DIVIDER])
    assert posted["response_metadata"]["warnings"] == ["missing_text_in_message"]
    assert refusal(client.chat_postMessage, channel=COSTS, text="")["error"] == "no_text"


def test_blocks_slack_would_refuse_are_refused_with_a_pointer(
    slack: FakeSlack, client: WebClient
) -> None:
    header = {"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}
    answer = refusal(client.chat_postMessage, channel=COSTS, text="x", blocks=[header])
    sentence = "must be less than 151 characters [json-pointer:/blocks/0/text/text]"
    assert answer == {
        "ok": False,
        "error": "invalid_blocks",
        "errors": [sentence],
        "response_metadata": {"messages": [f"[ERROR] {sentence}"]},
    }
    attached = [{"color": "good", "blocks": [header]}]
    answer = refusal(client.chat_postMessage, channel=COSTS, text="x", attachments=attached)
    assert answer["error"] == "invalid_attachments"
    assert answer["errors"] == [sentence.replace("/blocks", "/attachments/0/blocks")]
    assert slack.messages == []


def test_too_much_text_and_two_tables_have_errors_of_their_own(client: WebClient) -> None:
    section = {"type": "section", "text": {"type": "plain_text", "text": "x" * 3000}}
    table = {"type": "table", "rows": [[{"type": "raw_text", "text": "a"}]]}

    def error(blocks: list[Any]) -> str:
        return str(
            refusal(client.chat_postMessage, channel=COSTS, text="x", blocks=blocks)["error"]
        )

    assert error([section] * 5) == "msg_blocks_too_long"
    assert error([table, table]) == "invalid_attachments"
    assert client.chat_postMessage(channel=COSTS, text="x", blocks=[section] * 4)["ok"]


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"is_archived": True}, "is_archived"),
        ({"is_member": False}, "not_in_channel"),
        ({"is_member": False, "is_private": True}, "channel_not_found"),
        ({"id": "C0OTHER001", "name": "other"}, "channel_not_found"),
    ],
)
def test_a_channel_may_be_closed_to_the_bot(change: dict[str, Any], error: str) -> None:
    place = Channel(**{"id": COSTS, "name": "llm-costs"} | change)
    with FakeSlack(scopes={"chat:write"}, channels=[place]) as slack:
        client = WebClient(slack.bot_token, base_url=slack.base_url, retry_handlers=[])
        for reference in (COSTS, "#llm-costs"):
            answer = refusal(client.chat_postMessage, channel=reference, text="x")
            assert answer["error"] == error


def test_a_public_channel_takes_messages_from_outside_with_the_scope_for_it(
    slack: FakeSlack, client: WebClient
) -> None:
    slack.channels[0].is_member = False
    assert client.chat_postMessage(channel=COSTS, text="x")["ok"]
    assert refusal(client.conversations_history, channel=COSTS)["error"] == "not_in_channel"


def test_a_message_to_a_person_goes_to_their_direct_messages(
    slack: FakeSlack, client: WebClient
) -> None:
    assert client.chat_postMessage(channel="U0ADA00001", text="x")["channel"] == "D0ADA00001"
    unknown = refusal(client.chat_postMessage, channel="U0BOB00001", text="x")
    assert unknown["error"] == "channel_not_found"
    assert slack.messages[0].channel == "D0ADA00001"


# --- who may


def test_tokens_are_checked(slack: FakeSlack, client: WebClient) -> None:
    assert client.auth_test()["user_id"] == "U0BOT00001"
    stranger = WebClient("xoxb-wrong", base_url=slack.base_url, retry_handlers=[])
    nobody = WebClient(base_url=slack.base_url, retry_handlers=[])
    assert refusal(stranger.auth_test)["error"] == "invalid_auth"
    assert refusal(nobody.auth_test)["error"] == "not_authed"
    slack.token_error = "token_revoked"
    assert refusal(client.auth_test)["error"] == "token_revoked"
    assert "xoxb" not in repr(slack.requests)


def test_a_missing_scope_is_named(slack: FakeSlack, client: WebClient) -> None:
    slack.scopes = {"chat:write"}
    assert refusal(client.conversations_history, channel=COSTS) == {
        "ok": False,
        "error": "missing_scope",
        "needed": "channels:history",
        "provided": "chat:write",
    }
    assert refusal(client.files_info, file="F1")["needed"] == "files:read"
    assert client.auth_test().headers["x-oauth-scopes"] == "chat:write"


def test_an_unknown_method_is_refused(client: WebClient) -> None:
    assert refusal(client.api_call, api_method="chat.shout")["error"] == "unknown_method"


def test_a_rate_limit_gives_429_and_says_how_long(slack: FakeSlack, client: WebClient) -> None:
    slack.rate_limit("chat.postMessage", calls=2, seconds=30)
    for _ in range(2):
        client.chat_postMessage(channel=COSTS, text="x")
    slack.now = NOW + timedelta(seconds=10)
    with pytest.raises(SlackApiError) as caught:
        client.chat_postMessage(channel=COSTS, text="x")
    response = caught.value.response
    assert (response.status_code, response["error"]) == (429, "ratelimited")
    assert response.headers["Retry-After"] == "20"
    assert len(slack.messages) == 2
    slack.now = NOW + timedelta(seconds=31)
    assert client.chat_postMessage(channel=COSTS, text="x")["ok"]


# --- webhook


def test_a_webhook_takes_text_and_blocks_but_no_metadata(slack: FakeSlack) -> None:
    answer = WebhookClient(slack.webhook_url, retry_handlers=[]).send_dict(
        {"text": "Hi", "blocks": [DIVIDER], "metadata": keyed("k")}
    )
    assert (answer.status_code, answer.body) == (200, "ok")
    (message,) = slack.messages
    assert (message.text, message.channel, message.metadata) == ("Hi", COSTS, None)


@pytest.mark.parametrize(
    ("body", "status", "text"),
    [
        (b"{", 400, "invalid_payload"),
        (b"{}", 400, "no_text"),
        (b'{"blocks": [{"type": "alert"}]}', 400, "invalid_blocks"),
    ],
)
def test_a_webhook_refuses_in_plain_text(
    slack: FakeSlack, body: bytes, status: int, text: str
) -> None:
    headers = {"Content-Type": "application/json"}
    answer = requests.post(slack.webhook_url, data=body, headers=headers, timeout=5)
    assert (answer.status_code, answer.text) == (status, text)


def test_a_webhook_knows_its_secret_and_whether_its_channel_lives(slack: FakeSlack) -> None:
    wrong = WebhookClient(slack.webhook_url + "x", retry_handlers=[]).send(text="x")
    assert (wrong.status_code, wrong.body) == (404, "no_service")
    slack.channels[0].is_archived = True
    gone = WebhookClient(slack.webhook_url, retry_handlers=[]).send(text="x")
    assert (gone.status_code, gone.body) == (410, "channel_is_archived")
