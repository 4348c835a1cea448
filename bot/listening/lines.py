"""Jobs that are done one after the other, each in its own time."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from queue import Empty, Full, Queue

_log = logging.getLogger(__name__)
MOST = 1_000
"""Jobs that may wait; what comes beyond is dropped, with a line in the log."""

Job = Callable[[], None]


class JobLine:
    """A thread that does jobs in order. None that raises ends it."""

    def __init__(self, name: str) -> None:
        self._jobs: Queue[Job | None] = Queue(MOST)
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    def put(self, job: Job) -> None:
        """Never waits."""
        try:
            self._jobs.put_nowait(job)
        except Full:
            _log.error("too much waits to be answered: a press or a question was dropped")

    def finish(self, seconds: float) -> None:
        """Does what waits, for so long at most, and ends."""
        try:
            self._jobs.put_nowait(None)
        except Full:
            self._drop_all()
            self._jobs.put_nowait(None)
        self._thread.join(seconds)

    def _drop_all(self) -> None:
        try:
            while True:
                self._jobs.get_nowait()
        except Empty:
            return

    def _work(self) -> None:
        while job := self._jobs.get():
            try:
                job()
            except Exception:  # noqa: BLE001 - whatever it is, the next job comes
                _log.exception("a press or a question could not be answered")
