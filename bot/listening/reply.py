"""Words that only the one who pressed or asked can see, by the response_url that Slack gave.

Such an address takes five answers within half an hour (docs.slack.dev, "Handling user
interaction"). It comes from outside: only addresses of Slack are written to.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from http.client import HTTPException
from urllib.parse import urlsplit

from bot.delivery.line import Line, posting
from bot.delivery.slack_errors import unanswered
from bot.errors import DeliveryError
from bot.messages.slack_text import Json, escape, plain_text, text_element
from bot.spend.names import cut

Reply = Callable[[str, Json], None]
"""Posts a body to a response_url. Raises DeliveryError."""

_SLACK = (".slack.com", ".slack-gov.com")
_MOST = 2_900


def said(text: str) -> Json:
    """A sentence or two as an answer that only the asker sees."""
    shown = cut(text.strip(), _MOST) or "–"
    return _ephemeral(shown, {"type": "section", "text": plain_text(shown)})


def shown(text: str) -> Json:
    """Lines of a command, set as they are; those that are too many are left out, and counted."""
    lines = text.rstrip().split("\n")
    kept, room = 0, _MOST
    while kept < len(lines) and (room := room - len(lines[kept]) - 1) >= 0:
        kept += 1
    left_out = len(lines) - kept
    body = "\n".join(lines[:kept] + ([f"… and {left_out:,} more lines"] if left_out else []))
    part = {"type": "rich_text_preformatted", "elements": [text_element(body or "–")]}
    return _ephemeral(cut(body, 300), {"type": "rich_text", "elements": [part]})


def _ephemeral(text: str, block: Json) -> Json:
    return {
        "response_type": "ephemeral",
        "replace_original": False,
        "text": escape(text),
        "blocks": [block],
    }


class ResponseUrls:
    """The way to addresses of Slack; `base_url` is that of its Web API."""

    def __init__(self, base_url: str, proxy: str | None) -> None:
        self._home = urlsplit(base_url).netloc
        self._proxy = proxy

    def __call__(self, url: str, body: Json) -> None:
        self._refuse_elsewhere(url)
        request = posting(url, json.dumps(body).encode(), "application/json")
        try:
            answer = Line(self._proxy).exchange(request)
        except (OSError, HTTPException) as error:
            raise unanswered(error) from None
        if answer.status != 200:
            raise DeliveryError(f"an answer was not taken: HTTP {answer.status}")

    def _refuse_elsewhere(self, url: str) -> None:
        try:
            parts = urlsplit(url)
            is_ours = parts.netloc == self._home or str(parts.hostname).endswith(_SLACK)
        except ValueError:
            is_ours = False
        if not is_ours:
            raise DeliveryError("a response_url that is not Slack's is not answered")
