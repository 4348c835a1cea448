"""How long to try again, and how long to wait in between. Seconds throughout."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


@dataclass(frozen=True, slots=True)
class Patience:
    """Limits on one question.

    `deadline` is the wall time of one answer from the first byte sent to the last received;
    `budget` that of one question with all its attempts and the waits between them.
    """

    attempts: int = 5
    first_wait: float = 1.0
    max_wait: float = 30.0
    connect: float = 10.0
    read: float = 30.0
    deadline: float = 60.0
    budget: float = 180.0

    def backoff(self, attempt: int, jitter: float) -> float:
        """The wait after a failed attempt (from 1): doubled each time, up to half of it random.

        `jitter` is a number from 0 to 1.
        """
        longest = min(self.max_wait, self.first_wait * 2.0 ** (attempt - 1))
        return longest * (0.5 + jitter / 2)


@dataclass(frozen=True, slots=True)
class Clock:
    """What a client needs to know of time. `sleep` None: wait, but wake when halted."""

    sleep: Callable[[float], None] | None = None
    monotonic: Callable[[], float] = time.monotonic
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    jitter: Callable[[], float] = random.random


def retry_after(header: str, now: datetime) -> float | None:
    """Seconds that a Retry-After header asks for, as a number or a date (RFC 9110, 10.2.3)."""
    if re.fullmatch(r"\d{1,9}(\.\d+)?", header.strip()):
        return float(header)
    try:
        until = parsedate_to_datetime(header)
    except (ValueError, OverflowError):  # a zone of 10¹⁰ hours
        return None
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    return max(0.0, (until - now).total_seconds())
