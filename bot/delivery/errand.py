"""What every way of telling a message has in common: the run it is part of, and how it ends."""

from __future__ import annotations

import logging
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol

from bot.delivery.base import Entry, Notifier, Outbox, Outgoing
from bot.delivery.line import ticks
from bot.delivery.pace import Clock
from bot.errors import BotError, DeliveryError
from bot.store.place import Aim

ATTEMPTS = 3
"""Posts of one message in one run, and look-ups after each."""

SENDING_SECONDS = 60.0
"""The longest a post takes: for so long a message that is `sending` may be in other hands."""

WRITING_SECONDS = 30.0
"""For so long after a claim a post may still be written, so that it ends within the time above."""

LOOK_AGAIN = 5.0
"""Another process that is well has posted its message by then."""

PAUSE = 2.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Terms:
    """On what terms a run delivers.

    `default_channel` takes what another channel refuses for good; empty: nothing does.
    `decided_now` are the keys that this run itself decided on: none of them is late, whatever
    their instant says. A message another process may be sending is left to it for
    `sending_seconds`; whoever claimed one writes nothing of it after `writing_seconds`.
    """

    default_channel: str = ""
    decided_now: Collection[str] = ()
    sending_seconds: float = SENDING_SECONDS
    writing_seconds: float = WRITING_SECONDS


@dataclass(frozen=True, slots=True)
class Run:
    """What one run delivers with."""

    outbox: Outbox
    notifier: Notifier
    clock: Clock
    terms: Terms


class Outcome(NamedTuple):
    """A message that is done with: told, or dropped as there is no use for it any more."""

    is_sent: bool
    notes: tuple[str, ...] = ()


class OthersAtWorkError(Exception):
    """Another process may be sending it: look again after so many seconds."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


class PresumedSentError(DeliveryError):
    """A digest that may have been posted and can never be looked up: it is not sent again."""


class Errand(Protocol):
    """One message on its way, which may take several turns."""

    def tell(self, tries: int) -> Outcome | None:
        """What became of it; None if another process has it.

        Raises DeliveryError, with the outbox already marked, and OthersAtWorkError.
        """


class Guarded:
    """An errand whose failures, and bugs, are marked in the outbox."""

    def __init__(self, entry: Entry, run: Run, outgoing: Outgoing) -> None:
        self._entry = entry
        self._run = run
        self._outgoing = outgoing
        self._attempts = entry.attempts
        self._is_prepared = False

    def tell(self, tries: int) -> Outcome | None:
        key, outbox = self._entry.key, self._run.outbox
        try:
            return self._done(tries)
        except PresumedSentError as error:
            outbox.mark_presumed(key, self._run.clock.instant(), str(error))
            raise
        except DeliveryError as error:
            if self._is_in_doubt:
                outbox.mark_unsure(key, str(error))
            else:
                outbox.mark_failed(key, self._attempts, str(error))
            raise
        except (BotError, OthersAtWorkError):
            raise
        except Exception as error:
            _log.exception("a bug stopped the message %r", key)
            outbox.mark_unsure(key, f"a bug in the bot stopped it: {type(error).__name__}")
            raise DeliveryError(
                f"a bug in the bot stopped a message ({type(error).__name__})",
                hint="please report it with the log; the message stays in the outbox",
            ) from error

    @property
    def _is_in_doubt(self) -> bool:
        """Whether it may be in Slack although no answer said so."""
        raise NotImplementedError

    def _done(self, tries: int) -> Outcome | None:
        raise NotImplementedError

    def _claim(self, aim: Aim | None = None) -> bool:
        """Makes the message ours, to be written soon; False if somebody else has it."""
        now, until = self._run.clock.instant(), ticks() + self._run.terms.writing_seconds
        if not self._run.outbox.claim(self._entry.key, self._attempts, now, aim):
            return False
        self._attempts += 1
        self._outgoing = replace(self._outgoing, until=until)
        return True

    def _prepare(self) -> None:
        if not self._is_prepared:
            self._outgoing = self._run.notifier.prepare(self._outgoing)
            self._is_prepared = True


def outgoing_of(entry: Entry) -> Outgoing:
    """The message as it was frozen."""
    return Outgoing(
        key=entry.key,
        type=entry.type,
        channel=entry.channel,
        text=entry.text,
        blocks=entry.blocks,
        charts=entry.charts,
        channel_id=entry.channel_id,
        broadcast=entry.broadcast,
        also_keys=entry.also_keys,
    )
