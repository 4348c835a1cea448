"""A dead man's switch: somebody outside hears that a run begins, and how it ended.

`URL/start`, `URL` and `URL/fail`, as Healthchecks takes them (https://healthchecks.io/docs/http_api).
If the success does not come, that service raises the alarm. The address is a secret: whoever has
it can say that all is well. A ping that fails never fails the run.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException
from typing import Protocol
from urllib.parse import urlsplit, urlunsplit

from bot.delivery.line import Line, posting
from bot.errors import BotError

TIMEOUT_SECONDS = 5
_LONGEST = 500

_log = logging.getLogger(__name__)


class Heartbeat(Protocol):
    """Somebody to tell."""

    def began(self) -> None:
        """A run begins."""

    def went_well(self) -> None:
        """A run has ended and nothing waits."""

    def failed(self, why: str) -> None:
        """A run has ended, and this is wrong."""


class NoHeartbeat:
    """Nobody to tell."""

    def began(self) -> None: ...
    def went_well(self) -> None: ...
    def failed(self, why: str) -> None: ...


class Pings:
    """Pings to one address; `proxy` is used for https only."""

    def __init__(self, url: str, proxy: str | None = None) -> None:
        self._url = url
        self._line = Line(proxy if url.startswith("https:") else None, TIMEOUT_SECONDS)

    def began(self) -> None:
        self._ping("start")

    def went_well(self) -> None:
        self._ping("")

    def failed(self, why: str) -> None:
        self._ping("fail", why[:_LONGEST])

    def _ping(self, signal: str, text: str = "") -> None:
        body = text.encode("utf-8", "replace")
        try:
            request = posting(_address(self._url, signal), body, "text/plain; charset=utf-8")
            answer = self._line.exchange(request)
        except (OSError, HTTPException, ValueError, BotError) as error:
            late = isinstance(error, TimeoutError)
            _log.warning("the heartbeat got no answer: %s", "too slow" if late else "no connection")
            return
        if answer.status >= 300:
            _log.warning("the heartbeat was refused: HTTP %d", answer.status)


def open_heartbeat(url: str, proxy: str | None = None) -> Heartbeat:
    """The one to tell at an address; nobody for an empty one."""
    return Pings(url, proxy) if url else NoHeartbeat()


class Watched:
    """A run under watch: say how it ended before it does."""

    def __init__(self) -> None:
        self.trouble: str | None = "the run ended without a word"


@contextmanager
def watched(heartbeat: Heartbeat) -> Iterator[Watched]:
    """Tells that a run begins and how it ended; what it raises is told as failed, and goes on."""
    heartbeat.began()
    run = Watched()
    try:
        yield run
    except BaseException as error:
        told = str(error) if isinstance(error, BotError) else type(error).__name__
        heartbeat.failed(told)
        raise
    if run.trouble is None:
        heartbeat.went_well()
    else:
        heartbeat.failed(run.trouble)


def _address(url: str, signal: str) -> str:
    """The address with a signal at the end of its path."""
    parts = urlsplit(url)
    path = f"{parts.path.rstrip('/')}/{signal}" if signal else parts.path
    return urlunsplit((parts.scheme, parts.netloc, path, parts.query, ""))
