"""Slack through its Web API: charts, people, one post for a message, and looking it up again.

Every message carries its key as metadata, which is what makes "once" possible: a post whose answer
was lost is found in the channel's history, or in its thread.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice

from bot.delivery.base import Json, Outgoing, Receipt, Unknown
from bot.delivery.channels import ChannelIds
from bot.delivery.line import TIMEOUT_SECONDS, Line
from bot.delivery.people import KnownNames, People
from bot.delivery.pictures import Pictures
from bot.delivery.shapes import words
from bot.delivery.slack_api import PAGE, SlackApi, key_of
from bot.delivery.slack_errors import SlackRefusedError
from bot.messages.placeholders import called, mentioned, placed

CLOCK_SKEW = timedelta(hours=1)
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
_Send = Callable[[Outgoing, list[Json] | None], Receipt]


class SlackNotifier:
    """A bot of one workspace.

    `token` is a bot token (`xoxb-…`); `proxy` the URL of an HTTP proxy; `names` where people
    found once are remembered. Nothing is asked of Slack before the first message.
    """

    def __init__(
        self,
        token: str,
        base_url: str = "https://slack.com/api/",
        *,
        proxy: str | None = None,
        timeout: float = TIMEOUT_SECONDS,
        sleep: Callable[[float], None] = time.sleep,
        names: KnownNames | None = None,
    ) -> None:
        self._api = SlackApi(token, base_url, Line(proxy, timeout))
        self._pictures = Pictures(self._api, sleep)
        self._people = People(self._api, names)
        self._channels = ChannelIds(self._api.channels)
        self._sleep = sleep

    def prepare(self, outgoing: Outgoing) -> Outgoing:
        """The message with its charts uploaded and its people found.

        A chart that cannot be shown is left out, who cannot be found is written as a word; both
        with a note.
        """
        return self._with_people(self._with_pictures(outgoing))

    def post(self, outgoing: Outgoing) -> Receipt:
        """Posts the message once.

        Only a definite refusal is followed by a poorer version: without the pictures if Slack
        does not show them, without blocks if it does not take them.
        """
        return self._poorer_if_refused(outgoing, self._send)

    def update(self, outgoing: Outgoing, ts: str) -> Receipt:
        """Rewrites the message at `ts`, with the same poorer versions."""

        def rewrite(what: Outgoing, blocks: list[Json] | None) -> Receipt:
            return self._api.update(what, ts, blocks)

        return self._poorer_if_refused(outgoing, rewrite)

    def find(self, outgoing: Outgoing, since: datetime) -> Receipt | Unknown | None:
        """The message with this key in its thread or in the channel's history.

        Needs channels:history (groups:history in a private channel) and the bot in the channel.
        """
        try:
            channel_id = self._channels.id_of(outgoing.channel, outgoing.channel_id)
            if isinstance(channel_id, Unknown):
                return channel_id
            return self._find_in(channel_id, outgoing, since - CLOCK_SKEW)
        except SlackRefusedError as refusal:
            if refusal.code not in _CANNOT_LOOK:
                raise
            return Unknown(refusal.message)

    def _with_pictures(self, outgoing: Outgoing) -> Outgoing:
        missing = [chart for chart in outgoing.charts if chart.name not in outgoing.images]
        if not missing:
            return outgoing
        images, notes = self._pictures.upload(missing)
        found = {**outgoing.images, **images}
        return replace(outgoing, images=found, notes=(*outgoing.notes, *notes))

    def _with_people(self, outgoing: Outgoing) -> Outgoing:
        names = mentioned(outgoing.blocks)
        if not names:
            return outgoing
        people, notes = self._people.find(names)
        blocks = called(outgoing.blocks, people)
        return replace(outgoing, blocks=blocks, notes=(*outgoing.notes, *notes))

    def _poorer_if_refused(self, outgoing: Outgoing, send: _Send) -> Receipt:
        try:
            return self._with_pictures_or_not(outgoing, send)
        except SlackRefusedError as refusal:
            if refusal.code == "metadata_too_large" and outgoing.also_keys:
                alone = self._poorer_if_refused(replace(outgoing, also_keys=()), send)
                note = "told without the keys of the other alerts in it: too many for Slack"
                return alone._replace(notes=(*alone.notes, note))
            if not refusal.blames_blocks:
                raise
            note = f"told in plain text only: {refusal.message}"
        return send(outgoing, None)._replace(notes=(note,))

    def _with_pictures_or_not(self, outgoing: Outgoing, send: _Send) -> Receipt:
        if not outgoing.images:
            return send(outgoing, placed(outgoing.blocks, {}))
        whole = placed(outgoing.blocks, outgoing.images)
        for pause in (*_PICTURE_PAUSES, None):
            try:
                return send(outgoing, whole)
            except SlackRefusedError as refusal:
                if not refusal.blames_picture:
                    raise
            if pause is not None:
                self._sleep(pause)
        note = "told without its charts: Slack does not show them"
        return send(outgoing, placed(outgoing.blocks, {}))._replace(notes=(note,))

    def _send(self, outgoing: Outgoing, blocks: list[Json] | None) -> Receipt:
        receipt = self._api.post(outgoing, blocks)
        if not outgoing.thread_ts:
            self._channels.remember(outgoing.channel, receipt.channel_id)
        return receipt

    def _find_in(
        self, channel_id: str, outgoing: Outgoing, oldest: datetime
    ) -> Receipt | Unknown | None:
        """In the thread first; a reply whose thread was gone is a message of its own."""
        found = self._find_in_thread(channel_id, outgoing, oldest) if outgoing.thread_ts else None
        if found is not None:
            return found
        return _found(self._api.history(channel_id, oldest), channel_id, outgoing.key)

    def _find_in_thread(
        self, channel_id: str, outgoing: Outgoing, oldest: datetime
    ) -> Receipt | Unknown | None:
        try:
            thread = self._api.replies(channel_id, outgoing.thread_ts, oldest)
            return _found(thread, channel_id, outgoing.key)
        except SlackRefusedError as refusal:
            if not refusal.blames_place:
                raise
            return None


def _found(messages: Iterator[Json], channel_id: str, key: str) -> Receipt | Unknown | None:
    for message in islice(messages, PAGE * _MOST_PAGES):
        if key_of(message) == key:
            ts, thread_ts = words(message, "ts"), str(message.get("thread_ts") or "")
            return Receipt(channel_id, ts, (), "" if thread_ts == ts else thread_ts)
    if next(messages, None) is not None:
        return Unknown("too many messages have been written there since")
    return None
