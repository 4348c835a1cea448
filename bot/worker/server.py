"""`/healthz` and `/metrics` over HTTP, for whoever asks: two pages, answered one at a time.

By hand on a socket: the standard library's HTTP server would make the idle worker a third larger.
Nothing is read from a request but its first line. There is no TLS and no password: it listens on
loopback unless `worker.listen` names another address.
"""

from __future__ import annotations

import contextlib
import json
import logging
import socket
import threading
from collections.abc import Callable
from datetime import UTC, datetime

from bot import health
from bot.logs import event
from bot.store.light import Light, open_light
from bot.worker.metrics import metrics
from bot.worker.plan import Plan

_PATIENCE_SECONDS = 2.0
_LARGEST_REQUEST = 8 * 1024
Page = tuple[int, str, str]
"""Status, content type, body."""


class Listener:
    """Answers at the plan's address, from a thread, as long as there is one."""

    def __init__(self) -> None:
        self._socket: socket.socket | None = None
        self._address = ""

    def listen(self, plan: Plan) -> None:
        """Answers at `plan.listen` from now on; nowhere if it is empty."""
        if plan.listen == self._address:
            return
        self.close()
        self._address = plan.listen
        if not plan.listen:
            return
        host, _, port = plan.listen.rpartition(":")
        try:
            self._socket = socket.create_server((host.strip("[]"), int(port)), family=_family(host))
        except (OSError, ValueError) as error:
            event("bot.worker", logging.ERROR, f"worker.listen {plan.listen}: {error}")
            return
        pages = _Pages(plan)
        thread = threading.Thread(target=_serve, args=(self._socket, pages.page), daemon=True)
        thread.start()
        event("bot.worker", logging.INFO, f"metrics at http://{plan.listen}/metrics")

    def close(self) -> None:
        """Answers no more."""
        if self._socket:
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)
            self._socket.close()
        self._socket, self._address = None, ""


class _Pages:
    """What is at which path."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._light: Light = open_light(plan.store_url)
        self._host = socket.gethostname().partition(".")[0]

    def page(self, path: str) -> Page:
        now = datetime.now(UTC)
        if path == "/healthz":
            verdict = health.verdict(self._light, now, self._host)
            return (200 if verdict["healthy"] else 503), "application/json", json.dumps(verdict)
        if path == "/metrics":
            text = metrics(self._light, self._plan.timetable, now)
            return 200, "text/plain; version=0.0.4; charset=utf-8", text
        return 404, "text/plain; charset=utf-8", "There are /healthz and /metrics.\n"


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def _serve(listening: socket.socket, page: Callable[[str], Page]) -> None:
    while True:
        try:
            connection, _ = listening.accept()
        except OSError:
            return  # closed
        with connection, contextlib.suppress(OSError):
            connection.settimeout(_PATIENCE_SECONDS)
            connection.sendall(_answer(connection.recv(_LARGEST_REQUEST), page))


def _answer(request: bytes, page: Callable[[str], Page]) -> bytes:
    method, _, rest = request.partition(b"\r\n")[0].decode("latin-1").partition(" ")
    path = rest.partition(" ")[0].partition("?")[0]
    if method not in ("GET", "HEAD"):
        found: Page = 405, "text/plain; charset=utf-8", "Only GET.\n"
    else:
        try:
            found = page(path)
        except Exception as error:  # noqa: BLE001 - a prober gets an answer, whatever is wrong
            found = 503, "text/plain; charset=utf-8", f"{error}\n"
    status, kind, text = found
    body = text.encode()
    head = (
        f"HTTP/1.1 {status} {'OK' if status == 200 else 'Not OK'}\r\nContent-Type: {kind}\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + (b"" if method == "HEAD" else body)
