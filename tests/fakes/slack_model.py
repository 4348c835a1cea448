"""The fake workspace: channels, people, messages, files, and how to find them.

`Workspace` is the state behind `FakeSlack`, with its switches; the Web API's methods are functions
of a workspace and their arguments.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

TEAM, BOT_USER, BOT, APP, HOOK = "T0FAKE0001", "U0BOT00001", "B0BOT00001", "A0APP00001", "B0HOOK001"
ALL_SCOPES = frozenset(
    {
        "chat:write",
        "chat:write.public",
        "files:read",
        "files:write",
        "channels:history",
        "groups:history",
        "channels:read",
        "groups:read",
        "users:read",
        "users:read.email",
        "usergroups:read",
    }
)
SIGNATURES = ((b"\x89PNG\r\n", "png"), (b"\xff\xd8\xff", "jpg"), (b"GIF8", "gif"))
MIME = {"png": "image/png", "jpg": "image/jpeg", "gif": "image/gif"}


class SlackError(Exception):
    """An answer `{"ok": false, "error": code}` with what else it carries."""

    def __init__(self, code: str, *, errors: Iterable[str] = (), **extra: Any) -> None:
        super().__init__(code)
        self.code = code
        self.errors = list(errors)
        self.body: dict[str, Any] = {"ok": False, "error": code, **extra}
        if self.errors:
            self.body["errors"] = self.errors
            messages = [f"[ERROR] {text}" for text in self.errors]
            self.body["response_metadata"] = {"messages": messages}


@dataclass(slots=True)
class Channel:
    """A channel and how the bot stands to it."""

    id: str
    name: str
    is_private: bool = False
    is_member: bool = True
    is_archived: bool = False


class Person(NamedTuple):
    """Someone of the workspace; a message to the id goes to their direct messages."""

    id: str
    name: str
    email: str | None = None
    real_name: str = ""
    display_name: str | None = None  # the name if None
    deleted: bool = False


class UserGroup(NamedTuple):
    """What `@handle` stands for when many are called."""

    id: str
    handle: str
    name: str = ""


@dataclass(slots=True)
class Message:
    """A message people can see now. `metadata` is what Slack kept of it; None if nothing."""

    channel: str  # id
    ts: str
    text: str
    blocks: list[dict[str, Any]] = field(default_factory=list)
    attachments: list[dict[str, Any]] = field(default_factory=list)
    metadata: dict[str, Any] | None = None
    thread_ts: str | None = None  # the parent's ts, for a reply
    broadcast: bool = False
    edited: int = 0  # times updated
    edit_shown: bool = False  # the "(edited)" flag
    user: str = BOT_USER
    bot_id: str | None = BOT
    files: list[str] = field(default_factory=list)

    @property
    def key(self) -> Any:
        """`event_payload.key` of the metadata: what identifies a message of the bot."""
        return ((self.metadata or {}).get("event_payload") or {}).get("key")

    @property
    def keys(self) -> Any:
        """`event_payload.keys`: what else it tells."""
        return ((self.metadata or {}).get("event_payload") or {}).get("keys")


@dataclass(slots=True)
class File:
    """An uploaded file. Until `waits` polls have been made after completion it has no type."""

    id: str
    name: str
    length: int
    title: str = ""
    content: bytes | None = None
    completed: bool = False
    waits: int = 0
    broken: bool = False
    channels: list[str] = field(default_factory=list)

    @property
    def ready(self) -> bool:
        """Has Slack finished processing it?"""
        return self.completed and not self.waits and not self.broken

    @property
    def filetype(self) -> str:
        """`png`, `jpg`, `gif` by content, else `binary`; empty while processing."""
        if not self.ready:
            return ""
        start = self.content or b""
        return next((kind for mark, kind in SIGNATURES if start.startswith(mark)), "binary")

    @property
    def is_picture(self) -> bool:
        """Can a `slack_file` block show it now?"""
        return self.filetype in MIME

    def polled(self) -> None:
        """Somebody looked: processing comes one step nearer its end."""
        self.waits = max(0, self.waits - 1)


class Arguments:
    """Arguments of a call, however they were sent (JSON, form, query)."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.values = {name: value for name, value in values.items() if value is not None}

    def __contains__(self, name: str) -> bool:
        return name in self.values

    def text(self, name: str) -> str:
        """The argument as text; empty when absent."""
        return str(self.values.get(name, ""))

    def required(self, name: str) -> str:
        """The argument as text, or `invalid_arguments`."""
        if not (value := self.text(name)):
            raise SlackError("invalid_arguments", errors=[f"missing required field: {name}"])
        return value

    def flag(self, name: str) -> bool:
        """A boolean, as JSON or as form text."""
        return self.text(name).lower() in {"1", "true"}

    def number(self, name: str, default: int) -> int:
        """An integer, or `invalid_arguments`."""
        try:
            return int(self.values.get(name) or default)
        except (TypeError, ValueError):
            raise SlackError("invalid_arguments", errors=[f"not a number: {name}"]) from None

    def decoded(self, name: str, error: str) -> Any:
        """A structure, sent as such or as JSON text; `error` when the text is no JSON."""
        value = self.values.get(name)
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value) if value else None
        except ValueError:
            raise SlackError(error) from None


