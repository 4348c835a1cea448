"""Several readers at once, their items as they come, in bounded memory.

A reader is an iterator run in a thread; what it finds waits in a queue of fixed size until the
consumer takes it. However the consumer stops (to the end, `close()`, Ctrl-C), every thread has
ended when the generator is done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from queue import Queue
from typing import Any, Generic, NamedTuple, TypeVar

from bot.sources.deadline import Halt

Item = TypeVar("Item")
Reader = Callable[[], Iterable[Item]]
WAITING = 1
"""Items that wait for the consumer: days, of which one may hold 50,000 rows."""


class End(NamedTuple):
    """A reader has ended: after its last item, or with an error."""

    name: str
    error: BaseException | None


class Readers(Generic[Item]):
    """Threads that read; `items` hands on what they find.

    `halt` is pressed when the consumer stops early, so that readers need not be waited for.
    """

    def __init__(self, threads: int, halt: Halt) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="fetch")
        self._queue: Queue[tuple[Any, End | None]] = Queue(WAITING)
        self._running = 0
        self._halt = halt

    def start(self, name: str, reader: Reader[Item]) -> None:
        """Begin to read, as soon as a thread is free."""
        self._running += 1
        self._pool.submit(self._run, name, reader)

    def items(self) -> Iterator[Item | End]:
        """What the readers find, and an End for each. More may be started while this goes on."""
        try:
            while self._running:
                item, end = self._queue.get()
                if end is not None:
                    self._running -= 1
                yield item if end is None else end
        finally:
            self._stop()

    def _stop(self) -> None:
        self._halt.now()
        while self._running:  # empties the queue for those who wait to put something into it
            if self._queue.get()[1] is not None:
                self._running -= 1
        self._pool.shutdown()

    def _run(self, name: str, reader: Reader[Item]) -> None:
        error: BaseException | None = None
        try:
            for item in () if self._halt.halted else reader():
                self._queue.put((item, None))
                if self._halt.halted:
                    break
        except BaseException as caught:  # noqa: BLE001 - raised again by whoever consumes
            error = caught
        self._queue.put((None, End(name, error)))
