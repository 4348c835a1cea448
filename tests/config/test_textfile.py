"""Small text files: bounded, UTF-8, and a reason that holds nothing of what was read."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.config.textfile import UnreadableError, read_secret, read_text


def test_a_file_of_the_limit_is_read_and_one_byte_more_is_not(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"x" * 1024)
    assert read_text(path, 1024) == "x" * 1024
    path.write_bytes(b"x" * 1025)
    with pytest.raises(UnreadableError, match="is larger than 1 KB"):
        read_text(path, 1024)


def test_a_byte_order_mark_is_left_out_and_line_breaks_stay(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes("\ufeffa\r\nb\n".encode())
    assert read_text(path, 1024) == "a\r\nb\n"


def test_a_reason_holds_nothing_of_the_content(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"one\ncanary\xff")
    with pytest.raises(UnreadableError) as caught:
        read_text(path, 1024)
    assert str(caught.value) == "is not UTF-8 text (line 2)"
    assert caught.value.__suppress_context__


def test_a_secret_has_at_most_64_kilobytes(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"x" * 65_536)
    assert len(read_secret(str(path))) == 65_536
    path.write_bytes(b"x" * 65_537)
    with pytest.raises(UnreadableError, match="is larger than 64 KB"):
        read_secret(str(path))
