"""The connection. Slack wants to hear within 3 seconds that an envelope has come, and it does.

Facts: docs.slack.dev, "Using Socket Mode". slack_sdk connects again by itself, when Slack asks for
it and when the connection breaks.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from slack_sdk import WebClient
from slack_sdk.socket_mode import SocketModeClient
from slack_sdk.socket_mode.client import BaseSocketModeClient
from slack_sdk.socket_mode.response import SocketModeResponse

from bot.delivery.base import Json
from bot.errors import DeliveryError

_log = logging.getLogger(__name__)
_SDK = logging.getLogger("bot.listening.slack_sdk")
_SDK.setLevel(logging.CRITICAL + 1)  # it quotes whole messages
_REMEMBERED = 2_000
PING_SECONDS = 2.0
"""Between two looks whether the connection is alive: a dead one is noticed after four or five."""

Heard = Callable[[str, Any], None]
"""Takes the type and the payload of an envelope. Must not wait."""


class Connection:
    """One connection to Slack with an app-level token (`xapp-…`, scope connections:write)."""

    def __init__(
        self, app_token: str, web: WebClient, proxy: str | None, heard: Heard, ping: float
    ) -> None:
        self._heard = heard
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._lock = threading.Lock()
        self._client = _Client(
            app_token, _SDK, web, ping_interval=ping, receive_buffer_size=16 * 1024, concurrency=4
        )
        self._client.proxy = proxy  # slack_sdk would take one from the environment
        self._client.message_listeners.append(self._on)

    def open(self) -> None:
        """Connects, for as long as it lasts. Raises what slack_sdk raises if Slack refuses."""
        self._client.connect()

    def close(self) -> None:
        """Takes a second or two."""
        self._client.close()

    def _on(self, client: BaseSocketModeClient, envelope: Json, _raw: str | None = None) -> None:
        """Not as a `SocketModeRequest`: slack_sdk leaves unanswered what it cannot read as one."""
        name = envelope.get("envelope_id")
        if not isinstance(name, str):
            return  # `hello`
        try:
            client.send_socket_mode_response(SocketModeResponse(name))
        except Exception as error:  # noqa: BLE001 - the press is here, whatever Slack thinks
            _log.warning("Slack could not be told that an envelope came: %s", type(error).__name__)
        if self._is_new(name):
            self._heard(str(envelope.get("type")), envelope.get("payload"))

    def _is_new(self, envelope: str) -> bool:
        """Saves work only: what is done about a press is the same if it comes again."""
        with self._lock:
            if envelope in self._seen:
                return False
            self._seen[envelope] = None
            if len(self._seen) > _REMEMBERED:
                self._seen.popitem(last=False)
            return True


class _Client(SocketModeClient):
    def issue_new_wss_url(self) -> str:
        """The address to connect to; it is secret by itself, and goes over TLS."""
        url = super().issue_new_wss_url()
        parts = urlsplit(url)
        here = parts.scheme == "ws" and parts.hostname in ("127.0.0.1", "localhost", "::1")
        is_safe = parts.scheme == "wss" and parts.port in (None, 443)  # else slack_sdk uses no TLS
        if not (is_safe or here):
            raise DeliveryError("Slack gave an address for Socket Mode that is not wss://")
        return url
