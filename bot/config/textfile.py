"""Reading a small text file: bounded, UTF-8, with a reason that never holds what was read."""

from __future__ import annotations

from pathlib import Path

_SECRET_BYTES = 64 * 1024


class UnreadableError(Exception):
    """Why a file cannot be used, in a few words, without its name and without its content."""


def read_text(path: Path, limit: int) -> str:
    """The text of a file of at most `limit` bytes, without a byte order mark.

    Line breaks stay as they are. Raises `UnreadableError`; never reads more than `limit` + 1 bytes.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(limit + 1)
    except OSError as error:
        raise UnreadableError((error.strerror or "cannot be read").lower()) from None
    except ValueError:  # a NUL in the path
        raise UnreadableError("is not a possible file name") from None
    if len(raw) > limit:
        raise UnreadableError(f"is larger than {limit // 1024} KB")
    return decoded(raw)


def decoded(raw: bytes) -> str:
    """UTF-8 as text, without a byte order mark; else `UnreadableError` with the line."""
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        # `from None`: the original carries the bytes, which may be a secret.
        raise UnreadableError(f"is not UTF-8 text (line {line})") from None


def read_secret(path: str) -> str:
    """The content of a `*_FILE`: at most 64 KB. Raises `UnreadableError`."""
    return read_text(Path(path), _SECRET_BYTES)
