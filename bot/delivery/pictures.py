"""A message's charts become files in Slack, not yet shown anywhere.

Three calls for each (docs.slack.dev, "Working with files"): ask for an address, send the bytes
there, complete without a channel. Slack then works on the file for a second or two; completing it
again tells whether it is ready and needs no scope but files:write. Every step is harmless to
repeat. A chart never holds a message back: after a while the message goes without it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol
from urllib.request import Request

from bot.delivery.line import posting
from bot.errors import DeliveryError
from bot.messages.model import Chart

POLL_SECONDS = 0.5
POLLS = 30
"""Fifteen seconds of waiting for all charts of a message together."""

_TRIES = 3
_PAUSE_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 5.0
_MOST_CHARTS = 10


class Files(Protocol):
    """The calls an upload is made of. All raise DeliveryError."""

    def upload_address(self, name: str, length: int) -> tuple[str, str]:
        """An address for so many bytes, and the id of the file to be."""

    def send_bytes(self, request: Request) -> None:
        """Sends the bytes to that address."""

    def complete(self, file_id: str, title: str) -> bool:
        """Completes the file, or asks again: whether it is ready to be shown."""


class Uploaded(NamedTuple):
    """The charts that are ready (name -> file id), and why others are not."""

    images: dict[str, str]
    notes: tuple[str, ...]


class Pictures:
    """Uploads charts."""

    def __init__(self, files: Files, sleep: Callable[[float], None]) -> None:
        self._files = files
        self._sleep = sleep

    def upload(self, charts: Sequence[Chart]) -> Uploaded:
        """Uploads the charts and waits until they are ready. Never raises DeliveryError."""
        sent: dict[str, str] = {}
        ready: dict[str, str] = {}
        try:
            for chart in charts[:_MOST_CHARTS]:
                sent[chart.name], is_ready = self._sent(chart)
                if is_ready:
                    ready[chart.name] = sent[chart.name]
            self._wait(sent, ready)
        except DeliveryError as error:
            why = error.message
        else:
            why = f"Slack did not finish it in {POLLS * POLL_SECONDS:.0f} seconds"
        missing = [chart.name for chart in charts if chart.name not in ready]
        return Uploaded(ready, tuple(f"{name} is left out: {why}" for name in missing))

    def _sent(self, chart: Chart) -> tuple[str, bool]:
        """The chart's file id, and whether it is ready at once."""
        address, file_id = self._insist(
            lambda: self._files.upload_address(chart.name, len(chart.png))
        )
        request = posting(address, chart.png, "application/octet-stream")
        self._insist(lambda: self._files.send_bytes(request))
        return file_id, self._insist(lambda: self._files.complete(file_id, chart.name))

    def _wait(self, sent: dict[str, str], ready: dict[str, str]) -> None:
        for _ in range(POLLS):
            waiting = sent.keys() - ready.keys()
            if not waiting:
                return
            self._sleep(POLL_SECONDS)
            for name in sorted(waiting):
                if self._looks_ready(sent[name], name):
                    ready[name] = sent[name]

    def _looks_ready(self, file_id: str, name: str) -> bool:
        try:
            return self._files.complete(file_id, name)
        except DeliveryError as error:
            if error.permanent:
                raise
            return False

    def _insist(self, step: Callable[[], Any]) -> Any:
        """The step's result; what is not refused for good is tried three times."""
        for _ in range(_TRIES - 1):
            try:
                return step()
            except DeliveryError as error:
                if error.permanent:
                    raise
                self._sleep(min(error.retry_after or _PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS))
        return step()
