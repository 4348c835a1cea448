"""A real HTTP/1.1 server on 127.0.0.1 for tests: request log, keep-alive, faults on demand.

A subclass says what to answer (`reply_to`); this module knows sockets and threads. `stop()` ends
every connection and thread, so nothing is left open; a server may be started again on its port.
A bug in a fake is answered with 500 and raised by `stop()`: it is never taken for a fault.
"""

from __future__ import annotations

import contextlib
import json
import socket
import sys
import threading
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from fnmatch import fnmatchcase
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal, Self, cast
from urllib.parse import parse_qsl, urlsplit

from tests.fakes.faults import Fault, FaultScript
from tests.fakes.wire import enact, send


@dataclass(slots=True)
class Request:
    """One request as it arrived. The key or token itself is not kept, only how it compared."""

    method: str
    path: str
    query: list[tuple[str, str]]
    headers: dict[str, str]  # names in lower case, without `authorization`
    authorization: Literal["missing", "wrong", "expected"]
    body: bytes
    time: datetime
    fault: str | None = None  # kind of the fault that hit it
    status: int | None = None  # of the answer the server made; None while or if it made none

    def params(self, name: str) -> list[str]:
        """Every value the query gives this name, in order."""
        return [value for key, value in self.query if key == name]

    def json(self) -> Any:
        """The body, decoded."""
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer before it meets the wire."""

    status: int
    body: bytes
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


class FakeServer:
    """Base of the fakes: start, stop, log, faults. Subclasses write `reply_to`."""

    def __init__(self, *, port: int = 0, now: datetime | None = None) -> None:
        self.now = now
        self.faults = FaultScript()
        self.requests: list[Request] = []
        self.stopping = threading.Event()
        self._bugs: list[str] = []
        self._port = port
        self._listener: _Listener | None = None
        self._thread: threading.Thread | None = None

    @property
    def expected_token(self) -> str:
        """The bearer token that opens this server."""
        raise NotImplementedError

    def reply_to(self, request: Request, token: str | None) -> Reply:
        """Act on a request and answer it."""
        raise NotImplementedError

    def headers(self) -> dict[str, str]:
        """Headers of every answer, also of one with an error status."""
        return {}

    def error_body(self, status: int) -> bytes:
        """What this service says beside an error status that a fault asked for."""
        raise NotImplementedError

    def instant(self) -> datetime:
        """`now` as set, else the clock's (aware, UTC)."""
        return self.now or datetime.now(UTC)

    @property
    def url(self) -> str:
        """`http://127.0.0.1:<port>`, known once started (and kept for a restart)."""
        if not self._port:
            raise RuntimeError("start the server first: its port is not known yet")
        return f"http://127.0.0.1:{self._port}"

    def requests_to(self, path: str) -> list[Request]:
        """Logged requests whose path matches this glob."""
        return [request for request in self.requests if fnmatchcase(request.path, path)]

    def start(self) -> Self:
        """Listen and serve in the background."""
        self.stopping.clear()
        self._listener = _Listener(self, self._port)
        self._port = self._listener.server_address[1]
        self._thread = threading.Thread(target=self._listener.serve_forever, args=(0.01,))
        self._thread.start()
        return self

    def stop(self) -> None:
        """End all connections and threads; from here on connections are refused."""
        if self._listener is None or self._thread is None:
            return
        self.stopping.set()
        self._listener.shutdown()
        self._thread.join()
        self._listener.close_connections()
        self._listener.server_close()  # joins the connections' threads
        self._listener = self._thread = None
        if self._bugs:
            raise RuntimeError("the fake itself failed:\n" + "\n".join(self._bugs))

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def act_on(self, request: Request, token: str | None) -> Reply:
        """`reply_to`, with a bug of the fake caught and kept for `stop`."""
        try:
            reply = self.reply_to(request, token)
        except Exception:  # noqa: BLE001 - kept, and raised by stop(): a thread cannot fail a test
            self.note_bug()
            reply = Reply(500, b"the fake itself failed, see stop()", "text/plain")
        request.status = reply.status
        return reply

    def note_bug(self) -> None:
        """Keep the exception being handled for `stop` to raise."""
        self._bugs.append(traceback.format_exc())


class _Listener(ThreadingHTTPServer):
    daemon_threads = False
    block_on_close = True
    request_queue_size = 64

    def __init__(self, fake: FakeServer, port: int) -> None:
        self.fake = fake
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__(("127.0.0.1", port), _Connection)

    def server_bind(self) -> None:
        """Bind without asking the name service who 127.0.0.1 is."""
        socket_address = self.server_address
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(cast(tuple[str, int], socket_address))
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = "127.0.0.1", self.server_address[1]

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def close_request(self, request: Any) -> None:
        with self._lock:
            self._open.discard(request)
        super().close_request(request)

    def close_connections(self) -> None:
        """Wake threads that wait for the next request of a kept-alive connection."""
        with self._lock:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, *_: object) -> None:
        """A client that went away is no error of the server's; anything else is a bug here."""
        if not isinstance(sys.exception(), OSError):
            self.fake.note_bug()


class _Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Listener

    def __getattr__(self, name: str) -> Any:
        if name.startswith("do_"):  # every method reaches the fake, which answers or refuses it
            return self._serve
        raise AttributeError(name)

    def log_message(self, format: str, *args: Any) -> None:
        """Stay silent; `FakeServer.requests` is the log."""

    def _serve(self) -> None:
        fake = self.server.fake
        request, token = self._read()
        fault = fake.faults.take(request.method, request.path)
        request.fault = fault.kind if fault else None
        fake.requests.append(request)
        if fault is None:
            self._answer(fake.act_on(request, token))
        else:
            self._fail(fault, request, token)

    def _answer(self, reply: Reply) -> None:
        fake = self.server.fake
        date = {"Date": format_datetime(fake.instant(), usegmt=True)}
        headers = date | fake.headers() | dict(reply.headers)
        if self.close_connection:
            headers["Connection"] = "close"
        body = b"" if self.command == "HEAD" else reply.body
        send(self.connection, reply.status, reply.content_type, headers, body)

    def _fail(self, fault: Fault, request: Request, token: str | None) -> None:
        fake = self.server.fake
        acted = fake.act_on(request, token) if fault.acts else None
        self.close_connection = True
        with contextlib.suppress(OSError):  # the client may have given up already
            enact(fault, acted, self, fake)

    def _read(self) -> tuple[Request, str | None]:
        url = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        token = _bearer(headers.pop("authorization", None))
        body = self.rfile.read(int(headers.get("content-length", 0)))
        standing = _standing(token, self.server.fake.expected_token)
        query = parse_qsl(url.query, keep_blank_values=True)
        time = datetime.now(UTC)
        return Request(self.command, url.path, query, headers, standing, body, time), token


def _bearer(header: str | None) -> str | None:
    scheme, _, token = (header or "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None


def _standing(token: str | None, expected: str) -> Literal["missing", "wrong", "expected"]:
    if token is None:
        return "missing"
    return "expected" if token == expected else "wrong"
