"""The body of an answer: small ones in memory, large ones in a file that nobody else can see.

A page of a large organisation's day is tens of megabytes, and only a piece of it is looked at at a
time. The file has no name and is gone with the object.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from typing import IO

from bot.errors import SourceError

IN_MEMORY = 2 * 1024 * 1024
"""Bytes up to which no file is made."""
PIECE = 1024 * 1024


class Body:
    """Bytes that are added to its end, then read as often as needed."""

    def __init__(self) -> None:
        self._file: IO[bytes] | None = None
        self._pieces: list[bytes] = []
        self.size = 0

    def __del__(self) -> None:
        if self._file is not None:
            self._file.close()

    def add(self, piece: bytes) -> None:
        """The next bytes. Raises SourceError where there is no room for them on the disk."""
        self.size += len(piece)
        try:
            if self._file is None and self.size > IN_MEMORY:
                self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the object
                self._file.writelines(self._pieces)
                self._pieces.clear()
            if self._file is None:
                self._pieces.append(piece)
            else:
                self._file.write(piece)
        except OSError as error:
            raise SourceError(
                f"a large answer could not be kept on disk while it is read: {error.strerror}",
                hint=f"Make room for it in {_folder()}, or name another folder in TMPDIR.",
            ) from None

    def pieces(self) -> Iterator[bytes]:
        """All of it, about a megabyte at a time."""
        if self._file is None:
            yield from self._pieces
            return
        self._file.seek(0)
        while piece := self._file.read(PIECE):
            yield piece

    def whole(self) -> bytes:
        """All of it at once."""
        return b"".join(self.pieces())

    def head(self, most: int) -> bytes:
        """Its first bytes."""
        return next(self.pieces(), b"")[:most] if self._file else self.whole()[:most]

    def tail(self, most: int = 64) -> bytes:
        """Its last bytes."""
        if self._file is None:
            return self.whole()[-most:]
        self._file.seek(max(0, self.size - most))
        return self._file.read()


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


def pieces(body: Bytes) -> Iterator[bytes]:
    """All of a body, piece by piece."""
    if isinstance(body, bytes):
        yield from (body[at : at + PIECE] for at in range(0, len(body), PIECE))
    else:
        yield from body.pieces()
