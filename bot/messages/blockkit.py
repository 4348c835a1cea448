"""A message as Block Kit: plain dicts that keep every documented limit by construction.

Long content is cut, and the cut is shown (`… and 12 more`). Names stay literal: plain_text,
rich_text elements, or escaped `verbatim` mrkdwn free of markup characters.
Limits: docs.slack.dev, "Block Kit"; the limit of a message's whole text is not documented, and
`msg_blocks_too_long` was met between 11,000 and 13,000 characters (slackapi/bolt-js#2509).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from bot.messages.controls import controls
from bot.messages.grid import aligned
from bot.messages.model import (
    Block,
    Buttons,
    Chart,
    Divider,
    Facts,
    Header,
    Line,
    Lines,
    Message,
    Note,
    Style,
    Table,
)
from bot.messages.slack_text import (
    Json,
    elements,
    escape,
    is_plain,
    mrkdwn,
    plain_text,
    small_print,
    text_element,
    weight,
)
from bot.spend.names import cut, visible

BLOCKS = 50
"""Blocks in a message."""

WHOLE_TEXT = 9_500
"""Characters of text in all blocks together, kept under the 10,000 where Slack may refuse."""

NOTIFICATION = 3_900
"""Characters of the notification text; Slack advises 4,000."""

_PART = 2_900  # a text object holds 3,000
_LINE = 600
_LEAST = 700  # less room than this shows nothing worth reading of a part that has to be cut
_HEADER = 150
_FIELDS = 10
_MOST_FACTS = 20
_LABEL, _VALUE = 80, 240
_ALT = 1_000
_LAST_WORDS = 60  # kept free for "… and 12 more parts"
_NO_IMAGES: Mapping[str, str] = MappingProxyType({})


def blocks(message: Message, images: Mapping[str, str] = _NO_IMAGES) -> list[Json]:
    """The message's blocks, at most 50, under 10,000 characters of text together.

    `images`: chart name -> Slack file id of its uploaded picture; a chart without one is left
    out. Empty parts are left out too, since Slack refuses empty text.
    """
    parts = [part for part in message.blocks if not _is_absent(part, images)]
    made: list[Json] = []
    room = WHOLE_TEXT - _LAST_WORDS
    for n, part in enumerate(parts):
        shown = _shown(part, max(room, _LEAST), images)
        if weight(shown) > room or len(made) + len(shown) >= BLOCKS:
            return [*made, _and_more(len(parts) - n, "part")]
        made += shown
        room -= weight(shown)
    return made


def fallback_text(message: Message) -> str:
    """The notification: the summary by itself, escaped, at most 3,900 characters."""
    summary = visible(message.summary).strip()
    limit = NOTIFICATION
    while len(shown := escape(cut(summary, limit))) > NOTIFICATION:
        limit -= max(1, (len(shown) - NOTIFICATION) // 5)
    return shown


def _is_absent(part: Block, images: Mapping[str, str]) -> bool:
    return isinstance(part, Chart) and part.name not in images


def _shown(part: Block, room: int, images: Mapping[str, str]) -> list[Json]:
    """The part as blocks. Those that can be long fit themselves into `room` characters."""
    made: list[Json] = []
    match part:
        case Header(text):
            made = _header(visible(text).strip())
        case Lines():
            made = _lines(part, min(room, _PART))
        case Facts(pairs):
            made = _facts(pairs, room)
        case Table():
            made = _table(part, min(room, _PART))
        case Chart(name, alt):
            made = [_image(images[name], visible(alt).strip() or name)]
        case Note(line):
            made = _context(small_print(line))
        case Divider() | Buttons():
            made = controls(part) if isinstance(part, Buttons) else [{"type": "divider"}]
    return made


def _header(text: str) -> list[Json]:
    return [{"type": "header", "text": plain_text(cut(text, _HEADER))}] if text else []


def _image(file_id: str, alt: str) -> Json:
    return {"type": "image", "slack_file": {"id": file_id}, "alt_text": cut(alt, _ALT)}


def _context(made: list[Json]) -> list[Json]:
    return [{"type": "context", "elements": made}] if made else []


def _and_more(number: int, thing: str = "") -> Json:
    words = f"… and {number:,} more {thing}".strip() + ("s" if thing and number > 1 else "")
    return {"type": "context", "elements": [plain_text(words)]}


def _lines(part: Lines, room: int) -> list[Json]:
    """One rich_text block: a paragraph, or a list with one entry for each line."""
    taken, left_out = _as_many_as_fit(part.lines, room)
    if not taken and not left_out:
        return []
    if left_out:
        taken.append([text_element(f"… and {left_out:,} more")])
    return [_rich_text(_bullets(taken) if part.bullets else _paragraph(taken))]


def _as_many_as_fit(lines: Sequence[Line], room: int) -> tuple[list[list[Json]], int]:
    """The elements of the first lines that weigh less than `room`, and how many are left out."""
    taken: list[list[Json]] = []
    room -= _LAST_WORDS
    for n, line in enumerate(lines):
        made = elements(line, _LINE)
        room -= weight(made) + 1
        if room < 0:
            return taken, len(lines) - n
        if made:
            taken.append(made)
    return taken, 0


def _rich_text(part: Json, *others: Json) -> Json:
    return {"type": "rich_text", "elements": [part, *others]}


def _section(made: list[Json]) -> Json:
    return {"type": "rich_text_section", "elements": made}


def _bullets(lines: list[list[Json]]) -> Json:
    return {"type": "rich_text_list", "style": "bullet", "elements": list(map(_section, lines))}


def _paragraph(lines: list[list[Json]]) -> Json:
    first, *others = lines
    broken = [[text_element("\n"), *line] for line in others]
    return _section([*first, *(element for line in broken for element in line)])


def _facts(pairs: Sequence[tuple[str, str]], room: int) -> list[Json]:
    """Sections of up to ten fields each, twenty in all."""
    shown = [(_cell(label, _LABEL), _cell(value, _VALUE)) for label, value in pairs[:_MOST_FACTS]]
    while shown and weight(_fields(shown)) > room - _LAST_WORDS:
        shown.pop()
    sections: list[Json] = [
        {"type": "section", "fields": _fields(shown[n : n + _FIELDS])}
        for n in range(0, len(shown), _FIELDS)
    ]
    left_out = len(pairs) - len(shown)
    return [*sections, _and_more(left_out)] if left_out else sections


def _cell(text: str, limit: int) -> str:
    return cut(visible(text).strip(), limit) or "–"


def _fields(pairs: Sequence[tuple[str, str]]) -> list[Json]:
    """Bold labels over their values; all of it in plain text if any of it could be markup."""
    if all(is_plain(label) and is_plain(value) for label, value in pairs):
        return [mrkdwn(f"*{escape(label)}*\n{escape(value)}") for label, value in pairs]
    return [plain_text(f"{label}\n{value}") for label, value in pairs]


def _table(part: Table, room: int) -> list[Json]:
    """A title over a block of fixed-width letters: a native table is drawn below everything."""
    title = visible(part.title).strip()
    head = [_section([text_element(cut(title, 200), Style.BOLD)])] if title else []
    rows = aligned(part)
    kept = _rows_that_fit(rows, room - weight(head) - _LAST_WORDS)
    if kept < len(rows):
        rows = [*rows[:kept], f"… and {len(rows) - kept:,} more"]
    body = "\n".join(rows)
    if not body.strip():
        return [_rich_text(*head)] if head else []
    preformatted = {"type": "rich_text_preformatted", "elements": [text_element(body)]}
    return [_rich_text(*head, preformatted)]


def _rows_that_fit(rows: Sequence[str], room: int) -> int:
    used = 0
    for n, row in enumerate(rows):
        used += len(row) + 1
        if used > room:
            return n
    return len(rows)
