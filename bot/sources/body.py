"""The body of an answer: small ones in memory, large ones in a file that nobody else can see.

A page of a large organisation's day is tens of megabytes, and only a piece of it is looked at at a
time. The file has no name and is gone with the object.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO

from bot.errors import SourceError

IN_MEMORY = 2 * 1024 * 1024
"""Bytes up to which no file is made."""
PIECE = 1024 * 1024


class NoRoomError(SourceError):
    """The disk has no room for a large answer, or fails: a smaller one may do."""


class Body:
    """Bytes that are added to its end, then read as often as needed.

    All of it raises NoRoomError.
    """

    def __init__(self) -> None:
        self._file: IO[bytes] | None = None
        self._start = bytearray()
        self.size = 0

    def __del__(self) -> None:
        if self._file is not None:
            with suppress(OSError):  # what did not fit is still to be written
                self._file.close()

    def add(self, piece: bytes) -> None:
        """The next bytes."""
        self.size += len(piece)
        if self._file is None and self.size <= IN_MEMORY:
            self._start += piece
            return
        with _kept_on_disk():
            if self._file is None:
                self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the object
                self._file.write(self._start)
                self._start.clear()
            self._file.write(piece)

    def pieces(self, most: int = PIECE) -> Iterator[bytes]:
        """All of it, so many bytes at a time."""
        for at in range(0, self.size, most):
            yield self._at(at, most)

    def whole(self) -> bytes:
        """All of it at once."""
        return self._at(0, self.size)

    def head(self, most: int) -> bytes:
        """Its first bytes."""
        return self._at(0, most)

    def tail(self, most: int = 64) -> bytes:
        """Its last bytes."""
        return self._at(max(0, self.size - most), most)

    def _at(self, begin: int, most: int) -> bytes:
        if self._file is None:
            return bytes(self._start[begin : begin + most])
        with _kept_on_disk():
            self._file.seek(begin)  # writes what waits to be written, too
            return self._file.read(most)


@contextmanager
def _kept_on_disk() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise NoRoomError(
            f"a large answer could not be kept on disk while it is read: {error.strerror}",
            hint=f"Make room for it in {_folder()}, or name another folder in TMPDIR.",
        ) from None


def _folder() -> str:
    try:
        return tempfile.gettempdir()
    except OSError:  # there is none that can be written
        return "/tmp"  # noqa: S108 - a word of advice, nothing is written


Bytes = bytes | Body
"""A body that was small from the beginning, or one of any size."""


def whole(body: Bytes) -> bytes:
    """All of a body at once."""
    return body if isinstance(body, bytes) else body.whole()


def size(body: Bytes) -> int:
    """Its bytes."""
    return len(body) if isinstance(body, bytes) else body.size


def pieces(body: Bytes, most: int = PIECE) -> Iterator[bytes]:
    """All of a body, so many bytes at a time."""
    if isinstance(body, bytes):
        yield from (body[at : at + most] for at in range(0, len(body), most))
    else:
        yield from body.pieces(most)
