"""A message as content: what is said, without any idea of Slack or of a terminal.

Names from the API are hostile text. They travel in spans and cells, never inside markup, and
every renderer escapes them in its own way.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Style(StrEnum):
    """How a span of text is set."""

    PLAIN = "plain"
    BOLD = "bold"
    CODE = "code"
    MUTED = "muted"


@dataclass(frozen=True, slots=True)
class Span:
    """A run of literal text in one style."""

    text: str
    style: Style = Style.PLAIN


@dataclass(frozen=True, slots=True)
class Instant:
    """A moment, shown in the reader's own zone where the place can; else in UTC."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Link:
    """A link written by us or by the configuration, never made from an API name."""

    text: str
    url: str


@dataclass(frozen=True, slots=True)
class Mention:
    """Somebody to be called: a Slack user id (`U…`, `W…`), group id (`S…`), or `here`/`channel`.

    Anything else is a handle (`@search-oncall`) or an address, looked up when it is sent.
    """

    id: str


Piece = Span | Instant | Link | Mention
Line = tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Header:
    """The message's headline: plain text."""

    text: str


@dataclass(frozen=True, slots=True)
class Lines:
    """A paragraph: one or more lines of pieces. `bullets` sets them as a list."""

    lines: tuple[Line, ...]
    bullets: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """Label/value pairs, shown in two columns where there is room."""

    pairs: tuple[tuple[str, str], ...]


class Align(StrEnum):
    LEFT = "left"
    RIGHT = "right"


@dataclass(frozen=True, slots=True)
class Table:
    """A small table: columns (title, alignment) and rows of plain-text cells."""

    columns: tuple[tuple[str, Align], ...]
    rows: tuple[tuple[str, ...], ...]
    title: str = ""


@dataclass(frozen=True, slots=True)
class Chart:
    """A picture of the message. `alt` states its takeaway; `name` is a file name without folder."""

    name: str
    alt: str
    png: bytes


@dataclass(frozen=True, slots=True)
class Note:
    """Small print: data age, rule, source."""

    line: Line


@dataclass(frozen=True, slots=True)
class Divider:
    """A pause between parts."""


@dataclass(frozen=True, slots=True)
class Buttons:
    """What people can do about an alert, in a place that has buttons; nothing elsewhere.

    `snoozes` are lengths such as `4h`, or `REST_OF_PERIOD`; `acknowledge` is whether nobody has
    it in hand yet. `version` differs between one message and its update: Slack keeps what was
    chosen in a menu for as long as its block has the same id.
    """

    alert_key: str
    snoozes: tuple[str, ...]
    acknowledge: bool = True
    version: int = 0


REST_OF_PERIOD = "period"
"""The length of a snooze that lasts until the alert's period is over."""

Block = Header | Lines | Facts | Table | Chart | Note | Divider | Buttons


class MessageType(StrEnum):
    ALERT = "alert"
    DIGEST = "digest"
    NOTICE = "notice"


class Action(StrEnum):
    """What is done with a message."""

    POST = "post"
    """A message of its own in its channel."""
    REPLY = "reply"
    """In the thread of its parent, or of the root of the thread the parent is in."""
    UPDATE = "update"
    """The parent's own message gets these words. Of several that wait the newest counts."""


@dataclass(frozen=True, slots=True)
class Message:
    """Something to say in one channel.

    `key` identifies what is told, once and for all; `summary` says it all in plain text by
    itself (it becomes the notification). `parent` is the key of the message that a reply or an
    update belongs to; `broadcast`: the reply is shown in the channel too; `also_keys`: further
    message keys that this one tells.
    """

    key: str
    type: MessageType
    channel: str
    summary: str
    blocks: tuple[Block, ...]
    action: Action = Action.POST
    parent: str | None = None
    broadcast: bool = False
    also_keys: tuple[str, ...] = ()

    @property
    def charts(self) -> tuple[Chart, ...]:
        return tuple(block for block in self.blocks if isinstance(block, Chart))
