"""A child process: how it is started, limited, listened to and ended.

It is a new interpreter (no fork of a process with threads), in a session of its own, so that a
signal from the terminal reaches the parent first. Its errors are its log: they are passed on line
by line, and the last one is remembered.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

LAST_WORDS = 300
"""Characters kept of the last line on stderr."""
_LINE = 64 * 1024


class Child:
    """A running program.

    `deadline` is the monotonic instant at which it has had its time. `heard` is called with each
    line on its stderr, and gives back what it says.
    """

    def __init__(
        self, command: Sequence[str], deadline: float, heard: Callable[[str], str]
    ) -> None:
        self.deadline = deadline
        self.overdue = False
        self.last_words = ""
        self.code: int | None = None
        self.output = b""
        self._heard = heard
        self._unheard = b""
        self._process = subprocess.Popen(  # noqa: S603 - our own program
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        for pipe in self.pipes:
            os.set_blocking(pipe, False)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def pipes(self) -> list[int]:
        """File descriptors to wait for, as long as it may say something."""
        both = (self._process.stdout, self._process.stderr)
        return [pipe.fileno() for pipe in both if pipe and not pipe.closed]

    @property
    def is_stopped(self) -> bool:
        """Whether it is halted by SIGSTOP or a debugger: alive, and not moving."""
        if not hasattr(os, "waitid"):
            return False
        flags = os.WSTOPPED | os.WNOHANG | os.WNOWAIT
        with contextlib.suppress(ChildProcessError):
            return os.waitid(os.P_PID, self.pid, flags) is not None
        return False

    def listen(self) -> None:
        """Takes what it has said since; never waits."""
        self.output = (self.output + _said(self._process.stdout))[:_LINE]
        *lines, rest = (self._unheard + _said(self._process.stderr)).split(b"\n")
        self._unheard = rest[-_LINE:]
        for line in lines:
            self._hear(line)

    def ended(self, status: int) -> None:
        """Its exit status has come (as `os.waitpid` gives it): 0 or more, or minus a signal."""
        self.listen()
        self._hear(self._unheard)
        self.code = self._process.returncode = os.waitstatus_to_exitcode(status)
        for pipe in (self._process.stdout, self._process.stderr):
            if pipe:
                pipe.close()

    def signal(self, number: int) -> None:
        """Sends a signal to it and all it has started."""
        if self.code is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, number)

    def kill(self) -> None:
        """Ends it at once."""
        self.signal(signal.SIGKILL)

    def _hear(self, line: bytes) -> None:
        text = line.decode("utf-8", "replace").rstrip()
        if text:
            self.last_words = self._heard(text)[:LAST_WORDS]


def _said(pipe: IO[bytes] | None) -> bytes:
    """What is in the pipe; a pipe whose other end is gone is closed."""
    if pipe is None or pipe.closed:
        return b""
    try:
        said = os.read(pipe.fileno(), _LINE)
    except BlockingIOError:
        return b""
    if not said:
        pipe.close()
    return said


def reap(children: Sequence[Child]) -> list[Child]:
    """Collects what has ended: those of ours; as PID 1 also every orphan the system hands us."""
    ended = []
    for child in children:
        if (status := _status_of(child.pid)) is not None:
            child.ended(status)
            ended.append(child)
    if os.getpid() == 1 and not set(children) - set(ended):
        while _status_of(-1) is not None:
            pass
    return ended


def _status_of(pid: int) -> int | None:
    """The exit status of a child that has ended; it is gone after that."""
    try:
        found, status = os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return None if pid == -1 else 0
    return status if found else None


def limit_memory(megabytes: int) -> None:
    """Limits what this process may hold (RLIMIT_DATA: heap, stacks and private maps).

    What it asks for beyond fails as MemoryError. A system without the limit is left as it is.
    """
    if not Path("/proc/self/statm").exists():  # elsewhere RLIMIT_DATA does not count maps
        return
    import resource  # noqa: PLC0415 - not on every system

    allowed = megabytes * 1024 * 1024
    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_DATA, (allowed, hard))
