"""Bytes on a socket: a sound answer, and each way an answer can go wrong.

`enact` plays one `Fault` on an open connection; the caller closes the connection afterwards.
"""

from __future__ import annotations

import socket
import struct
import zlib
from collections.abc import Callable, Mapping
from functools import lru_cache
from http.client import responses
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING

from tests.fakes.faults import Fault

if TYPE_CHECKING:
    from tests.fakes.http import FakeServer, Reply

MEGABYTE = 1024 * 1024
PORTAL = b"""<!DOCTYPE html><html><head><title>Guest Wi-Fi</title></head>
<body><h1>Welcome to Guest Wi-Fi</h1><p>Sign in to continue.</p></body></html>"""


def head(status: int, content_type: str, headers: Mapping[str, str], length: int | None) -> bytes:
    """Status line and headers; `length` None: the body's end is not announced."""
    lines = [f"HTTP/1.1 {status} {responses.get(status, 'Unknown')}"]
    if status != 204:
        lines.append(f"Content-Type: {content_type}")
    if length is not None:
        lines.append(f"Content-Length: {length}")
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def send(
    connection: socket.socket,
    status: int,
    content_type: str,
    headers: Mapping[str, str],
    body: bytes,
) -> None:
    """A complete answer, in one write."""
    connection.sendall(head(status, content_type, headers, len(body)) + body)


def enact(
    fault: Fault, acted: Reply | None, handler: BaseHTTPRequestHandler, fake: FakeServer
) -> None:
    """Play `fault`. `acted` is the sound answer when the server did its work, else None."""
    _PLAYS[fault.kind](fault, acted, handler, fake)


def _reset(_f: Fault, _a: Reply | None, handler: BaseHTTPRequestHandler, _s: FakeServer) -> None:
    """Abort: with a linger of 0 closing sends RST. Both handles, as either keeps the socket."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.rfile.close()
    handler.connection.close()


def _drop(_f: Fault, _a: Reply | None, _h: BaseHTTPRequestHandler, _s: FakeServer) -> None:
    """Nothing: the caller closes the connection."""


def _truncate(
    _f: Fault, acted: Reply | None, handler: BaseHTTPRequestHandler, fake: FakeServer
) -> None:
    reply = _sound(acted)
    whole = head(reply.status, reply.content_type, _headers(reply, fake), len(reply.body) + 1)
    handler.connection.sendall(whole + reply.body[: len(reply.body) // 2])


def _timeout(
    fault: Fault, acted: Reply | None, handler: BaseHTTPRequestHandler, fake: FakeServer
) -> None:
    stopped = fake.stopping.wait(fault.pause)
    if acted and not stopped:
        send(
            handler.connection,
            acted.status,
            acted.content_type,
            _headers(acted, fake),
            acted.body,
        )


def _status(
    fault: Fault, _a: Reply | None, handler: BaseHTTPRequestHandler, fake: FakeServer
) -> None:
    body = fake.error_body(fault.code) if fault.body is None else _bytes(fault.body)
    headers = fake.headers() | {"Connection": "close"} | dict(fault.headers)
    content_type = headers.pop("Content-Type", "application/json")
    send(handler.connection, fault.code, content_type, headers, body)


def _html(fault: Fault, _a: Reply | None, handler: BaseHTTPRequestHandler, _s: FakeServer) -> None:
    body = PORTAL if fault.body is None else _bytes(fault.body)
    send(handler.connection, fault.code, "text/html; charset=utf-8", {"Connection": "close"}, body)


def _wrong_type(
    fault: Fault, acted: Reply | None, handler: BaseHTTPRequestHandler, fake: FakeServer
) -> None:
    reply = _sound(acted)
    body = reply.body if fault.body is None else _bytes(fault.body)
    send(handler.connection, reply.status, fault.content_type, _headers(reply, fake), body)


def _drip(
    fault: Fault, acted: Reply | None, handler: BaseHTTPRequestHandler, fake: FakeServer
) -> None:
    reply = _sound(acted)
    headers = _headers(reply, fake)
    whole = head(reply.status, reply.content_type, headers, len(reply.body)) + reply.body
    for byte in whole:
        if fake.stopping.wait(fault.pause):
            return
        handler.connection.sendall(bytes([byte]))


def _gzip_bomb(
    fault: Fault, _a: Reply | None, handler: BaseHTTPRequestHandler, fake: FakeServer
) -> None:
    body = _packed_spaces() * max(1, fault.size // MEGABYTE)
    headers = fake.headers() | {"Content-Encoding": "gzip", "Connection": "close"}
    send(handler.connection, fault.code, "application/json", headers, body)


def _huge(
    fault: Fault, _a: Reply | None, handler: BaseHTTPRequestHandler, fake: FakeServer
) -> None:
    """Valid JSON so far, for ever: chunks of blanks until the client or the server stops."""
    headers = fake.headers() | {"Transfer-Encoding": "chunked", "Connection": "close"}
    handler.connection.sendall(head(fault.code, "application/json", headers, None))
    chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    while not fake.stopping.is_set():
        handler.connection.sendall(chunk)


def _wire(
    fault: Fault, _a: Reply | None, handler: BaseHTTPRequestHandler, fake: FakeServer
) -> None:
    """Any bytes at all, whether they are HTTP or not; without a tail the connection ends."""
    handler.connection.sendall(_bytes(fault.body or b""))
    while fault.tail and not fake.stopping.wait(fault.pause):
        handler.connection.sendall(fault.tail)


def _redirect(
    fault: Fault, _a: Reply | None, handler: BaseHTTPRequestHandler, fake: FakeServer
) -> None:
    headers = fake.headers() | {"Location": fault.location, "Connection": "close"}
    send(handler.connection, fault.code, "text/html", headers, b"")


_Play = Callable[[Fault, "Reply | None", BaseHTTPRequestHandler, "FakeServer"], None]
_PLAYS: Mapping[str, _Play] = {
    "drop_before": _drop,
    "drop_after": _drop,
    "reset": _reset,
    "truncate": _truncate,
    "timeout": _timeout,
    "status": _status,
    "html": _html,
    "wrong_type": _wrong_type,
    "drip": _drip,
    "gzip_bomb": _gzip_bomb,
    "huge": _huge,
    "wire": _wire,
    "redirect": _redirect,
}


def _sound(acted: Reply | None) -> Reply:
    if acted is None:
        raise ValueError("this fault spoils a real answer, and there is none")
    return acted


def _headers(reply: Reply, fake: FakeServer) -> dict[str, str]:
    return fake.headers() | {"Connection": "close"} | dict(reply.headers)


def _bytes(text: str | bytes) -> bytes:
    return text.encode() if isinstance(text, str) else text


@lru_cache(maxsize=1)
def _packed_spaces() -> bytes:
    """One gzip member of a megabyte of blanks; members may follow one another."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return packer.compress(b" " * MEGABYTE) + packer.flush()
