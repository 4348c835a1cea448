"""A large answer on disk: whole where there is room, and one clear line where there is none."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sources.body import IN_MEMORY, Body, NoRoomError, pieces, size, whole
from tests.files import nameless, no_file_larger_than

LARGE = bytes(range(256)) * (IN_MEMORY // 256) + b"the end"


def spooled(text: bytes, added: int = 100_000) -> Body:
    body = Body()
    for begin in range(0, len(text), added):
        body.add(text[begin : begin + added])
    return body


@given(st.binary(max_size=60), st.integers(1, 9), st.integers(1, 70))
def test_a_small_body_is_what_was_added(text: bytes, added: int, most: int) -> None:
    body = spooled(text, added)
    assert (body.size, body.whole()) == (size(text), text)
    assert (body.head(most), body.tail(most)) == (text[:most], text[-most:])
    assert list(pieces(body, most)) == list(pieces(text, most))


@pytest.mark.parametrize("added", [len(LARGE), 70_001, IN_MEMORY])
def test_a_large_body_is_what_was_added(added: int) -> None:
    body = spooled(LARGE, added)
    assert whole(body) == LARGE
    assert (body.head(9), body.tail(7)) == (LARGE[:9], b"the end")
    assert list(pieces(body, 300_000)) == list(pieces(LARGE, 300_000))


READS: list[Callable[[Body], object]] = [whole, lambda body: body.head(5), Body.tail]


@pytest.mark.parametrize("read", READS, ids=["whole", "head", "tail"])
def test_a_disk_that_has_room_for_all_but_the_last_bytes_is_told(
    read: Callable[[Body], object], recwarn: pytest.WarningsRecorder
) -> None:
    """They wait to be written, so that it is reading that finds out."""
    before = nameless()
    with no_file_larger_than(len(LARGE) - 3):
        body = spooled(LARGE[:-7], IN_MEMORY)
        body.add(LARGE[-7:])
        with pytest.raises(NoRoomError, match="could not be kept on disk while it is read"):
            read(body)
        del body
    assert nameless() == before
    assert not recwarn.list


def test_a_disk_without_room_is_told_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with no_file_larger_than(IN_MEMORY // 2), pytest.raises(NoRoomError) as caught:
        spooled(LARGE)
    assert caught.value.message == (
        "a large answer could not be kept on disk while it is read: File too large"
    )
    assert caught.value.hint == (
        f"Make room for it in {tmp_path}, or name another folder in TMPDIR."
    )
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_gone_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    with pytest.raises(NoRoomError, match="while it is read: No such file or directory"):
        spooled(LARGE)
