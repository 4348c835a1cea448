"""Where messages are in Slack, and where they were meant to be."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple


class Place(NamedTuple):
    """Where in Slack a message is that was sent: the place its replies and updates belong to.

    `ts` is empty where that is not known: it went by webhook, or counts as sent without an
    answer. `images` are the file ids of its charts by name.
    """

    channel_id: str = ""
    ts: str = ""
    thread_ts: str = ""
    images: Mapping[str, str] = MappingProxyType({})

    @property
    def root(self) -> str:
        """The ts of the thread's first message; a reply's own ts never begins a thread."""
        return self.thread_ts or self.ts


class Aim(NamedTuple):
    """The channel really tried.

    `instead_of` is the one it should have gone to, if that is another; `why` it did not.
    """

    channel: str
    instead_of: str = ""
    why: str = ""
