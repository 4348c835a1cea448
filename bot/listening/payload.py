"""What an envelope of Socket Mode says. Nothing in it is trusted to be there, or to be of its type.

Fields: docs.slack.dev, "block_actions payload" and "Slash commands".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from html import unescape
from typing import Any

from bot.messages.controls import ACKNOWLEDGE, DASHBOARD, SNOOZE, WHY, fingerprint_in

COMMANDS = "slash_commands"
PRESSES = "interactive"
MOST_TEXT = 3_000
"""Characters of a text that are looked at; no alert's key is longer."""


@dataclass(frozen=True, slots=True)
class Asker:
    """Who pressed or asked, in which workspace, and the address that answers only them."""

    user: str
    team: str
    response_url: str

    @property
    def name(self) -> str:
        """As it is remembered: `<@U…>`."""
        return f"<@{self.user}>"


@dataclass(frozen=True, slots=True)
class Press:
    """A button or a menu of an alert. `key` is the alert's, or empty; then `fingerprint` tells it.

    `choice` is what was chosen in a menu; `at` when it was pressed, by Slack's clock.
    """

    asker: Asker
    action: str
    key: str
    fingerprint: str
    choice: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Question:
    """The words after `/budget`."""

    asker: Asker
    words: str


@dataclass(frozen=True, slots=True)
class Ignored:
    """Nothing to act on. `why` is empty for what is no news to anybody."""

    why: str = ""


def read(kind: str, payload: object) -> Press | Question | Ignored:
    """What the payload of an envelope of this kind says."""
    if kind not in (COMMANDS, PRESSES):
        return Ignored(f"an envelope of type {kind[:40]!r}")
    if not isinstance(payload, Mapping):
        return Ignored("a payload that is no object")
    try:
        return _question(payload) if kind == COMMANDS else _press(payload)
    except _MalformedError as error:
        return Ignored(f"a malformed payload: {error}")


class _MalformedError(ValueError):
    """A field is missing or of another type."""


def _press(payload: Mapping[str, Any]) -> Press | Ignored:
    if payload.get("type") != "block_actions":
        return Ignored("an interaction that is no press of a button")
    actions = payload.get("actions")
    action = actions[0] if isinstance(actions, list) and actions else None
    if not isinstance(action, Mapping):
        raise _MalformedError("no actions")
    pressed = _text(action, "action_id")
    if pressed == DASHBOARD:  # the browser has opened it
        return Ignored()
    if pressed not in (ACKNOWLEDGE, SNOOZE, WHY):
        return Ignored("a press of a button of something else")
    chosen = action.get("selected_option")
    return Press(
        Asker(_in(payload, "user", "id"), _in(payload, "team", "id"), _url(payload)),
        pressed,
        _text(action, "value") if "value" in action else "",
        fingerprint_in(_text(action, "block_id")),
        _text(chosen, "value") if isinstance(chosen, Mapping) else "",
        _instant(action.get("action_ts")),
    )


def _question(payload: Mapping[str, Any]) -> Question:
    asker = Asker(_text(payload, "user_id"), _text(payload, "team_id"), _url(payload))
    words = _text(payload, "text") if "text" in payload else ""
    return Question(asker, unescape(words))


def _in(payload: Mapping[str, Any], name: str, field: str) -> str:
    part = payload.get(name)
    if not isinstance(part, Mapping):
        raise _MalformedError(f"no {name}")
    return _text(part, field)


def _text(part: Mapping[str, Any], name: str) -> str:
    text = part.get(name)
    if not isinstance(text, str):
        raise _MalformedError(f"no {name}")
    return text[:MOST_TEXT]


def _url(payload: Mapping[str, Any]) -> str:
    url = payload.get("response_url")
    return url if isinstance(url, str) else ""


def _instant(stamp: object) -> datetime | None:
    try:
        return datetime.fromtimestamp(float(str(stamp)[:20]), UTC)
    except (ValueError, OverflowError, OSError):
        return None
