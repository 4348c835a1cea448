"""Processes that the comparison starts and kills, and how it talks with them."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

Steps = Mapping[str, Callable[[str], bool]]


def saying(*words: str) -> Steps:
    """Steps whose messages hold these words."""
    return {word: (lambda text, word=word: word in text) for word in words}  # type: ignore[misc]  # bound


class Process:
    """A child that can be started again after a SIGKILL.

    What it says is in a file, unless its last argument is `-`: then it is there to be read.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._child: subprocess.Popen[str] | None = None

    def run(self, *command: str | Path, **environment: str) -> subprocess.Popen[str]:
        with (self.folder / "log").open("a") as log:
            self._child = subprocess.Popen(  # noqa: S603 - named by whoever runs the comparison
                [str(word) for word in command],
                cwd=self.folder,
                env={**os.environ, **environment},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE if command[-1] == "-" else log,
                stderr=log,
                text=True,
            )
        return self._child

    def tell(self, line: str) -> None:
        """A line for its standard input."""
        if self._child and self._child.stdin:
            self._child.stdin.write(line)
            self._child.stdin.flush()

    @property
    def log(self) -> str:
        """What it said."""
        return (self.folder / "log").read_text()

    def kill(self) -> None:
        if self._child is not None:
            self._child.send_signal(signal.SIGKILL)
            self._child.communicate()
            self._child = None

    def stop(self) -> None:
        self.kill()


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def _connected(port: int) -> Iterator[HTTPConnection]:
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        yield connection
    finally:
        connection.close()


def post(port: int, path: str, what: object) -> None:
    """Hands JSON to the server at a port of this machine."""
    with _connected(port) as connection:
        connection.request("POST", path, json.dumps(what), {"Content-Type": "application/json"})
        if (status := connection.getresponse().status) != 200:
            raise RuntimeError(f"{path} answered {status}")


def until_open(port: int) -> None:
    """Waits until Alertmanager says that it is ready."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        try:
            with _connected(port) as connection:
                connection.request("GET", "/-/ready")
                if connection.getresponse().status == 200:
                    return
        except OSError:
            time.sleep(0.05)
    raise TimeoutError(f"nothing answers on port {port}")
