"""Slack through its Web API: charts, one post for a message, and looking it up again.

Every message carries its key as metadata, which is what makes "once" possible: a post whose answer
was lost is found in the channel's history.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice

from bot.delivery.base import Json, Outgoing, Receipt, Unknown
from bot.delivery.channels import ChannelIds
from bot.delivery.line import TIMEOUT_SECONDS, Line
from bot.delivery.pictures import Pictures
from bot.delivery.slack_api import PAGE, SlackApi, key_of
from bot.delivery.slack_errors import SlackRefusedError
from bot.messages.placeholders import placed

CLOCK_SKEW = timedelta(seconds=60)
"""How far this machine's clock may be ahead of Slack's."""

_MOST_PAGES = 25
_PICTURE_PAUSES = (1.0, 2.0)
_CANNOT_LOOK = {
    "missing_scope",
    "no_permission",
    "access_denied",
    "not_in_channel",
    "channel_not_found",
    "not_allowed_token_type",
    "method_not_supported_for_channel_type",
}


class SlackNotifier:
    """A bot of one workspace.

    `token` is a bot token (`xoxb-…`); `proxy` the URL of an HTTP proxy. Nothing is asked of Slack
    before the first message.
    """

    def __init__(
        self,
        token: str,
        base_url: str = "https://slack.com/api/",
        *,
        proxy: str | None = None,
        timeout: float = TIMEOUT_SECONDS,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._api = SlackApi(token, base_url, Line(proxy, timeout))
        self._pictures = Pictures(self._api, sleep)
        self._channels = ChannelIds(self._api.channels)
        self._sleep = sleep

    def prepare(self, outgoing: Outgoing) -> Outgoing:
        """The message with its charts uploaded; those that cannot be are left out, with a note."""
        if not outgoing.charts:
            return outgoing
        images, notes = self._pictures.upload(outgoing.charts)
        return replace(outgoing, images=images, notes=(*outgoing.notes, *notes))

    def post(self, outgoing: Outgoing) -> Receipt:
        """Posts the message once.

        Only a definite refusal is followed by a poorer version: without the pictures if Slack
        does not show them, without blocks if it does not take them.
        """
        try:
            return self._post_with_pictures(outgoing)
        except SlackRefusedError as refusal:
            if not refusal.blames_blocks:
                raise
            note = f"told in plain text only: {refusal.message}"
        return self._send(outgoing, None)._replace(notes=(note,))

    def find(self, outgoing: Outgoing, since: datetime) -> Receipt | Unknown | None:
        """The message with this key in the channel's history.

        Needs channels:history (groups:history in a private channel) and the bot in the channel.
        """
        try:
            channel_id = self._channels.id_of(outgoing.channel, outgoing.channel_id)
            if isinstance(channel_id, Unknown):
                return channel_id
            return self._find_in(channel_id, outgoing.key, since - CLOCK_SKEW)
        except SlackRefusedError as refusal:
            if refusal.code not in _CANNOT_LOOK:
                raise
            return Unknown(refusal.message)

    def _post_with_pictures(self, outgoing: Outgoing) -> Receipt:
        if not outgoing.images:
            return self._send(outgoing, placed(outgoing.blocks, {}))
        whole = placed(outgoing.blocks, outgoing.images)
        for pause in (*_PICTURE_PAUSES, None):
            try:
                return self._send(outgoing, whole)
            except SlackRefusedError as refusal:
                if not refusal.blames_picture:
                    raise
            if pause is not None:
                self._sleep(pause)
        note = "told without its charts: Slack does not show them"
        return self._send(outgoing, placed(outgoing.blocks, {}))._replace(notes=(note,))

    def _send(self, outgoing: Outgoing, blocks: list[Json] | None) -> Receipt:
        receipt = self._api.post(outgoing, blocks)
        self._channels.remember(outgoing.channel, receipt.channel_id)
        return receipt

    def _find_in(self, channel_id: str, key: str, oldest: datetime) -> Receipt | Unknown | None:
        messages = self._api.history(channel_id, oldest)
        for message in islice(messages, PAGE * _MOST_PAGES):
            if key_of(message) == key:
                return Receipt(channel_id, str(message["ts"]))
        if next(messages, None) is not None:
            return Unknown("too many messages have been written there since")
        return None
