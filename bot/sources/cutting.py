"""Cuts a page of costs while it is read: its results piece by piece, and what is around them.

A page is an envelope with buckets, a bucket a few fields around a list of `results`. Only the
results are many. They are handed on some thousands at a time as the JSON of a list, and the page
without them, each list replaced by one of its number, is what is left.

The cut looks for the ends of objects and does not follow strings: one that holds `}, {` is cut in
the middle. Neither half is JSON then, so that whoever decodes them finds out. White space is JSON's
own: a cut leaves it out, and may leave out nothing that makes a page unreadable.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

_BEGIN = re.compile(rb'"results"[ \t\r\n]*:[ \t\r\n]*\[')
_BETWEEN = re.compile(rb"\}[ \t\r\n]*,[ \t\r\n]*(?=\{)")
_END = re.compile(rb"\}[ \t\r\n]*\]")
_NOTHING = re.compile(rb"[ \t\r\n]*\]")
_HIDDEN = re.compile(rb"\\u00[067]")
"""A letter written as an escape, which could hide the word `results`; or NUL."""
_BEGIN_AT_MOST = 64
"""Bytes in which `"results": [` is found, with any usual white space."""
_ENVELOPE = 1024 * 1024
_RESULT = 4 * 1024 * 1024
_LISTS = 1_000
"""Buckets of a page: the API gives 180 at most."""


class UncutError(Exception):
    """The page is not as such pages are."""


class Piece(NamedTuple):
    """Some results, as the JSON of a list, of the list with that number."""

    number: int
    results: bytes


class Cutter:
    """Iterate over `pieces` to their end, then `envelope` is complete."""

    def __init__(self, body: Iterable[bytes]) -> None:
        self._body = iter(body)
        self._held = b""
        self.envelope = bytearray()
        self.lists = 0
        """Lists of results found so far."""

    def pieces(self) -> Iterator[Piece]:
        """All results, in order. Raises UncutError."""
        while self._to_results():
            yield from self._results()
            self.lists += 1
        # Every list of results in the envelope is a number of ours, however a page is made.
        if len(_BEGIN.findall(self.envelope)) != self.lists or _HIDDEN.search(self.envelope):
            raise UncutError

    def _more(self) -> bool:
        piece = next(self._body, b"")
        self._held += piece
        return bool(piece)

    def _to_results(self) -> bool:
        """Go on to the next list of results; False if the page ends before one."""
        while not (begin := _BEGIN.search(self._held)):
            kept = max(0, len(self._held) - _BEGIN_AT_MOST)
            self._leave(self._held[:kept])
            self._held = self._held[kept:]
            if not self._more():
                self._leave(self._held)
                return False
        if self.lists == _LISTS:
            raise UncutError
        self._leave(b"%b%d]" % (self._held[: begin.end()], self.lists))
        self._held = self._held[begin.end() :]
        return True

    def _leave(self, part: bytes) -> None:
        self.envelope += part
        if len(self.envelope) > _ENVELOPE:
            raise UncutError

    def _results(self) -> Iterator[Piece]:
        while (end := _end(self._held)) is None:
            if (cut := _last_between(self._held)) is not None:
                yield Piece(self.lists, b"[%b]" % self._held[: cut[0]])
                self._held = self._held[cut[1] :]
            elif len(self._held) > _RESULT:
                raise UncutError
            if not self._more():
                raise UncutError
        yield Piece(self.lists, b"[%b]" % self._held[:end])
        self._held = self._held[end + 1 :]


def _end(text: bytes) -> int | None:
    """Where the list ends: at a bracket after the end of an object, or after nothing."""
    if b"]" not in text:  # most pieces have none, and to see that is quick
        return None
    found = _NOTHING.match(text) or _END.search(text)
    return found.end() - 1 if found else None


def _last_between(text: bytes) -> tuple[int, int] | None:
    """The end of the last object that another one follows, and the beginning of that one."""
    for between in (b"}, {", b"},{"):
        if (at := text.rfind(between)) >= 0:
            return at + 1, at + len(between) - 1
    ends = [(found.start() + 1, found.end()) for found in _BETWEEN.finditer(text)]
    return ends[-1] if ends else None