class Workspace:
    """State and switches of the fake workspace.

    `processing_calls`: polls (`files.info`, or `files.completeUploadExternal` once more) that find
    a new file unfinished. `files_never_ready`: files uploaded from now on stay unfinished.
    `token_error`: what every call answers from now on, such as `token_revoked`.
    """

    def __init__(
        self,
        clock: Callable[[], datetime],
        channels: Iterable[Channel],
        people: Iterable[Person],
        usergroups: Iterable[UserGroup],
        scopes: Iterable[str],
    ) -> None:
        self.clock = clock
        self.channels = list(channels)
        self.people = list(people)
        self.usergroups = list(usergroups)
        self.scopes = set(scopes)
        self.messages: list[Message] = []
        self.files: dict[str, File] = {}
        self.processing_calls = 2
        self.files_never_ready = False
        self.token_error: str | None = None
        self.metadata_limit = 8_000  # characters; Slack publishes no number
        # called for each message that is posted or updated
        self.on_message: Callable[[Message], None] = lambda _message: None
        self._last_ts = 0

    def new_ts(self) -> str:
        """A timestamp no other message has, never before an earlier one."""
        self._last_ts = max(self._last_ts + 1, int(self.clock().timestamp() * 1_000_000))
        return f"{self._last_ts // 1_000_000}.{self._last_ts % 1_000_000:06d}"

    def post(self, message: Message) -> Message:
        """Make a message visible."""
        self.messages.append(message)
        self.on_message(message)
        return message

    def say(self, channel: str, text: str, user: str = "U0ADA00001") -> Message:
        """A person writes into a channel (by id)."""
        return self.post(Message(channel, self.new_ts(), text, user=user, bot_id=None))

    def delete(self, message: Message) -> None:
        """Somebody deletes a message; of a thread the replies stay, and the root can be replied to
        no more."""
        self.messages.remove(message)

    def message(self, channel: str, ts: str) -> Message | None:
        """The message at a place, if there is one."""
        found = (m for m in self.messages if (m.channel, m.ts) == (channel, ts))
        return next(found, None)

    def channel(self, reference: str, *, by_name: bool = False) -> Channel:
        """A channel by id, or also by `#name`; a private one only for its members."""
        for channel in self.channels:
            known = channel.is_member or not channel.is_private
            named = by_name and reference.removeprefix("#") == channel.name
            if known and (reference == channel.id or named):
                return channel
        raise SlackError("channel_not_found")

    def direct(self, user_id: str) -> Channel:
        """The direct messages with a person; opened if need be."""
        if user_id not in {person.id for person in self.people}:
            raise SlackError("channel_not_found")
        place = Channel(f"D{user_id[1:]}", user_id, is_private=True)
        if place.id not in {channel.id for channel in self.channels}:
            self.channels.append(place)
        return place

    def need(self, scope: str) -> None:
        """`missing_scope` unless the token has it."""
        if scope not in self.scopes:
            provided = ",".join(sorted(self.scopes))
            raise SlackError("missing_scope", needed=scope, provided=provided)
