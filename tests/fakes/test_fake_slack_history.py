"""Messages are found again, threaded and updated as in Slack."""

from __future__ import annotations

from typing import Any

import pytest
from slack_sdk import WebClient

from tests.fakes import Channel, FakeSlack
from tests.fakes.asking import NOW
from tests.fakes.slack_model import Person, UserGroup
from tests.fakes.talking import COSTS, DIVIDER, Metadata, keyed, refusal

# --- metadata and history


def test_metadata_is_found_again_in_the_history_only_with_the_flag(client: WebClient) -> None:
    client.chat_postMessage(channel=COSTS, text="x", metadata=keyed("a/1"))
    plain = client.conversations_history(channel=COSTS)["messages"]
    full = client.conversations_history(channel=COSTS, include_all_metadata=True)["messages"]
    assert [message["metadata"] for message in plain] == [{"event_type": "budget_bot_message"}]
    assert [message["metadata"] for message in full] == [keyed("a/1")]


@pytest.mark.parametrize(
    "metadata", [keyed("a", "budget bot!"), keyed("a", ""), {"event_type": "x"}]
)
def test_invalid_metadata_is_dropped_with_a_mere_warning(
    slack: FakeSlack, client: WebClient, metadata: Metadata
) -> None:
    posted = client.chat_postMessage(channel=COSTS, text="x", metadata=metadata)
    assert posted["response_metadata"]["warnings"] == ["invalid_metadata_schema"]
    assert slack.messages[0].metadata is None


def test_too_much_metadata_is_refused(client: WebClient) -> None:
    assert (
        refusal(client.chat_postMessage, channel=COSTS, text="x", metadata=keyed("k" * 9_000))[
            "error"
        ]
        == "metadata_too_large"
    )


def test_the_history_is_newest_first_and_bounded_exclusively(client: WebClient) -> None:
    stamps = [client.chat_postMessage(channel=COSTS, text=str(n))["ts"] for n in range(5)]

    def texts(**bounds: Any) -> list[str]:
        found = client.conversations_history(channel=COSTS, **bounds)
        return [message["text"] for message in found["messages"]]

    assert texts() == ["4", "3", "2", "1", "0"]
    assert texts(oldest=stamps[1], latest=stamps[4]) == ["3", "2"]
    assert texts(oldest=stamps[1], latest=stamps[4], inclusive=True) == ["4", "3", "2", "1"]
    assert texts(oldest=str(NOW.timestamp() - 60)) == texts()


def test_history_pages_do_not_shift_when_somebody_writes(
    slack: FakeSlack, client: WebClient
) -> None:
    for number in range(5):
        client.chat_postMessage(channel=COSTS, text=str(number))
    first = client.conversations_history(channel=COSTS, limit=2)
    slack.say(COSTS, "new")
    cursor = first["response_metadata"]["next_cursor"]
    second = client.conversations_history(channel=COSTS, limit=3, cursor=cursor)
    assert [m["text"] for m in first["messages"]] == ["4", "3"]
    assert [m["text"] for m in second["messages"]] == ["2", "1", "0"]
    assert (first["has_more"], second["has_more"]) == (True, False)
    assert second["response_metadata"]["next_cursor"] == ""
    bad = refusal(client.conversations_history, channel=COSTS, cursor="xyz")
    assert bad["error"] == "invalid_cursor"


# --- threads and updates


def test_replies_stay_in_their_thread_unless_broadcast(slack: FakeSlack, client: WebClient) -> None:
    parent = client.chat_postMessage(channel=COSTS, text="parent")["ts"]
    client.chat_postMessage(channel=COSTS, text="quiet", thread_ts=parent, metadata=keyed("q"))
    client.chat_postMessage(channel=COSTS, text="loud", thread_ts=parent, reply_broadcast=True)
    channel = client.conversations_history(channel=COSTS)["messages"]
    thread = client.conversations_replies(channel=COSTS, ts=parent, include_all_metadata=True)
    assert [message["text"] for message in channel] == ["loud", "parent"]
    assert [message["text"] for message in thread["messages"]] == ["parent", "quiet", "loud"]
    assert thread["messages"][0]["reply_count"] == 2
    assert thread["messages"][1]["metadata"] == keyed("q")
    assert [message.broadcast for message in slack.messages] == [False, False, True]


def test_a_thread_needs_a_parent(client: WebClient) -> None:
    parent = client.chat_postMessage(channel=COSTS, text="parent")["ts"]
    reply = client.chat_postMessage(channel=COSTS, text="reply", thread_ts=parent)["ts"]
    for ts, error in (
        (reply, "cannot_reply_to_message"),
        ("1700000000.000001", "thread_not_found"),
        ("yesterday", "invalid_thread_ts"),
    ):
        assert (
            refusal(client.chat_postMessage, channel=COSTS, text="x", thread_ts=ts)["error"]
            == error
        )


