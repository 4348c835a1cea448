"""Pictures are uploaded in three steps and become ready later, as in Slack."""

from __future__ import annotations

import requests
from slack_sdk import WebClient

from tests.fakes import FakeSlack
from tests.fakes.talking import COSTS, DIVIDER, PNG, picture, refusal, upload


def test_a_picture_can_be_posted_only_after_it_was_processed(
    slack: FakeSlack, client: WebClient
) -> None:
    file_id = upload(client)
    blocks = [picture(file_id)]
    early = refusal(client.chat_postMessage, channel=COSTS, text="x", blocks=blocks)
    assert early["error"] == "invalid_blocks"
    assert early["errors"] == ["invalid slack file [json-pointer:/blocks/0/slack_file]"]
    types = [client.files_info(file=file_id)["file"]["mimetype"] for _ in range(3)]
    assert types == ["", "", "image/png"]
    assert client.chat_postMessage(channel=COSTS, text="x", blocks=blocks)["ok"]
    assert slack.files[file_id].content == PNG
    assert slack.files[file_id].channels == [COSTS]


def test_completing_again_polls_without_a_further_scope(
    slack: FakeSlack, client: WebClient
) -> None:
    slack.scopes = {"chat:write", "files:write"}
    file_id = upload(client)
    again = [
        client.files_completeUploadExternal(files=[{"id": file_id, "title": "Chart"}])["files"][0]
        for _ in range(3)
    ]
    assert [file["filetype"] for file in again] == ["", "", "png"]
    assert client.chat_postMessage(channel=COSTS, text="x", blocks=[picture(file_id)])["ok"]


def test_a_file_may_never_become_ready(slack: FakeSlack, client: WebClient) -> None:
    slack.files_never_ready = True
    slack.processing_calls = 0
    file_id = upload(client)
    assert [client.files_info(file=file_id)["file"]["filetype"] for _ in range(5)] == [""] * 5
    assert (
        refusal(client.chat_postMessage, channel=COSTS, text="x", blocks=[picture(file_id)])[
            "error"
        ]
        == "invalid_blocks"
    )


def test_only_pictures_that_exist_can_be_shown(slack: FakeSlack, client: WebClient) -> None:
    slack.processing_calls = 0
    text_file = upload(client, b"day,usd\n", "spend.csv")
    for file_id in (text_file, "F0123456789"):
        assert refusal(
            client.chat_postMessage, channel=COSTS, text="x", blocks=[DIVIDER, picture(file_id)]
        )["errors"] == ["invalid slack file [json-pointer:/blocks/1/slack_file]"]
    good = upload(client)
    url = client.files_info(file=good)["file"]["url_private"]
    by_url = {"type": "image", "slack_file": {"url": url}, "alt_text": "x"}
    assert client.chat_postMessage(channel=COSTS, text="x", blocks=[by_url])["ok"]


def test_uploads_are_refused_when_steps_are_missing(client: WebClient) -> None:
    given = client.files_getUploadURLExternal(filename="a.png", length=10)
    files = [{"id": given["file_id"], "title": "A"}]
    unsent = refusal(client.files_completeUploadExternal, files=files)
    assert unsent["error"] == "file_not_found"
    assert requests.post(given["upload_url"], data=b"short", timeout=5).status_code == 400
    empty = refusal(client.files_getUploadURLExternal, filename="a.png", length=0)
    assert empty["error"] == "invalid_arguments"
    assert refusal(client.files_info, file=given["file_id"])["error"] == "file_not_found"
    many = refusal(client.files_completeUploadExternal, files=files * 15)
    assert many["error"] == "internal_error"


def test_the_file_methods_do_not_read_json(slack: FakeSlack) -> None:
    headers = {"Authorization": f"Bearer {slack.bot_token}"}
    url = f"{slack.base_url}files.info"
    answer = requests.post(url, json={"file": "F0123456789"}, headers=headers, timeout=5)
    assert answer.json()["error"] == "invalid_arguments"


def test_files_upload_v2_shares_into_a_channel(slack: FakeSlack, client: WebClient) -> None:
    client.files_upload_v2(
        file=PNG, filename="chart.png", title="Chart", channel=COSTS, initial_comment="Look"
    )
    (message,) = slack.messages
    assert (message.text, len(message.files)) == ("Look", 1)
