"""One message on its way: claim, post, and find out what became of it.

pending ──claim──> sending ──posted─────────────────────────> sent
                      │ certainly not posted ──> pending
                      │ perhaps posted: look it up
                      │    found ───────────────────────────> sent
                      │    not there ──> claim and post again
                      │    cannot look now ──> stays sending, looked up next time
                      └    nobody can look: alert again with a remark; digest counts as sent
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from bot.delivery.base import Entry, Json, Notifier, Outbox, Outgoing, Receipt, Unknown
from bot.errors import BotError, DeliveryError
from bot.messages.model import MessageType

ATTEMPTS = 3
"""Posts of one message in one run, and look-ups after each."""

SENDING_SECONDS = 60.0
"""The longest a post takes: for so long a message that is `sending` may be in other hands."""

REMARK = "(possibly repeated)"

_LOOK_AFTER = (2.0, 5.0, 10.0)  # Slack may still be at work on a request whose answer we gave up
_LOOK_AGAIN = 5.0  # another process that is well has posted its message by then
_PAUSE = 2.0
_LONGEST_PAUSE = 30.0
_MOST_BLOCKS = 50

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Pace:
    """How to wait, what time it is, and how long others may take over a post."""

    sleep: Callable[[float], None]
    instant: Callable[[], datetime]
    sending_seconds: float


class PresumedSentError(DeliveryError):
    """A digest that may have been posted and can never be looked up: it is not sent again."""


class Telling:
    """The way of one message."""

    def __init__(
        self, entry: Entry, outbox: Outbox, notifier: Notifier, pace: Pace, tries: int
    ) -> None:
        self._entry = entry
        self._outbox = outbox
        self._notifier = notifier
        self._pace = pace
        self._tries = tries
        self._in_doubt = entry.in_doubt
        self._outgoing = Outgoing(
            key=entry.key,
            type=entry.type,
            channel=entry.channel,
            text=entry.text,
            blocks=entry.blocks,
            charts=entry.charts,
            channel_id=entry.channel_id,
        )

    def tell(self) -> tuple[str, ...] | None:
        """Notes on what was left out, once told; None if another process has the message.

        Raises DeliveryError, with the outbox already marked.
        """
        key = self._entry.key
        try:
            return self._told()
        except PresumedSentError as error:
            self._outbox.mark_presumed(key, self._pace.instant(), str(error))
            raise
        except DeliveryError as error:
            mark = self._outbox.mark_unsure if self._in_doubt else self._outbox.mark_failed
            mark(key, str(error))
            raise
        except BotError:
            raise
        except Exception as error:
            _log.exception("a bug stopped the message %r", key)
            self._outbox.mark_unsure(key, f"a bug in the bot stopped it: {type(error).__name__}")
            raise DeliveryError(
                f"a bug in the bot stopped a message ({type(error).__name__})",
                hint="please report it with the log; the message stays in the outbox",
            ) from error

    def _told(self) -> tuple[str, ...] | None:
        receipt = self._left_over() if self._in_doubt else None
        if receipt is None:
            self._outgoing = self._notifier.prepare(self._outgoing)
            receipt = self._posted()
        if receipt is None:
            return None
        self._outbox.mark_sent(
            self._entry.key, self._pace.instant(), receipt.channel_id, receipt.ts
        )
        return (*self._outgoing.notes, *receipt.notes)

    def _left_over(self) -> Receipt | None:
        """The message that somebody began to send, if it is there."""
        since = self._entry.attempted_at or self._pace.instant()
        found = self._look_up(since)
        remaining = self._remaining(since)
        while not isinstance(found, Receipt) and remaining > 0:
            self._pace.sleep(min(remaining, _LOOK_AGAIN))
            remaining -= _LOOK_AGAIN
            found = self._look_up(since)
        self._in_doubt = found is not None
        return self._settled(found)

    def _remaining(self, since: datetime) -> float:
        """Seconds for which whoever claimed the message may still be sending it."""
        passed = (self._pace.instant() - since).total_seconds()
        return min(self._pace.sending_seconds - passed, self._pace.sending_seconds)

    def _posted(self) -> Receipt | None:
        """The message as posted; None if somebody else claimed it."""
        attempts = self._entry.attempts
        since = (self._in_doubt and self._entry.attempted_at) or self._pace.instant()
        trouble: DeliveryError | None = None
        for n in range(self._tries):
            if trouble and not trouble.ambiguous:
                self._pace.sleep(_pause(trouble))
            if not self._outbox.claim(self._entry.key, attempts + n, self._pace.instant()):
                return None
            try:
                return self._notifier.post(self._outgoing)
            except DeliveryError as error:
                trouble = error
            if receipt := self._after(trouble, since, n):
                return receipt
        assert trouble is not None  # noqa: S101 - there is at least one try
        raise trouble

    def _after(self, trouble: DeliveryError, since: datetime, n: int) -> Receipt | None:
        """The message, found after the n-th failure that leaves it in doubt."""
        if trouble.permanent:
            raise trouble
        if not trouble.ambiguous:
            return None
        self._in_doubt = True
        self._pace.sleep(_LOOK_AFTER[n])
        return self._settled(self._look_up(since))

    def _look_up(self, since: datetime) -> Receipt | Unknown | None:
        for _ in range(self._tries - 1):
            try:
                return self._notifier.find(self._outgoing, since)
            except DeliveryError as error:
                if error.permanent:
                    raise
                self._pace.sleep(_pause(error))
        return self._notifier.find(self._outgoing, since)

    def _settled(self, found: Receipt | Unknown | None) -> Receipt | None:
        """The message if it is there; None if it has to be sent, perhaps with a remark."""
        if not isinstance(found, Unknown):
            return found
        if self._entry.type is MessageType.DIGEST:
            raise PresumedSentError(
                f"no answer came to a digest, and it cannot be looked up ({found.why})",
                hint="it is not sent again, as it may be there; `bot digest` makes a new one",
            )
        self._outgoing = _remarked(self._outgoing)
        return None


def _pause(trouble: DeliveryError) -> float:
    return min(trouble.retry_after or _PAUSE, _LONGEST_PAUSE)


def _remarked(outgoing: Outgoing) -> Outgoing:
    """The message with a remark that it may be there twice."""
    if outgoing.text.endswith(REMARK):
        return outgoing
    remark: Json = {"type": "plain_text", "text": REMARK, "emoji": False}
    context: Json = {"type": "context", "elements": [remark]}
    room = len(outgoing.blocks) < _MOST_BLOCKS
    blocks = [*outgoing.blocks, context] if room else outgoing.blocks
    return replace(outgoing, text=f"{outgoing.text} {REMARK}", blocks=blocks)