def test_an_update_keeps_metadata_and_shows_an_edit_only_without_blocks(
    slack: FakeSlack, client: WebClient
) -> None:
    ts = client.chat_postMessage(
        channel=COSTS, text="a", blocks=[DIVIDER], metadata=keyed("k"), attachments=[{"text": "t"}]
    )["ts"]
    client.chat_update(channel=COSTS, ts=ts, text="b", blocks=[DIVIDER, DIVIDER])
    (message,) = slack.messages
    assert (message.text, len(message.blocks), message.key) == ("b", 2, "k")
    assert (message.edited, len(message.attachments)) == (1, 1)
    assert "edited" not in client.conversations_history(channel=COSTS)["messages"][0]
    client.chat_update(channel=COSTS, ts=ts, text="c", metadata=keyed("n"), attachments=[])
    assert (message.blocks, message.key, message.edited) == ([], "n", 2)
    assert message.attachments == []
    assert "edited" in client.conversations_history(channel=COSTS)["messages"][0]


def test_what_cannot_be_updated(slack: FakeSlack, client: WebClient) -> None:
    spoken = slack.say(COSTS, "morning").ts
    rich = {
        "type": "rich_text",
        "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": "proj"}]}],
    }
    mine = client.chat_postMessage(channel=COSTS, text="x", blocks=[rich])["ts"]
    for change, error in (
        ({"ts": spoken}, "cant_update_message"),
        ({"ts": "1700000000.000001"}, "message_not_found"),
        ({"ts": mine, "channel": "#llm-costs"}, "channel_not_found"),
        ({"ts": mine, "blocks": [DIVIDER]}, "block_mismatch"),
        ({"ts": mine, "text": "x" * 4001}, "msg_too_long"),
    ):
        arguments: dict[str, Any] = {"channel": COSTS, "text": "x"} | change
        assert refusal(client.chat_update, **arguments)["error"] == error
    slack.channels[0].is_archived = True
    assert refusal(client.chat_update, channel=COSTS, ts=mine, text="x")["error"] == "is_inactive"


def test_a_deleted_message_can_be_neither_replied_to_nor_updated(
    slack: FakeSlack, client: WebClient
) -> None:
    ts = client.chat_postMessage(channel=COSTS, text="x")["ts"]
    slack.delete(slack.messages[0])
    for call, error in (
        (client.chat_postMessage, "thread_not_found"),
        (client.chat_update, "message_not_found"),
    ):
        place = {"thread_ts": ts} if error == "thread_not_found" else {"ts": ts}
        assert refusal(call, channel=COSTS, text="x", **place)["error"] == error
    assert (
        refusal(client.conversations_replies, channel=COSTS, ts=ts)["error"] == "thread_not_found"
    )


def test_a_permalink_points_at_the_message(client: WebClient) -> None:
    ts = client.chat_postMessage(channel=COSTS, text="x")["ts"]
    link = client.chat_getPermalink(channel=COSTS, message_ts=ts)["permalink"]
    assert link == f"https://fake.slack.com/archives/{COSTS}/p{ts.replace('.', '')}"
    missing = refusal(client.chat_getPermalink, channel=COSTS, message_ts="1.000000")
    assert missing["error"] == "message_not_found"


# --- names


def test_channels_people_and_groups_can_be_looked_up(slack: FakeSlack, client: WebClient) -> None:
    slack.channels += [
        Channel("C0PRIV0001", "secret", is_private=True),
        Channel("C0PRIV0002", "hidden", is_private=True, is_member=False),
        Channel("C0OLD00001", "old", is_archived=True),
    ]
    slack.usergroups.append(UserGroup("S0ONCALL01", "search-oncall"))

    def names(**arguments: Any) -> list[str]:
        found = client.conversations_list(**arguments)["channels"]
        return [channel["name"] for channel in found]

    assert names() == ["llm-costs", "old"]
    assert names(exclude_archived=True) == ["llm-costs"]
    assert names(types="public_channel,private_channel") == ["llm-costs", "secret", "old"]
    cursor = client.conversations_list(limit=1)["response_metadata"]["next_cursor"]
    assert names(limit=1, cursor=cursor) == ["old"]
    assert client.conversations_info(channel=COSTS)["channel"]["is_member"] is True
    assert client.users_lookupByEmail(email="ada@example.com")["user"]["id"] == "U0ADA00001"
    absent = refusal(client.users_lookupByEmail, email="bob@example.com")
    assert absent["error"] == "users_not_found"
    assert [person["name"] for person in client.users_list()["members"]] == ["ada"]
    assert client.usergroups_list()["usergroups"][0]["handle"] == "search-oncall"


def test_an_address_is_known_in_any_case_and_not_of_who_left(
    slack: FakeSlack, client: WebClient
) -> None:
    slack.people.append(Person("U0BEA00001", "bea", "bea@example.com", deleted=True))
    assert client.users_lookupByEmail(email="ADA@example.com")["user"]["id"] == "U0ADA00001"
    gone = refusal(client.users_lookupByEmail, email="bea@example.com")
    assert gone["error"] == "users_not_found"
    assert [person["deleted"] for person in client.users_list()["members"]] == [False, True]
