"""An incoming webhook: words only, in the channel it was made for, and no way to look back.

It takes no files and tells neither where a message went nor whether it arrived
(docs.slack.dev, "Sending messages using incoming webhooks"). So after a lost answer an alert is
sent again with a remark, and a digest is not.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from http.client import HTTPException

from bot.delivery.base import Json, Outgoing, Receipt, Unknown
from bot.delivery.line import TIMEOUT_SECONDS, Line, posting
from bot.delivery.slack_errors import SlackRefusedError, answered, unanswered
from bot.messages.placeholders import called, mentioned, placed


class WebhookNotifier:
    """The webhook at a URL. The URL is a secret: whoever has it can post."""

    def __init__(
        self, url: str, *, proxy: str | None = None, timeout: float = TIMEOUT_SECONDS
    ) -> None:
        self._url = url
        self._line = Line(proxy, timeout)

    def prepare(self, outgoing: Outgoing) -> Outgoing:
        """The message without its charts; who is known by handle only is written as a word."""
        if names := mentioned(outgoing.blocks):
            notes = tuple(f"{name} was not called: a webhook looks nobody up" for name in names)
            blocks = called(outgoing.blocks, {})
            outgoing = replace(outgoing, blocks=blocks, notes=(*outgoing.notes, *notes))
        if not outgoing.charts:
            return outgoing
        note = "told without its charts: a webhook takes no pictures"
        return replace(outgoing, charts=(), images={}, notes=(*outgoing.notes, note))

    def post(self, outgoing: Outgoing) -> Receipt:
        """Posts once; in plain text if Slack refuses the blocks."""
        try:
            self._send(outgoing, placed(outgoing.blocks, {}))
        except SlackRefusedError as refusal:
            if not refusal.blames_blocks:
                raise
            self._send(outgoing, [])
            return Receipt("", "", (f"told in plain text only: {refusal.message}",))
        return Receipt("", "")

    def update(self, _outgoing: Outgoing, _ts: str) -> Receipt:
        """A webhook cannot change what was posted."""
        why = "a webhook cannot change what was posted"
        raise SlackRefusedError(why, "use a bot token", "cant_update_message")

    def find(self, _outgoing: Outgoing, _since: datetime) -> Unknown:
        """A webhook cannot look back."""
        return Unknown("a webhook cannot read what it posted")

    def _send(self, outgoing: Outgoing, blocks: Sequence[Json]) -> None:
        content = {"text": outgoing.text, "unfurl_links": False, "unfurl_media": False}
        body = json.dumps({**content, "blocks": list(blocks)} if blocks else content).encode()
        request = posting(self._url, body, "application/json; charset=utf-8")
        try:
            with self._line.writing_until(outgoing.until):
                status, headers, answer = self._line.exchange(request)
        except (OSError, HTTPException) as error:
            raise unanswered(error) from None
        words = answer[:200].decode("utf-8", errors="replace").strip()
        if (status, words) != (200, "ok"):
            raise answered(status, dict(headers.items()), words, "the webhook's channel")
