"""When the next message may go: how fast Slack takes them, and how long a run may last.

Slack takes about one message a second in a channel, more in a short burst, and some fifty updates
a minute (docs.slack.dev, "Rate limits"). Where it asks for a pause, only that channel waits.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

BURST = 20
"""Messages that may follow each other at once."""

RUN_SECONDS = 300.0
"""No message is begun later than this after a run began to deliver; the next run goes on."""

UPDATES = "chat.update"
"""Updates share one limit, whatever their channel."""

_SECONDS_EACH = {UPDATES: 2.0}


class Clock:
    """The time of a run, counted from its beginning; waiting always takes it forward."""

    def __init__(
        self, now: datetime, sleep: Callable[[float], None], monotonic: Callable[[], float]
    ) -> None:
        self._now = now
        self._sleep = sleep
        self._monotonic = monotonic
        self._start = monotonic()

    def seconds(self) -> float:
        """Seconds since the run began."""
        return self._monotonic() - self._start

    def instant(self) -> datetime:
        """The wall clock's instant."""
        return self._now + timedelta(seconds=self.seconds())

    def sleep(self, seconds: float) -> None:
        """Waits. A clock that did not move meanwhile is moved."""
        before = self.seconds()
        self._sleep(seconds)
        self._start -= max(0.0, seconds - (self.seconds() - before))


class Pace:
    """When each channel takes its next message, in seconds of the run."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._free: dict[str, float] = {}
        self._held: dict[str, float] = {}

    def ready_at(self, channel: str) -> float:
        """When the channel takes a message; 0 or the past if it does now."""
        burst = self._free.get(channel, 0.0) - (BURST - 1) * _each(channel)
        return max(burst, self._held.get(channel, 0.0))

    def spend(self, channel: str) -> None:
        """A message goes to the channel now."""
        now = self._clock.seconds()
        self._free[channel] = max(self._free.get(channel, 0.0), now) + _each(channel)

    def hold(self, channel: str, seconds: float) -> None:
        """The channel takes nothing for so long."""
        self._held[channel] = self._clock.seconds() + seconds


def _each(channel: str) -> float:
    return _SECONDS_EACH.get(channel, 1.0)
