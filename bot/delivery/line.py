"""One HTTP exchange with Slack, on terms urllib does not keep by itself.

No redirect is followed (urllib would take the token along), no proxy is used but the configured
one, no `http://` but to this machine, and an exchange ends within a time and a size, even if the
other side sends a byte now and then for ever.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from email.message import Message
from functools import partial
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection, IncompleteRead
from math import inf
from typing import IO, Any, NamedTuple
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import (
    HTTPHandler,
    HTTPRedirectHandler,
    HTTPSHandler,
    ProxyHandler,
    Request,
    build_opener,
)

from bot.errors import DeliveryError

TIMEOUT_SECONDS = 10
MOST_BYTES = 16 * 1024 * 1024

_HERE = {"127.0.0.1", "::1", "localhost"}
_CHUNK = 64 * 1024


def ticks() -> float:
    """Seconds since the machine started, those included in which it or this process stood still."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class NotSentError(OSError):
    """The time for a request was over before it was written: nothing can come of it."""


class _Watch:
    """The sockets of an exchange, and until when (`ticks`) they may be written to."""

    def __init__(self) -> None:
        self.sockets: list[socket.socket] = []
        self.until = inf

    def look(self) -> None:
        """Raises NotSentError if it is too late to write."""
        if ticks() > self.until:
            raise NotSentError("this process stood still")


class Answer(NamedTuple):
    """Status, headers and body of an answer, whatever the status."""

    status: int
    headers: Message
    body: bytes


class Line:
    """The way to Slack, for one exchange at a time.

    `proxy` is the URL of an HTTP proxy, None for a direct connection; `timeout` the seconds an
    exchange may take once connected.
    """

    def __init__(self, proxy: str | None = None, timeout: float = TIMEOUT_SECONDS) -> None:
        proxies = {"http": proxy, "https": proxy} if proxy else {}
        self._watch = _Watch()
        self._opener = build_opener(
            ProxyHandler(proxies),
            _NoRedirect(),
            _Http(self._watch),
            _Https(self._watch),
        )
        self._timeout = timeout

    def exchange(self, request: Request) -> Answer:
        """The answer to the request.

        Raises URLError, another OSError or HTTPException when there is none, DeliveryError for
        an address that is not safe.
        """
        refuse_open_road(request.full_url)
        with self._cut_off_in_time():
            try:
                response = self._opener.open(request, timeout=self._timeout)
            except HTTPError as error:
                response = error  # a status of 300 and above: an answer like any other
            with response:
                return Answer(response.status, response.headers, _read(response))

    @contextlib.contextmanager
    def writing_until(self, moment: float) -> Iterator[None]:
        """Within it nothing is written after that moment of `ticks`, but NotSentError raised."""
        self._watch.until = moment
        try:
            yield
        finally:
            self._watch.until = inf

    @contextlib.contextmanager
    def _cut_off_in_time(self) -> Iterator[None]:
        """Ends the connection under a reader that would wait for ever."""
        late = threading.Event()
        timer = threading.Timer(self._timeout, _cut_off, (self._watch.sockets, late))
        timer.start()
        try:
            yield
        except (OSError, HTTPException):
            if late.is_set():
                raise TimeoutError("the exchange takes too long") from None
            raise
        finally:
            timer.cancel()
            timer.join()
            self._watch.sockets.clear()


def _cut_off(sockets: list[socket.socket], late: threading.Event) -> None:
    late.set()
    for one in sockets:
        with contextlib.suppress(OSError):
            socket.socket.shutdown(one, socket.SHUT_RDWR)  # below TLS, which is not ours to touch


def _read(response: Any) -> bytes:
    body = bytearray()
    while chunk := response.read1(_CHUNK):
        body += chunk
        if len(body) > MOST_BYTES:
            raise HTTPException("the answer is too long")
    if missing := getattr(response, "length", 0):  # announced, but the connection ended
        raise IncompleteRead(bytes(body), missing)
    return bytes(body)


def _is_safe(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _HERE)


def refuse_open_road(url: str) -> None:
    """Raises DeliveryError, which does not name the address, unless it is safe to write to."""
    if not _is_safe(url):
        raise DeliveryError(
            "messages go over https:// only (http:// only to this machine)",
            hint="correct slack.base_url or the webhook's address",
            permanent=True,
        )


def posting(url: str, body: bytes, content_type: str) -> Request:
    """A request that posts the body. Raises DeliveryError for an address that is not safe."""
    refuse_open_road(url)
    headers = {"Content-Type": content_type}
    return Request(url, body, headers, method="POST")  # noqa: S310 - the scheme was just checked


class _NoRedirect(HTTPRedirectHandler):
    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str
    ) -> None:
        """Nowhere: the redirect itself is the answer."""


class _Http(HTTPHandler):
    """Opens http:// and keeps its socket in sight."""

    def __init__(self, watch: _Watch) -> None:
        super().__init__()
        self._watch = watch

    def http_open(self, req: Request) -> HTTPResponse:
        return self.do_open(partial(_HttpConnection, self._watch), req)


class _Https(HTTPSHandler):
    """Opens https:// and keeps its socket in sight."""

    def __init__(self, watch: _Watch) -> None:
        self._trusted = ssl.create_default_context()
        super().__init__(context=self._trusted)
        self._watch = watch

    def https_open(self, req: Request) -> HTTPResponse:
        connection = partial(_HttpsConnection, self._watch)
        return self.do_open(connection, req, context=self._trusted)


class _HttpConnection(HTTPConnection):
    def __init__(self, watch: _Watch, host: str, **options: Any) -> None:
        super().__init__(host, **options)
        self._watch = watch

    def connect(self) -> None:
        super().connect()
        self._watch.sockets.append(self.sock)

    def send(self, data: Any) -> None:
        self._watch.look()
        super().send(data)


class _HttpsConnection(HTTPSConnection):
    def __init__(self, watch: _Watch, host: str, **options: Any) -> None:
        super().__init__(host, **options)
        self._watch = watch

    def connect(self) -> None:
        super().connect()
        self._watch.sockets.append(self.sock)

    def send(self, data: Any) -> None:
        self._watch.look()
        super().send(data)
