"""What can go wrong between a client and a server, as a script that requests consume.

A `Fault` is a value; a `FaultScript` holds faults in the order added. Each request takes the first
fault that matches its path and is not used up, so `add(a, b, c)` with `times=1` hits three requests
in a row, whoever sends them.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Literal, get_args

FaultKind = Literal[
    "drop_before",  # close the connection; nothing happened
    "drop_after",  # act, then close without an answer
    "reset",  # RST instead of FIN; acts first unless act=False
    "truncate",  # act, announce the whole body, send half of it, close
    "timeout",  # act, hold the answer for `seconds`
    "status",  # answer `status` with `headers` and `body`; does not act unless act=True
    "html",  # 200 and a captive portal's page; does not act
    "wrong_type",  # act; the real body (or `body`) under another Content-Type
    "drip",  # act; the answer byte by byte, `seconds` between two
    "gzip_bomb",  # act; a few kilobytes that unpack to `size` bytes
    "huge",  # act; a body that never ends
    "wire",  # `body` on the wire as it stands, then `tail` for ever, `seconds` between two
    "redirect",  # 302 (or `status`) to `location`; does not act
]
ACTS = {"drop_after", "reset", "truncate", "timeout", "wrong_type", "drip", "gzip_bomb", "huge"}
SECONDS = {"timeout": 30.0, "drip": 0.02}
STATUS = {"status": 500, "redirect": 302}


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong.

    `path` is a glob on the request path; `method` on the HTTP method. `after` matching requests
    pass unharmed first (those hit by another fault count too), then `times` requests are hit
    (`None`: every one from then on). `act` says whether the server does its work first (a message
    is stored, a poll is counted); `None` means as listed at `FaultKind`.
    """

    kind: FaultKind
    path: str = "*"
    times: int | None = 1
    after: int = 0
    method: str = "*"
    act: bool | None = None
    seconds: float | None = None
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str | bytes | None = None
    content_type: str = "text/plain"
    tail: bytes = b""
    size: int = 256 * 1024 * 1024
    location: str = "http://elsewhere.invalid/"

    def __post_init__(self) -> None:
        if self.kind not in get_args(FaultKind):
            raise ValueError(f"no fault is called {self.kind!r}")
        if self.act is False and self.kind in {"truncate", "drip"}:
            raise ValueError(f"{self.kind} spoils a real answer: the server must act")

    @property
    def acts(self) -> bool:
        """Does the server do its work before things go wrong?"""
        return self.kind in ACTS if self.act is None else self.act

    @property
    def pause(self) -> float:
        """Seconds an answer is held (`timeout`) or between two bytes (`drip`)."""
        return SECONDS.get(self.kind, 0.0) if self.seconds is None else self.seconds

    @property
    def code(self) -> int:
        """The HTTP status of the answer, where there is one."""
        return STATUS.get(self.kind, 200) if self.status is None else self.status

    def matches(self, method: str, path: str) -> bool:
        """Is this request one it may hit?"""
        return fnmatchcase(path, self.path) and fnmatchcase(method, self.method)


def eight_faults(path: str = "*", *, hold: float = 30.0) -> tuple[Fault, ...]:
    """The eight network faults whose every sequence a delivery must survive.

    `hold` seconds is how long `timeout` keeps an answer: longer than the client waits.
    """
    return (
        Fault("drop_before", path),
        Fault("drop_after", path),
        Fault("reset", path),
        Fault("truncate", path),
        Fault("timeout", path, seconds=hold),
        Fault("status", path, status=503),
        Fault("status", path, status=429, headers={"Retry-After": "1"}),
        Fault("html", path),
    )


@dataclass(slots=True)
class _Planned:
    fault: Fault
    seen: int = 0
    done: int = 0

    @property
    def spent(self) -> bool:
        return self.fault.times is not None and self.done >= self.fault.times

    def due(self) -> bool:
        """Count one matching request; is it one to hit?"""
        self.seen += 1
        return self.seen > self.fault.after and not self.spent


class FaultScript:
    """The faults still to come, in order. Safe to change while the server runs."""

    def __init__(self) -> None:
        self._planned: list[_Planned] = []
        self._lock = threading.Lock()

    def add(self, *faults: Fault) -> None:
        """Plan faults behind those already planned."""
        with self._lock:
            self._planned += [_Planned(fault) for fault in faults]

    def clear(self) -> None:
        """Forget every fault: from now on all goes well."""
        with self._lock:
            self._planned.clear()

    @property
    def pending(self) -> list[Fault]:
        """Faults that have hits left."""
        with self._lock:
            return [planned.fault for planned in self._planned if not planned.spent]

    def take(self, method: str, path: str) -> Fault | None:
        """The fault that hits this request, if any; it is used up by one."""
        with self._lock:
            matching = [p for p in self._planned if p.fault.matches(method, path)]
            due = [planned for planned in matching if planned.due()]
            if not due:
                return None
            due[0].done += 1
            return due[0].fault
