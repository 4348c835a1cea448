"""A message for a terminal: the same content, at most 80 columns, plain when piped.

Names are printed literally: no rich markup, no emoji codes, no terminal codes. Colour is the
Console's choice (it knows NO_COLOR and pipes); nothing is told by colour alone.
"""

from __future__ import annotations

from itertools import zip_longest
from typing import NamedTuple

from rich.console import Console
from rich.text import Text

from bot.messages.figures import columns, fit, moment
from bot.messages.grid import aligned
from bot.messages.model import (
    Action,
    Block,
    Buttons,
    Chart,
    Divider,
    Facts,
    Header,
    Instant,
    Line,
    Lines,
    Link,
    Mention,
    Message,
    MessageType,
    Note,
    Piece,
    Span,
    Style,
    Table,
)
from bot.spend.names import NO_BREAK, visible

COLUMNS = 80
"""The widest a message is set, however wide the terminal."""

_LABEL = 30
_TYPES = {MessageType.ALERT: "bold red", MessageType.DIGEST: "bold", MessageType.NOTICE: "bold"}
_STYLES = {Style.PLAIN: "", Style.BOLD: "bold", Style.CODE: "cyan", Style.MUTED: "dim"}


class _Entry(NamedTuple):
    """Words that wrap to the right of what stands before them: a bullet, a label, nothing."""

    words: Text
    before: Text = Text("")


def render(message: Message, console: Console) -> None:
    """Print the message: where it goes, its blocks in order, charts by their takeaway."""
    width = min(console.width, COLUMNS)
    hang(Text(), _address(message), console, width)
    for block, following in zip_longest(message.blocks, message.blocks[1:]):
        for entry in _entries(block, width):
            hang(entry.before, entry.words, console, width)
        if _ends_part(block, following):
            console.print()


def _ends_part(block: Block, following: Block | None) -> bool:
    """Whether an empty line follows."""
    if isinstance(block, Chart):
        return isinstance(following, Lines)
    return isinstance(block, Header | Facts | Table | Lines) and not _leads(block, following)


def _leads(block: Block, following: Block | None) -> bool:
    """Whether it is the one line above a list, which stands close to it."""
    return (
        isinstance(block, Lines)
        and len(block.lines) == 1
        and isinstance(following, Lines)
        and following.bullets
    )


def hang(before: Text, words: Text, console: Console, width: int) -> None:
    """Print words that wrap at the width, to the right of what stands before the first of them.

    No line ends in blanks, and no amount is torn from its currency.
    """
    whole = _replaced(words, NO_BREAK, _GLUE)
    for line in whole.wrap(console, width - before.cell_len) or [Text()]:
        line.rstrip()
        shown = _replaced(line, _GLUE, NO_BREAK)
        console.print(before + shown, soft_wrap=True, highlight=False)
        before = Text(" " * before.cell_len)


_GLUE = "\ue000"
"""Rich breaks a line at any space; this it takes for a letter. No text has it (`visible`)."""


def _replaced(words: Text, one: str, other: str) -> Text:
    new = words.copy()
    new.plain = words.plain.replace(one, other)
    return new


def _address(message: Message) -> Text:
    made = Text(message.type.upper(), style=_TYPES[message.type])
    return Text().append_text(made).append(f" {_where(message)}", style="dim")


def _where(message: Message) -> str:
    channel = visible(message.channel)
    match message.action:
        case Action.REPLY:
            also = " and shown in the channel" if message.broadcast else ""
            return f"to {channel}, in the thread of {visible(message.parent or '')}{also}"
        case Action.UPDATE:
            return f"in {channel}, updates {visible(message.parent or '')}"
    return f"to {channel}"


def _entries(block: Block, width: int) -> list[_Entry]:
    match block:
        case Header(text):
            return [_Entry(Text(visible(text), style="bold"))]
        case Lines(lines, bullets):
            before = Text("• " if bullets else "")
            return [_Entry(_line(line), before) for line in lines]
        case Facts(pairs):
            return _facts(pairs)
        case Table():
            return _table(block, width)
        case Buttons():
            return []
        case Chart() | Note() | Divider():
            return [_Entry(_aside(block, width))]


def _aside(block: Chart | Note | Divider, width: int) -> Text:
    match block:
        case Chart(name, alt):
            return Text(f"[{visible(name)}] {visible(alt)}", style="dim")
        case Note(line):
            return Text("", style="dim").append_text(_line(line))
        case Divider():
            return Text("─" * width, style="dim")


def _line(line: Line) -> Text:
    made = Text()
    for piece in line:
        made.append(*_words(piece))
    return made


def _words(piece: Piece) -> tuple[str, str]:
    """The piece as text and its style."""
    match piece:
        case Span(text, style):
            return visible(text), _STYLES[style]
        case Instant(at):
            return moment(at), ""
        case Link(text, url):
            return f"{visible(text)} ({visible(url)})", ""
        case Mention(who):
            shown = visible(who)
            return (shown if "@" in shown else f"@{shown}"), "bold"


def _facts(pairs: tuple[tuple[str, str], ...]) -> list[_Entry]:
    labels = [fit(visible(label).strip(), _LABEL) for label, _ in pairs]
    width = max(map(columns, labels), default=0)
    return [
        _Entry(Text(visible(value)), Text().append(_padded(label, width + 3), "dim"))
        for label, (_, value) in zip(labels, pairs, strict=True)
    ]


def _padded(label: str, width: int) -> str:
    return label + " " * (width - columns(label))


def _table(table: Table, width: int) -> list[_Entry]:
    title = [Text(visible(table.title), style="bold")] if table.title else []
    rows = [Text(row, no_wrap=True) for row in aligned(table, width)]
    if rows and any(name for name, _ in table.columns):
        rows[0].stylize("dim")
    return [_Entry(row) for row in [*title, *rows]]
