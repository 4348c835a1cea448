"""Talking to the fake Slack through slack_sdk, shared by its tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import requests
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

COSTS = "C0COSTS001"
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 50
DIVIDER = {"type": "divider"}
Metadata = dict[str, Any]


def refusal(call: Callable[..., Any], **arguments: Any) -> dict[str, Any]:
    with pytest.raises(SlackApiError) as caught:
        call(**arguments)
    data: dict[str, Any] = caught.value.response.data
    return data


def keyed(key: str, event_type: str = "budget_bot_message") -> Metadata:
    return {"event_type": event_type, "event_payload": {"key": key}}


def upload(client: WebClient, content: bytes = PNG, name: str = "chart.png") -> str:
    """The three steps without a channel; the file's id."""
    given = client.files_getUploadURLExternal(filename=name, length=len(content))
    sent = requests.post(given["upload_url"], data=content, timeout=5)
    assert (sent.status_code, sent.text) == (200, f"OK - {len(content)}")
    client.files_completeUploadExternal(files=[{"id": given["file_id"], "title": "Chart"}])
    return str(given["file_id"])


def picture(file_id: str) -> dict[str, Any]:
    return {"type": "image", "slack_file": {"id": file_id}, "alt_text": "Spend by day"}
