"""What is added to a message because of the way it took: late, elsewhere, perhaps twice.

A remark is a line of small print, and stands in the notification too.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta

from bot.delivery.base import Json, Outgoing
from bot.messages.blockkit import BLOCKS, NOTIFICATION
from bot.messages.model import Instant, Span
from bot.messages.slack_text import escape, plain_text, small_print
from bot.spend.names import ELLIPSIS, cut, visible

REPEATED = "(possibly repeated)"

LATE = timedelta(hours=1)
"""A message told later than this after it was decided says so."""

_PART_OF_ENTITY = re.compile(r"&[a-z]{0,3}$")


def repeated(outgoing: Outgoing) -> Outgoing:
    """The message with a remark that it may be there twice."""
    return _remarked(outgoing, REPEATED, [plain_text(REPEATED)])


def late(outgoing: Outgoing, decided: datetime, now: datetime) -> Outgoing:
    """The message with a remark on when it was decided, if that was more than an hour ago."""
    if now - decided <= LATE:
        return outgoing
    ago = f"{_length(now - decided)} ago"
    line = (Span("Decided "), Instant(decided), Span(f", {ago}; it could not be told before"))
    return _remarked(outgoing, f"(decided {ago}, could not be told before)", small_print(line))


def diverted(outgoing: Outgoing, instead_of: str, why: str) -> Outgoing:
    """The message with a notice that it should have gone to another channel, and why it did not."""
    words = cut(visible(f"Could not be told in {instead_of}: {why}"), 600)
    return _remarked(outgoing, f"({escape(cut(words, 300))})", [plain_text(words)])


def _length(span: timedelta) -> str:
    hours = span / timedelta(hours=1)
    return f"{hours:.0f} h" if hours < 48 else f"{hours / 24:.0f} days"


def _remarked(outgoing: Outgoing, words: str, elements: list[Json]) -> Outgoing:
    """The remark after everything else; where there is no room, in the notification only."""
    context: Json = {"type": "context", "elements": elements}
    has_room = len(outgoing.blocks) < BLOCKS
    blocks = [*outgoing.blocks, context] if has_room else outgoing.blocks
    return replace(outgoing, text=_with(outgoing.text, words), blocks=blocks)


def _with(text: str, words: str) -> str:
    """The notification with words after it, as long as Slack shows in one piece."""
    room = NOTIFICATION - len(words) - 1
    if len(text) > room:
        text = _PART_OF_ENTITY.sub("", text[: room - 1]) + ELLIPSIS
    return f"{text} {words}"
