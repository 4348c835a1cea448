"""Text for Slack such that nothing in it can format, link or notify by accident.

Two carriers: rich_text elements, whose text Slack does not parse, and mrkdwn, which is used only
for text free of markup characters, escaped and `verbatim`. Only `Link` and `Mention` pieces make
links and mentions. `&`, `<` and `>` are the three characters Slack asks to escape
(docs.slack.dev, "Formatting message text").
"""

from __future__ import annotations

import re
from html import escape as html_escape
from itertools import groupby
from typing import Any

from bot.messages.figures import moment
from bot.messages.model import Instant, Line, Link, Mention, Piece, Span, Style
from bot.messages.placeholders import MENTION, mention
from bot.spend.names import ELLIPSIS, cut, visible

Json = dict[str, Any]

DATE_FORMAT = "{date_short_pretty} at {time}"

# What mrkdwn would read: *bold* ~strike~ `code` <tokens> a|b, _italic_ (not snake_case),
# :emoji:, and a quote or a list at the start of a line.
_MARKUP = re.compile(r"[*~`<>]|(?<![^\W_])_|_(?![^\W_])|:[^\s:]+:|^\s*(?:[-•]|\d+\.)\s", re.M)
_URL = re.compile(r"https?://[^\s<>|\"\\]{1,2900}")
_USER = re.compile(r"[UW][A-Z0-9]{2,30}")
_GROUP = re.compile(r"S[A-Z0-9]{2,30}")
_BROADCASTS = ("here", "channel", "everyone")


def escape(text: str) -> str:
    """The text with `&`, `<` and `>` as Slack asks for them."""
    return html_escape(text, quote=False)


def is_plain(text: str) -> bool:
    """Whether mrkdwn would show the text, once escaped, letter by letter as it stands."""
    return not _MARKUP.search(text)


def plain_text(text: str) -> Json:
    """A text object that is never parsed: no markup, no mention, no `:emoji:`."""
    return {"type": "plain_text", "text": text, "emoji": False}


def mrkdwn(markup: str) -> Json:
    """A text object of markup we wrote ourselves; bare `@here` or addresses in it stay text."""
    return {"type": "mrkdwn", "text": markup, "verbatim": True}


def weight(block: object) -> int:
    """How many characters of text a block holds: every string in it but the types of things."""
    if isinstance(block, str):
        return len(block)
    if isinstance(block, dict):
        return sum(weight(value) for key, value in block.items() if key != "type")
    return sum(map(weight, block)) if isinstance(block, list) else 0


def elements(line: Line, room: int) -> list[Json]:
    """The line as rich_text elements weighing at most `room`, cut with `…` where it must be."""
    made: list[Json] = []
    for piece in line:
        element = _element(piece)
        if element is None:
            continue
        if weight(element) > room - 1:
            made.append(_cut_short(element, room))
            break
        made.append(element)
        room -= weight(element)
    return made


def _cut_short(element: Json, room: int) -> Json:
    text = element["text"] if element["type"] == "text" else ""
    return {**element, "type": "text", "text": cut(text, room)} if text else text_element(ELLIPSIS)


def text_element(text: str, style: Style = Style.PLAIN) -> Json:
    """A rich_text run of literal text."""
    element: Json = {"type": "text", "text": text}
    if style in (Style.BOLD, Style.CODE):
        element["style"] = {style.value: True}
    return element


def _element(piece: Piece) -> Json | None:
    match piece:
        case Span(text, style):
            shown = visible(text)
            return text_element(shown, style) if shown else None
        case Instant(at):
            stamp = int(at.timestamp())
            return {
                "type": "date",
                "timestamp": stamp,
                "format": DATE_FORMAT,
                "fallback": moment(at),
            }
        case Link(text, url):
            return _link_element(visible(text).strip(), url)
        case Mention(who):
            return _mention_element(who)


def _link_element(text: str, url: str) -> Json | None:
    if not _URL.fullmatch(url):
        return text_element(text) if text else None
    return {"type": "link", "url": url, "text": text or cut(url, 80)}


def _mention_element(who: str) -> Json:
    if who in _BROADCASTS:
        return {"type": "broadcast", "range": who}
    if _USER.fullmatch(who):
        return {"type": "user", "user_id": who}
    if _GROUP.fullmatch(who):
        return {"type": "usergroup", "usergroup_id": who}
    return mention(cut(visible(who).strip(), 80) or "?")


def small_print(line: Line, most: int = 10, room: int = 1500) -> list[Json]:
    """The line as context elements: one of mrkdwn if its words allow it, else several.

    Words that hold markup characters go into plain_text elements of their own.
    At most `most` elements and `room` characters; the rest is cut with `…`.
    """
    runs = _runs(line)
    whole = "".join(map(_markup, runs)).strip()
    if len(whole) <= room and all(is_plain(run["text"]) for run in runs if run["type"] == "text"):
        return [mrkdwn(whole)] if whole else []
    return _apart(runs, most, room)


def _apart(runs: list[Json], most: int, room: int) -> list[Json]:
    made: list[Json] = []
    for run in runs:
        element = _context_element(run)
        if len(made) == most - 1 or weight(element) >= room:
            text = element["text"] if element["type"] == "plain_text" else ""
            return [*made, plain_text(cut(text, room - 1) if text else ELLIPSIS)]
        if element["text"]:
            made.append(element)
            room -= weight(element)
    return made


def _context_element(run: Json) -> Json:
    return plain_text(run["text"].strip()) if run["type"] == "text" else mrkdwn(_markup(run))


def _runs(line: Line) -> list[Json]:
    """The line's elements with neighbouring texts joined into one, as the reader sees them."""
    made = [_worded(element) for piece in line if (element := _element(piece))]
    runs: list[Json] = []
    for is_text, group in groupby(made, key=lambda element: element["type"] == "text"):
        together = list(group)
        joined = text_element("".join(element.get("text", "") for element in together))
        runs.extend([joined] if is_text else together)
    return runs


def _worded(element: Json) -> Json:
    """Small print calls nobody by handle: it shows the handle."""
    return text_element(element["mention"]) if element["type"] == MENTION else element


def _markup(element: Json) -> str:
    """A rich_text element as mrkdwn; only its own type decides what it may do."""
    match element["type"]:
        case "date":
            return f"<!date^{element['timestamp']}^{DATE_FORMAT}|{element['fallback']}>"
        case "link":
            label = re.sub(r"[|<>*_~`:]", " ", element["text"])
            return f"<{escape(element['url'])}|{escape(label)}>"
        case "broadcast":
            return f"<!{element['range']}>"
        case "user":
            return f"<@{element['user_id']}>"
        case "usergroup":
            return f"<!subteam^{element['usergroup_id']}>"
    return escape(element["text"])
