"""YAML as a person means it: strict, small, and with the place of every key and value.

    document = load(Path("config.yaml"))
    document.data                                   dict, list, str, int, Decimal, bool, None
    document.place(("slack", "channel"))            Place of the value; `key=True`: of its key

Integers are `int`, numbers with a point or exponent are `Decimal` (every digit is kept, so money
is exact), dates and times are text; see `yamlscalars`. Refused, each with its place and a way
out: anchors, aliases, merge keys, tags, duplicate keys, keys that are not text, more than one
document, control characters, words readers disagree about, and more than 256 KB, 20 levels or
20,000 values. The tree is built from parser events, one by one and without recursion, so a bomb
is refused before it grows: https://github.com/yaml/pyyaml/issues/235.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from bot.config.places import KeyPath, Place, Source, whole_file
from bot.config.problems import ConfigProblems, Problem
from bot.config.textfile import UnreadableError, read_text
from bot.config.yamltree import Tree, grow

MAX_BYTES = 256 * 1024

# Tab, line feed, and what YAML calls printable, less the byte order mark, the invisible line breaks
# (NEL, LS, PS), which editors do not count as lines, and the marks that turn the direction of what
# is shown: with them a file reads other than it is (https://trojansource.codes).
_UNWELCOME = re.compile(
    "[^\t\n -~\xa0-\u2027\u202f-\u2065\u206a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)


class Document:
    """What one file says, and where it says it. `data` is the caller's to read, not to change."""

    def __init__(self, tree: Tree, source: Source) -> None:
        self.data: Any = tree.data
        self.file = source.file
        self._root = tree.root
        self._source = source

    def place(self, path: KeyPath, *, key: bool = False) -> Place:
        """The place of the value at a path, or of its key; else of the nearest parent there is.

        A value in a list has no key: its own place is given. The place of a mapping in block style
        is that of its first key.
        """
        spot = self._root
        for step in path:
            found = spot.child(step)
            if found is None:
                return self._source.place(*spot.at)
            spot = found
        return self._source.place(*(spot.key_at if key else spot.at))

    def value(self, path: KeyPath) -> Any:
        """The value at a path as the file has it, before any `${VAR}`; None where there is none."""
        value = self.data
        for step in path:
            if isinstance(value, dict):
                value = value.get(step)
            elif isinstance(value, list) and isinstance(step, int) and 0 <= step < len(value):
                value = value[step]
            else:
                return None
        return value


def load(path: Path) -> Document:
    """The document in a file. Raises `ConfigProblems` with everything that is wrong with it."""
    try:
        text = read_text(path, MAX_BYTES)
    except UnreadableError as error:
        raise ConfigProblems([Problem(whole_file(str(path)), str(error))]) from None
    return parse(text, str(path))


def parse(text: str, file: str) -> Document:
    """The document in a text; `file` is the name that reports give it.

    An empty text is a document whose data is None. Raises `ConfigProblems`, never anything else.
    """
    text = text.removeprefix("\ufeff")
    if len(text) > MAX_BYTES or len(text.encode("utf-8", "replace")) > MAX_BYTES:
        too_large = Problem(whole_file(file), f"is larger than {MAX_BYTES // 1024} KB")
        raise ConfigProblems([too_large])
    source = Source(file, text)
    if unwelcome := _UNWELCOME.search(source.text):
        raise ConfigProblems([_invisible(source.place_of(unwelcome.start()), unwelcome[0])])
    return Document(grow(source), source)


def _invisible(place: Place, character: str) -> Problem:
    return Problem(
        place,
        f"the character U+{ord(character):04X} is invisible and not accepted",
        "remove it",
    )
