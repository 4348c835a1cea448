"""What delivery needs: a message ready to go, a place that takes it, an outbox that remembers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from math import inf
from typing import Any, NamedTuple, Protocol

from bot.messages.model import Action, Chart, MessageType
from bot.store.place import Aim, Place

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message ready to be handed over.

    `blocks` hold a placeholder where each chart goes; `images` are the charts that are uploaded
    (name -> file id), the others are left out. `channel_id` is the id Slack last gave for the
    channel, empty if unknown. `thread_ts` is the root of the thread it is a reply in, empty for a
    message of its own; `broadcast` shows a reply in the channel too. `also_keys` are further keys
    it tells. `notes` say what had to be left out, for the operator. After `until` (`ticks`) nothing
    of it may be written any more: another process may have it in hand by then.
    """

    key: str
    type: MessageType
    channel: str
    text: str
    blocks: Sequence[Json]
    charts: tuple[Chart, ...] = ()
    channel_id: str = ""
    thread_ts: str = ""
    broadcast: bool = False
    also_keys: tuple[str, ...] = ()
    images: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    until: float = inf


class Receipt(NamedTuple):
    """Where a message is. All is empty for a place that does not tell (a webhook).

    `thread_ts` is the root of the thread it is a reply in, empty for a message of its own.
    """

    channel_id: str
    ts: str
    notes: tuple[str, ...] = ()
    thread_ts: str = ""


class Unknown(NamedTuple):
    """Whether a message was posted cannot be found out, now or later."""

    why: str


class Notifier(Protocol):
    """A place that takes messages."""

    def prepare(self, outgoing: Outgoing) -> Outgoing:
        """Does what is harmless to repeat: uploads charts, finds people. Never fails: leaves out.

        A chart that is among `images` already is not uploaded again.
        """

    def post(self, outgoing: Outgoing) -> Receipt:
        """Posts once. Raises DeliveryError: permanent, ambiguous, or neither (not posted)."""

    def update(self, outgoing: Outgoing, ts: str) -> Receipt:
        """Gives the message at `ts` of `channel_id` these words; harmless to repeat.

        Raises DeliveryError.
        """

    def find(self, outgoing: Outgoing, since: datetime) -> Receipt | Unknown | None:
        """The message with this key posted after `since`; None if it is certainly not there.

        Raises DeliveryError when it could not be looked up just now.
        """


class Entry(Protocol):
    """A row of the outbox."""

    @property
    def key(self) -> str: ...
    @property
    def alert_key(self) -> str | None: ...
    @property
    def type(self) -> MessageType: ...
    @property
    def channel(self) -> str: ...
    @property
    def channel_id(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def blocks(self) -> Sequence[Json]: ...
    @property
    def charts(self) -> tuple[Chart, ...]: ...
    @property
    def attempts(self) -> int: ...
    @property
    def attempted_at(self) -> datetime | None: ...
    @property
    def created_at(self) -> datetime: ...
    @property
    def in_doubt(self) -> bool: ...
    @property
    def action(self) -> Action: ...
    @property
    def parent(self) -> str | None: ...
    @property
    def broadcast(self) -> bool: ...
    @property
    def also_keys(self) -> tuple[str, ...]: ...
    @property
    def fallback_from(self) -> str | None: ...
    @property
    def fallback_why(self) -> str | None: ...


class Outbox(Protocol):
    """What dispatch asks of `bot.store.outbox.Outbox`; the meanings are told there."""

    def waiting(self) -> Sequence[Entry]: ...
    def place(self, key: str) -> Place | None: ...
    def known_id(self, channel: str) -> str: ...
    def is_outdated(self, parent: str, decided: datetime) -> bool: ...
    def claim(self, key: str, attempts: int, now: datetime, aim: Aim | None = None) -> bool: ...
    def mark_sent(
        self,
        key: str,
        now: datetime,
        channel_id: str,
        ts: str,
        thread_ts: str = "",
        images: Mapping[str, str] = ...,
    ) -> None: ...
    def mark_presumed(self, key: str, now: datetime, error: str) -> None: ...
    def mark_failed(self, key: str, attempts: int, error: str) -> None: ...
    def mark_unsure(self, key: str, error: str) -> None: ...
