"""A wall-clock limit on an HTTP exchange, and a way to stop every exchange at once.

The timeouts of `requests` count the silence between two bytes, so a server that drips its headers
or its body holds a client for hours. Here the socket is shut from outside when the time is over
(`Watch`) or when everything has to end, e.g. at Ctrl-C (`Halt`); the blocked read then fails.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from types import TracebackType
from typing import Any, Self

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection


class Halt:
    """One stop button for several threads: waits end, sockets in use are shut."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._lock = threading.Lock()
        self._watches: set[Watch] = set()

    @property
    def halted(self) -> bool:
        return self._event.is_set()

    def now(self) -> None:
        """Stop everything; nothing starts after this."""
        self._event.set()
        with self._lock:
            watches = list(self._watches)
        for watch in watches:
            watch.shut()

    def wait(self, seconds: float) -> None:
        """Sleep, unless halted."""
        self._event.wait(seconds)

    def _watch(self, watch: Watch) -> None:
        with self._lock:
            self._watches.add(watch)

    def _forget(self, watch: Watch) -> None:
        with self._lock:
            self._watches.discard(watch)


class Watch:
    """`with Watch(seconds, halt):` around one exchange through a `WatchedAdapter`.

    `expired` tells afterwards that the time was over. Belongs to the thread that enters it.
    """

    def __init__(self, seconds: float, halt: Halt) -> None:
        self.expired = False
        self._halt = halt
        self._timer = threading.Timer(max(0.0, seconds), self._expire)
        self._timer.daemon = True
        self._lock = threading.Lock()
        self._shut = False
        self._socket: socket.socket | None = None

    def __enter__(self) -> Self:
        _current.watch = self
        self._halt._watch(self)  # noqa: SLF001 - the two are one mechanism
        self._timer.start()
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self._timer.cancel()
        self._halt._forget(self)  # noqa: SLF001 - the two are one mechanism
        _current.watch = None
        with self._lock:  # the connection goes back to its pool: hands off from here on
            self._socket = None

    @property
    def is_shut(self) -> bool:
        """Whether whatever is read from now on is at its end."""
        return self._shut

    def hold(self, connected: socket.socket | None) -> None:
        """The socket that is read from now on; shut at once if the time is over already."""
        with self._lock:
            self._socket = connected
        if self._shut or self._halt.halted:
            self.shut()

    def shut(self) -> None:
        """End the exchange: whoever reads gets the end of the stream."""
        with self._lock:
            self._shut = True
            if self._socket is not None:
                with contextlib.suppress(OSError):
                    # Not SSLSocket's own: that one also drops the TLS state the reader is using.
                    socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def _expire(self) -> None:
        self.expired = True
        self.shut()


_current = threading.local()


def _hold(connected: Any) -> None:
    watch: Watch | None = getattr(_current, "watch", None)
    if watch is not None:
        watch.hold(connected)


def _refuse_shut() -> None:
    """TLS on a socket that was shut would fail without closing it."""
    watch: Watch | None = getattr(_current, "watch", None)
    if watch is not None and watch.is_shut:
        raise TimeoutError


class _Connection(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        """Held from the start: a proxy, too, can drip its answer."""
        made = super()._new_conn()
        _hold(made)
        return made

    def getresponse(self) -> Any:
        _hold(self.sock)
        return super().getresponse()


class _TlsConnection(HTTPSConnection):
    def _new_conn(self) -> socket.socket:
        made = super()._new_conn()
        _hold(made)
        return made

    def _tunnel(self) -> None:
        super()._tunnel()
        _refuse_shut()

    def getresponse(self) -> Any:
        _hold(self.sock)
        return super().getresponse()


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


class WatchedAdapter(HTTPAdapter):
    """The adapter of `requests`, on connections that a `Watch` can end."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        _watch_pools(self.poolmanager)

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(*args, **kwargs)
        _watch_pools(manager)
        return manager


def _watch_pools(manager: PoolManager) -> None:
    manager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}
