"""Readers in threads: in bounded memory, and gone when the consumer is."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from bot.sources.deadline import Halt
from bot.sources.parallel import WAITING, End, Readers


def numbers(start: int, count: int) -> Iterator[int]:
    yield from range(start, start + count)


def test_everything_comes_and_each_reader_ends_once() -> None:
    readers: Readers[int] = Readers(2, Halt())
    for name in ("a", "b", "c"):
        readers.start(name, lambda: numbers(0, 20))
    items = list(readers.items())
    assert sorted(item for item in items if isinstance(item, int)) == sorted([*range(20)] * 3)
    assert sorted(item.name for item in items if isinstance(item, End)) == ["a", "b", "c"]


def test_readers_wait_for_the_consumer() -> None:
    produced = []

    def counted() -> Iterator[int]:
        for number in range(1000):
            produced.append(number)
            yield number

    readers: Readers[int] = Readers(1, Halt())
    readers.start("a", counted)
    items = readers.items()
    next(items)
    assert len(produced) <= WAITING + 3
    assert sum(isinstance(item, int) for item in items) == 999


def test_more_readers_may_be_started_while_items_come() -> None:
    readers: Readers[int] = Readers(1, Halt())
    readers.start("first", lambda: numbers(0, 1))
    seen = []
    for item in readers.items():
        seen.append(item)
        if isinstance(item, End) and item.name == "first":
            readers.start("second", lambda: numbers(5, 1))
    assert seen == [0, End("first", None), 5, End("second", None)]


def test_an_error_comes_with_the_end() -> None:
    def failing() -> Iterator[int]:
        yield 1
        raise KeyError("x")

    readers: Readers[int] = Readers(1, Halt())
    readers.start("a", failing)
    first, end = readers.items()
    assert first == 1
    assert isinstance(end, End)
    assert isinstance(end.error, KeyError)


@pytest.mark.parametrize("taken", [0, 1, 30])
def test_closing_ends_all_threads_whether_they_run_or_wait(taken: int) -> None:
    halt = Halt()
    readers: Readers[int] = Readers(2, halt)
    for name in "abcdef":
        readers.start(name, lambda: numbers(0, 100_000))
    items = readers.items()
    next(items)
    for _ in range(taken):
        next(items)
    items.close()  # type: ignore[attr-defined] # an iterator here is a generator
    assert halt.halted
    assert not [t for t in threading.enumerate() if t.name.startswith("fetch")]
