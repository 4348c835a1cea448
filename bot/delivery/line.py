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
from base64 import b64encode
from collections.abc import Iterator
from email.message import Message
from functools import cache, partial
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection, IncompleteRead
from math import inf
from typing import IO, Any, NamedTuple
from urllib.error import HTTPError
from urllib.parse import unquote, urlsplit
from urllib.request import (
    HTTPHandler,
    HTTPRedirectHandler,
    HTTPSHandler,
    ProxyHandler,
    Request,
    build_opener,
)

from bot.addresses import unsafe
from bot.errors import DeliveryError

TIMEOUT_SECONDS = 10
MOST_BYTES = 16 * 1024 * 1024

_CHUNK = 64 * 1024


def ticks() -> float:
    """Seconds since the machine started, those included in which it or this process stood still."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class NotSentError(OSError):
    """The time for a request was over before it was written: nothing can come of it."""


class Answer(NamedTuple):
    """Status, headers and body of an answer, whatever the status."""

    status: int
    headers: Message
    body: bytes


class Line:
    """The way to Slack, for one exchange at a time.

    `proxy` is the URL of an HTTP proxy, for https only: in the clear it would see the token;
    None for a direct connection. `timeout` is the seconds an exchange may take, and as many
    again to connect.
    """

    def __init__(self, proxy: str | None = None, timeout: float = TIMEOUT_SECONDS) -> None:
        self._sockets = _Sockets()
        self._opener = build_opener(
            _Proxy({"https": proxy} if proxy else {}),
            _NoRedirect(),
            _Http(self._sockets),
            _Https(self._sockets),
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
        self._sockets.until = moment
        try:
            yield
        finally:
            self._sockets.until = inf

    @contextlib.contextmanager
    def _cut_off_in_time(self) -> Iterator[None]:
        """Ends the connection under a reader that would wait for ever."""
        self._sockets.begin()
        timer = threading.Timer(self._timeout, self._sockets.cut_off)
        timer.start()
        try:
            yield
        except (OSError, HTTPException, ValueError):  # of a connection shut while it is made
            if not self._sockets.late:
                raise
        finally:
            timer.cancel()
            timer.join()
        if self._sockets.late:  # also where the shut connection looks like the regular end
            raise TimeoutError("the exchange takes too long") from None


class _Sockets:
    """The connections of one exchange, from the first byte on: a proxy, too, can answer for ever.

    `late` says that they were cut off; one made after that is cut off at once. `until` is when
    (`ticks`) they may last be written to.
    """

    def __init__(self) -> None:
        self.late = False
        self.until = inf
        self._open: list[socket.socket] = []
        self._lock = threading.Lock()

    def begin(self) -> None:
        self.late = False
        self._open.clear()

    def hold(self, one: socket.socket) -> None:
        with self._lock:
            self._open.append(one)
        if self.late:
            self.cut_off()

    def cut_off(self) -> None:
        with self._lock:
            self.late = True
            for one in self._open:
                with contextlib.suppress(OSError):
                    # Below TLS, which is not ours to touch.
                    socket.socket.shutdown(one, socket.SHUT_RDWR)

    def look(self) -> None:
        """Raises NotSentError if it is too late to write."""
        if ticks() > self.until:
            raise NotSentError("this process stood still")

    def connect(self, *address: Any) -> socket.socket:
        """As `socket.create_connection`, kept in sight."""
        made = socket.create_connection(*address)
        self.hold(made)
        return made


def _read(response: Any) -> bytes:
    body = bytearray()
    while chunk := response.read1(_CHUNK):
        body += chunk
        if len(body) > MOST_BYTES:
            raise HTTPException("the answer is too long")
    if missing := getattr(response, "length", 0):  # announced, but the connection ended
        raise IncompleteRead(bytes(body), missing)
    return bytes(body)


def refuse_open_road(url: str) -> None:
    """Raises DeliveryError, which does not name the address, unless it is safe to write to."""
    if unsafe(url):
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


class _Proxy(ProxyHandler):
    """The configured proxy for every host: urllib would ask `no_proxy` of the environment."""

    def proxy_open(self, req: Request, proxy: str, type: str) -> Any:
        parts = urlsplit(proxy)
        if parts.username is not None:
            words = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            req.add_header("Proxy-Authorization", f"Basic {b64encode(words.encode()).decode()}")
        req.set_proxy(parts.netloc.rpartition("@")[2], parts.scheme or type)


class _NoRedirect(HTTPRedirectHandler):
    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str
    ) -> None:
        """Nowhere: the redirect itself is the answer."""


class _Http(HTTPHandler):
    """Opens http:// and keeps its socket in sight."""

    def __init__(self, sockets: _Sockets) -> None:
        super().__init__()
        self._sockets = sockets

    def http_open(self, req: Request) -> HTTPResponse:
        return self.do_open(partial(_HttpConnection, self._sockets), req)


@cache
def _authorities() -> ssl.SSLContext:
    """Whom TLS trusts: read once, it takes 50 ms."""
    return ssl.create_default_context()


class _Https(HTTPSHandler):
    """Opens https:// and keeps its socket in sight."""

    def __init__(self, sockets: _Sockets) -> None:
        self._trusted = _authorities()
        super().__init__(context=self._trusted)
        self._sockets = sockets

    def https_open(self, req: Request) -> HTTPResponse:
        connection = partial(_HttpsConnection, self._sockets)
        return self.do_open(connection, req, context=self._trusted)


class _HttpConnection(HTTPConnection):
    def __init__(self, sockets: _Sockets, host: str, **options: Any) -> None:
        super().__init__(host, **options)
        self._create_connection = sockets.connect
        self._sockets = sockets

    def send(self, data: Any) -> None:
        self._sockets.look()
        super().send(data)


class _HttpsConnection(HTTPSConnection):
    def __init__(self, sockets: _Sockets, host: str, **options: Any) -> None:
        super().__init__(host, **options)
        self._create_connection = sockets.connect
        self._sockets = sockets

    def connect(self) -> None:
        super().connect()
        self._sockets.hold(self.sock)  # TLS is another socket object around the same connection

    def send(self, data: Any) -> None:
        self._sockets.look()
        super().send(data)
