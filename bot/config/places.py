"""Where something stands in a file: file, line, column, and the line itself without its secrets.

A line of a configuration file may hold a secret somebody typed there by mistake, so the text
of a `Place` is masked when it is made: no report, log or repr can show what it never had.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

KeyPath = tuple[str | int, ...]
"""The way to a value: keys of mappings and zero-based positions in lists."""

SECRET_WORDS = ("key", "token", "secret", "url", "password")

_LINE_BREAK = re.compile(r"\r\n|\r|\n")
_NAME = re.compile(r"""(?<![\w.-])(?P<name>[\w.-]{1,100})["']?[ \t]{0,9}:(?:[ \t]+|$)""")
_QUOTED = re.compile(r""""(?:[^"\\]|\\.)*"?|'[^']*'?""")
_REFERENCE = re.compile(r"""["']?\$\{[^}]*\}["']?\s*(?:#.*)?""")
_KNOWN_SECRET = re.compile(r"\b(?:sk-|xox[a-z]-|xapp-)(?P<value>[A-Za-z0-9_-]{6,})")
_AFTER_SCHEME = re.compile(r"\b[a-z][a-z0-9+.]{0,30}://(?P<value>\S+)", re.I)
_LONG_OPAQUE = re.compile(
    r"(?<![\w+-])(?=[\w+-]{0,200}[0-9])(?=[\w+-]{0,200}[A-Za-z])(?P<value>[\w+-]{32,}=*)"
)
_LINES_LOOKED_BACK = 100
_LONGEST_SHOWN = 2_000


class Place(NamedTuple):
    """`line` and `column` count from 1, in characters; line 0 means the file as a whole.

    `text_of_line` has secrets replaced by as many stars, so columns stay true; it is empty for
    a line of more than 2,000 characters, which nobody wrote by hand.
    """

    file: str
    line: int
    column: int
    text_of_line: str


class Source:
    """The text of one file; places are made here, so that no line leaves unmasked.

    Line breaks (LF, CRLF, CR: those YAML knows) become line feeds, which moves no column.
    """

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self.text = _LINE_BREAK.sub("\n", text)
        self._lines = self.text.split("\n")
        self._masked: dict[int, str] = {}

    def place(self, line: int, column: int) -> Place:
        """The place at a zero-based line and column; past the end it is the end."""
        if line >= len(self._lines):
            line, column = len(self._lines) - 1, len(self._lines[-1])
        text = self._masked.get(line)
        if text is None:
            text = self._masked[line] = masked(self._lines, line)
        return Place(self.file, line + 1, min(column, len(self._lines[line])) + 1, text)

    def place_of(self, offset: int) -> Place:
        """The place of the character `self.text[offset]`."""
        start_of_line = self.text.rfind("\n", 0, offset) + 1
        return self.place(self.text.count("\n", 0, offset), offset - start_of_line)

    def rest_of_line(self, line: int, column: int) -> str:
        """What stands at a zero-based line and column and after it. Not masked: never show it."""
        return self._lines[line][column:] if line < len(self._lines) else ""


def whole_file(file: str) -> Place:
    """The place of a mistake that no line is guilty of."""
    return Place(file, 0, 0, "")


def is_secret(path: KeyPath) -> bool:
    """Whether a name on the way to a value says that the value may be a secret."""
    return any(_tells_of_secret(step) for step in path if isinstance(step, str))


def masked(lines: Sequence[str], index: int) -> str:
    """The line `lines[index]` with everything that may be a secret replaced by stars.

    Masked are values under a telling name, on the same line or below it; `sk-`, `xox?-` and
    `xapp-` tokens; long opaque words; and whatever follows `scheme://`. `${VAR}` stays. A line
    too long to be looked through at leisure is not shown at all.
    """
    line = lines[index]
    if len(line) > _LONGEST_SHOWN:
        return ""
    if _belongs_to_secret(lines, index):
        return _stars(line)
    line = _AFTER_SCHEME.sub(_starred, _without_named_values(line))
    return _LONG_OPAQUE.sub(_starred, without_tokens(line))


def without_tokens(text: str) -> str:
    """Text with OpenAI keys and Slack tokens replaced by as many stars."""
    return _KNOWN_SECRET.sub(_starred, text)


def _without_named_values(line: str) -> str:
    for name in _NAME.finditer(line):
        start = name.end()
        end = _end_of_value(line, start, in_braces="{" in line[: name.start()])
        value = line[start:end]
        if _tells_of_secret(name["name"]) and not _REFERENCE.fullmatch(value.rstrip()):
            line = line[:start] + _stars(value) + line[end:]
    return line


def _end_of_value(line: str, start: int, *, in_braces: bool) -> int:
    if quoted := _QUOTED.match(line, start):
        return quoted.end()
    if not in_braces or line[start : start + 1] in ("[", "{"):
        return len(line)
    reference = re.compile(r"\$\{[^}]*\}").match(line, start)
    ends = (line.find(mark, reference.end() if reference else start) for mark in ",}")
    return min((end for end in ends if end >= 0), default=len(line))


def _belongs_to_secret(lines: Sequence[str], index: int) -> bool:
    """Whether the line continues a value whose key, on a line above, has a telling name."""
    depth = _indent(lines[index])
    for line in reversed(lines[max(0, index - _LINES_LOOKED_BACK) : index]):
        if line.strip() and _indent(line) < depth:
            name = _NAME.match(line.lstrip("""- \t"'"""))
            return name is not None and _tells_of_secret(name["name"])
    return False


def _tells_of_secret(name: str) -> bool:
    folded = name.casefold()
    return any(word in folded for word in SECRET_WORDS)


def _indent(line: str) -> int:
    # The dash of a list item counts: the keys of one item stand in one column.
    return len(line) - len(line.lstrip("- \t"))


def _starred(match: re.Match[str]) -> str:
    start = match.start("value") - match.start()
    return match[0][:start] + _stars(match[0][start:])


def _stars(text: str) -> str:
    return re.sub(r"\S", "*", text)
