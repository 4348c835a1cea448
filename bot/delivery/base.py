"""What delivery needs: a message ready to go, a place that takes it, an outbox that remembers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from bot.messages.model import Chart, MessageType

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message ready to be handed over.

    `blocks` hold a placeholder where each chart goes; `images` are the charts that are uploaded
    (name -> file id), the others are left out. `channel_id` is the id Slack last gave for the
    channel, empty if unknown. `notes` say what had to be left out, for the operator.
    """

    key: str
    type: MessageType
    channel: str
    text: str
    blocks: Sequence[Json]
    charts: tuple[Chart, ...] = ()
    channel_id: str = ""
    images: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


class Receipt(NamedTuple):
    """Where a message is. Both are empty for a place that does not tell (a webhook)."""

    channel_id: str
    ts: str
    notes: tuple[str, ...] = ()


class Unknown(NamedTuple):
    """Whether a message was posted cannot be found out, now or later."""

    why: str


class Notifier(Protocol):
    """A place that takes messages."""

    def prepare(self, outgoing: Outgoing) -> Outgoing:
        """Does what is harmless to repeat: uploads the charts. Never fails: it leaves out."""

    def post(self, outgoing: Outgoing) -> Receipt:
        """Posts once. Raises DeliveryError: permanent, ambiguous, or neither (not posted)."""

    def find(self, outgoing: Outgoing, since: datetime) -> Receipt | Unknown | None:
        """The message with this key posted after `since`; None if it is certainly not there.

        Raises DeliveryError when it could not be looked up just now.
        """


class Entry(Protocol):
    """A row of the outbox."""

    @property
    def key(self) -> str: ...
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
    def in_doubt(self) -> bool: ...
    @property
    def action(self) -> str: ...
    @property
    def parent(self) -> str | None: ...
    @property
    def broadcast(self) -> bool: ...
    @property
    def also_keys(self) -> Sequence[str]: ...
    @property
    def fallback_from(self) -> str | None: ...


class Outbox(Protocol):
    """What dispatch asks of `bot.store.outbox.Outbox`; the meanings are told there."""

    def waiting(self) -> Sequence[Entry]: ...
    def claim(self, key: str, attempts: int, now: datetime) -> bool: ...
    def mark_sent(self, key: str, now: datetime, channel_id: str, ts: str) -> None: ...
    def mark_presumed(self, key: str, now: datetime, error: str) -> None: ...
    def mark_failed(self, key: str, error: str) -> None: ...
    def mark_unsure(self, key: str, error: str) -> None: ...
