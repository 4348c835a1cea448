"""How far a fetch has come, on a terminal. Nobody else is told."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TextIO

from bot.context import App
from bot.sources.base import Fetched, Source
from bot.spend.calendar import Span
from bot.spend.rows import CostDay

_WIDTH = 30


def shown(app: App, screen: TextIO | None = None) -> App:
    """The same app; if `screen` (stderr) is a terminal, with a bar while it fetches."""
    screen = screen or sys.stderr
    return replace(app, source=ShownSource(app.source, screen)) if screen.isatty() else app


@dataclass(frozen=True, slots=True)
class ShownSource:
    """A Source that draws how many days of costs have come, and clears the line at the end."""

    source: Source
    screen: TextIO

    def as_of(self) -> datetime | None:
        """The other source's own instant."""
        return self.source.as_of()

    def fetch(self, days: Span) -> Iterator[Fetched]:
        """What the other source fetches."""
        come, rows = 0, 0
        try:
            for item in self.source.fetch(days):
                if isinstance(item, CostDay):
                    come, rows = come + 1, rows + len(item.rows)
                    self.screen.write(f"\r{bar(come, len(days), rows)}")
                    self.screen.flush()
                yield item
        finally:
            self.screen.write("\r\x1b[K")
            self.screen.flush()


def bar(come: int, days: int, rows: int) -> str:
    """`fetching ██████░░░░ 12 of 90 days, 600,000 rows`."""
    full = _WIDTH * come // max(days, 1)
    drawn = "█" * full + "░" * (_WIDTH - full)
    return f"fetching {drawn} {come} of {days} days, {rows:,} rows"
