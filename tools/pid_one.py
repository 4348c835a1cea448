"""Run a program as a container does: as process 1 of a PID namespace, on Linux, by root."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

UNSHARE = ("unshare", "--pid", "--fork", "--kill-child")


def possible() -> bool:
    """Whether this user may make such a namespace."""
    try:
        done = subprocess.run([*UNSHARE, "true"], check=False, capture_output=True)
    except FileNotFoundError:
        return False
    return done.returncode == 0


class ProcessOne:
    """A running program that is process 1 of its own namespace; `pid` is its number outside."""

    def __init__(self, around: subprocess.Popen[bytes], pid: int) -> None:
        self._around = around
        self.pid = pid

    def leave_orphan(self) -> None:
        """Leaves it a process whose parent is gone, and which ends a moment later."""
        inside = ("nsenter", "--target", str(self.pid), "--pid", "sh", "-c", "sleep 0.2 & exit")
        subprocess.run(inside, check=True, stdin=subprocess.DEVNULL)

    @property
    def children(self) -> Sequence[int]:
        """What it has started or been handed, zombies too."""
        return _children(self.pid)

    def leave(self) -> tuple[int, float]:
        """Its exit code after SIGTERM, and the seconds that took."""
        began = time.monotonic()
        os.kill(self.pid, signal.SIGTERM)
        return self._around.wait(timeout=30), time.monotonic() - began


@contextmanager
def process_one(
    command: Sequence[str], folder: Path, env: Mapping[str, str]
) -> Iterator[ProcessOne]:
    """The command as process 1. `command` must become the program by `exec`; it dies with this."""
    with subprocess.Popen([*UNSHARE, *command], cwd=folder, env=dict(env)) as around:
        try:
            wait_for(lambda: bool(_children(around.pid)), "process 1", seconds=10)
            yield ProcessOne(around, _children(around.pid)[0])
        finally:
            around.kill()


def wait_for(condition: Callable[[], bool], what: str, seconds: float) -> None:
    """Until the condition holds. Ends the program if it does not in time."""
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            raise SystemExit(f"not within {seconds:.0f} seconds: {what}")
        time.sleep(0.1)


def _children(pid: int) -> list[int]:
    try:
        return [int(n) for n in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        return []
