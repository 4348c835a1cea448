"""Slack with Socket Mode, for tests: apps.connections.open, a WebSocket, and response_urls.

    with FakeSocketSlack() as slack:
        slack.press(message, "budget_bot_acknowledge", user="U0ADA00001")
        slack.acknowledged("envelope-1")

Frames: RFC 6455. Envelopes: https://docs.slack.dev/apis/events-api/using-socket-mode/.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import socket
import struct
import threading
import time
from base64 import b64encode
from hashlib import sha1
from typing import Any, Self

from tests.fakes.http import Reply, Request
from tests.fakes.slack import FakeSlack
from tests.fakes.slack_model import TEAM, Arguments, Message, SlackError

TEXT, CLOSE, PING, PONG = 1, 8, 9, 10
_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class FakeSocketSlack(FakeSlack):
    """A workspace whose app listens. `answers` are the bodies posted to response_urls;
    `acks` the instants (monotonic) at which an envelope was acknowledged first."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.app_token = "xapp-test"
        self.answers: list[dict[str, Any]] = []
        self.acks: dict[str, float] = {}
        self.group_members: dict[str, list[str]] = {}
        self.connections = 0
        self._numbers = itertools.count(1)
        self._open: list[socket.socket] = []

    def start(self) -> Self:
        super().start()
        self._door = socket.create_server(("127.0.0.1", 0))
        self._doorman = threading.Thread(target=self._receive, daemon=True)
        self._doorman.start()
        return self

    def stop(self) -> None:
        self.drop()
        with contextlib.suppress(OSError):
            self._door.shutdown(socket.SHUT_RDWR)
        self._door.close()
        super().stop()

    # -- what Slack does

    def press(self, message: Message, action: str, *, user: str = "U0ADA00001") -> str:
        """Somebody presses a button of the message; in a menu `action=choice`. The envelope."""
        action, _, choice = action.partition("=")
        (block,) = [block for block in message.blocks if block["type"] == "actions"]
        (element,) = [one for one in block["elements"] if one["action_id"] == action]
        pressed = {"action_id": action, "block_id": block["block_id"], "type": element["type"]}
        pressed["action_ts"] = f"{time.time():.6f}"
        if choice:
            (option,) = [one for one in element["options"] if one["value"] == choice]
            pressed["selected_option"] = option
        else:
            pressed["value"] = element["value"]
        return self.send("interactive", self.pressed(pressed, user))

    def pressed(self, action: dict[str, Any], user: str = "U0ADA00001") -> dict[str, Any]:
        """The payload of a press."""
        return {
            "type": "block_actions",
            "team": {"id": TEAM, "domain": "fake"},
            "user": {"id": user, "name": "ada"},
            "actions": [action],
            "response_url": f"{self.url}/actions/{TEAM}/1/secret",
        }

    def ask(self, words: str, *, user: str = "U0ADA00001") -> str:
        """Somebody writes `/budget` and the words. The envelope."""
        body = {"command": "/budget", "text": words, "user_id": user, "team_id": TEAM}
        body["response_url"] = f"{self.url}/commands/{TEAM}/1/secret"
        return self.send("slash_commands", body)

    def send(self, kind: str, payload: Any, envelope: str = "") -> str:
        """An envelope to the newest connection."""
        envelope = envelope or f"envelope-{next(self._numbers)}"
        self.send_raw({"type": kind, "envelope_id": envelope, "payload": payload})
        return envelope

    def send_raw(self, body: Any) -> None:
        text = body if isinstance(body, str) else json.dumps(body)
        self._open[-1].sendall(_frame(TEXT, text.encode()))

    @property
    def is_connected(self) -> bool:
        return bool(self._open)

    def ask_to_reconnect(self) -> None:
        """What Slack says before it closes a connection."""
        self.send_raw({"type": "disconnect", "reason": "refresh_requested"})

    def drop(self) -> None:
        """Every connection is gone without a word."""
        for one in self._open:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        self._open.clear()

    # -- HTTP

    def reply_to(self, request: Request, token: str | None) -> Reply:
        if request.path.startswith(("/actions/", "/commands/")):
            self.answers.append(request.json())
            return Reply(200, b"ok", "text/plain")
        return super().reply_to(request, token)

    def _run(self, name: str, args: Arguments, token: str | None) -> dict[str, Any]:
        if name == "apps.connections.open":
            if token != self.app_token:
                raise SlackError("invalid_auth")
            host, port = self._door.getsockname()
            return {"url": f"ws://{host}:{port}/link/?ticket=1"}
        if name == "usergroups.users.list":
            return {"users": self.group_members[args.required("usergroup")]}
        return super()._run(name, args, token)

    # -- WebSocket

    def _receive(self) -> None:
        while True:
            try:
                one, _ = self._door.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(one,), daemon=True).start()

    def _serve(self, one: socket.socket) -> None:
        with contextlib.suppress(OSError, EOFError):
            one.sendall(_handshake(one))
            self._open.append(one)
            self.connections += 1
            one.sendall(_frame(TEXT, b'{"type": "hello", "num_connections": 1}'))
            while True:
                code, data = _read_frame(one)
                if code == PING:
                    one.sendall(_frame(PONG, data))
                elif code == TEXT:
                    self.acks.setdefault(json.loads(data)["envelope_id"], time.monotonic())
                elif code == CLOSE:
                    return


def _handshake(one: socket.socket) -> bytes:
    asked = b""
    while not asked.endswith(b"\r\n\r\n"):
        asked += _exactly(one, 1)
    headers = dict(line.split(": ", 1) for line in asked.decode().split("\r\n")[1:] if line)
    key = headers["Sec-WebSocket-Key"].strip() + _GUID
    accept = b64encode(sha1(key.encode()).digest()).decode()  # noqa: S324 - as RFC 6455 says
    head = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    return f"{head}Sec-WebSocket-Accept: {accept}\r\n\r\n".encode()


def _frame(code: int, data: bytes) -> bytes:
    """A whole, unmasked frame."""
    size = len(data)
    if size < 126:
        return bytes([0x80 | code, size]) + data
    if size < 65_536:
        return bytes([0x80 | code, 126]) + struct.pack("!H", size) + data
    return bytes([0x80 | code, 127]) + struct.pack("!Q", size) + data


def _read_frame(one: socket.socket) -> tuple[int, bytes]:
    """Opcode and content of a client's frame."""
    first, second = _exactly(one, 2)
    size = second & 0x7F
    if size == 126:
        (size,) = struct.unpack("!H", _exactly(one, 2))
    elif size == 127:
        (size,) = struct.unpack("!Q", _exactly(one, 8))
    mask = _exactly(one, 4) if second & 0x80 else b"\0\0\0\0"
    data = _exactly(one, size)
    return first & 0x0F, bytes(byte ^ mask[n % 4] for n, byte in enumerate(data))


def _exactly(one: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        more = one.recv(size - len(data))
        if not more:
            raise EOFError
        data += more
    return data
