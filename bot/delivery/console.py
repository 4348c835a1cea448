"""A place that sends nothing: it keeps what would have been sent, for `--dry-run` to show."""

from __future__ import annotations

from datetime import datetime

from bot.delivery.base import Outgoing, Receipt


class ConsoleNotifier:
    """Takes every message. `messages` are those taken, in order, charts included."""

    def __init__(self) -> None:
        self.messages: list[Outgoing] = []

    def prepare(self, outgoing: Outgoing) -> Outgoing:
        return outgoing

    def post(self, outgoing: Outgoing) -> Receipt:
        self.messages.append(outgoing)
        return Receipt("", "")

    def update(self, outgoing: Outgoing, ts: str) -> Receipt:
        self.messages.append(outgoing)
        return Receipt(outgoing.channel_id, ts)

    def find(self, _outgoing: Outgoing, _since: datetime) -> None:
        """Nothing was ever sent."""
