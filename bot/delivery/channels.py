"""Channel names and ids: people write `#llm-costs`, a channel's history wants `C0123456789`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from bot.delivery.base import Json, Unknown
from bot.delivery.shapes import words
from bot.delivery.slack_errors import SlackRefusedError

_ID = re.compile(r"[CGD][A-Z0-9]{7,}")
_ALL = "public_channel,private_channel"
_PUBLIC = "public_channel"


class ChannelIds:
    """The ids of channels; asked once, from `listing(types)`, which raises DeliveryError."""

    def __init__(self, listing: Callable[[str], Iterable[Json]]) -> None:
        self._listing = listing
        self._ids: dict[str, str] = {}

    def remember(self, channel: str, channel_id: str) -> None:
        """A message to `channel` went to this id."""
        self._ids[channel] = channel_id

    def id_of(self, channel: str, last_known: str = "") -> str | Unknown:
        """The channel's id. `last_known` is where its latest message went, if there was one."""
        if _ID.fullmatch(channel):
            return channel
        if found := self._ids.get(channel) or last_known:
            return found
        self._ids |= self._listed()
        return self._ids.get(channel) or Unknown(
            f"the id of {channel} is not known: write the id in slack.channel, "
            "or give the bot channels:read"
        )

    def _listed(self) -> dict[str, str]:
        """Ids by `#name` and `name`; public channels alone where groups:read is missing."""
        for types in (_ALL, _PUBLIC):
            try:
                found = {words(one, "name"): words(one, "id") for one in self._listing(types)}
            except SlackRefusedError as refusal:
                if refusal.code != "missing_scope":
                    raise
            else:
                return found | {f"#{name}": channel_id for name, channel_id in found.items()}
        return {}
