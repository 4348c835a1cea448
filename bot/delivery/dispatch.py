"""The outbox, told: every message once, whatever is lost on the way.

What is certainly not posted is sent; what may be posted is looked up first. Where nobody can look
(a webhook, no history scope) an alert is sent again with a remark, as a repetition is better than
a silence, and a digest is not.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.delivery.base import Notifier, Outbox
from bot.delivery.telling import ATTEMPTS, SENDING_SECONDS, Pace, Telling
from bot.errors import DeliveryError


@dataclass(frozen=True, slots=True)
class Delivered:
    """What became of the outbox. What another process had in hand is in none of the lists.

    `sent` are message keys; `failed` and `notes` pair a key with what went wrong and with what
    had to be left out.
    """

    sent: tuple[str, ...] = ()
    failed: tuple[tuple[str, DeliveryError], ...] = ()
    notes: tuple[tuple[str, str], ...] = ()


def dispatch(
    outbox: Outbox,
    notifier: Notifier,
    now: datetime,
    sleep: Callable[[float], None] = time.sleep,
    monotonic: Callable[[], float] = time.monotonic,
    sending_seconds: float = SENDING_SECONDS,
) -> Delivered:
    """Sends everything that waits, oldest first; one that fails never stops the others.

    `now` is the wall clock's instant, not `--as-of`: messages are looked up by it. A message that
    another process may be sending right now is left to it for `sending_seconds`. Raises
    StoreError when the outbox itself fails.
    """
    start = monotonic()
    pace = Pace(sleep, lambda: now + timedelta(seconds=monotonic() - start), sending_seconds)
    sent: list[str] = []
    failed: list[tuple[str, DeliveryError]] = []
    notes: list[tuple[str, str]] = []
    tries = ATTEMPTS
    for entry in outbox.waiting():
        try:
            told = Telling(entry, outbox, notifier, pace, tries).tell()
        except DeliveryError as error:
            failed.append((entry.key, error))
            tries = tries if error.permanent else 1  # while Slack is away, once each is enough
            continue
        if told is not None:
            tries = ATTEMPTS
            sent.append(entry.key)
            notes += [(entry.key, note) for note in told]
    return Delivered(tuple(sent), tuple(failed), tuple(notes))
