"""A message in Slack gets new words: harmless to repeat, and only the newest words count."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from bot.delivery.base import Entry, Receipt
from bot.delivery.errand import (
    LOOK_AGAIN,
    PAUSE,
    Guarded,
    OthersAtWorkError,
    Outcome,
    Run,
    outgoing_of,
)
from bot.delivery.slack_errors import SlackRefusedError
from bot.errors import DeliveryError
from bot.store.place import Place

PATIENCE = timedelta(days=7)
"""For so long an update waits for a channel that refuses it."""

_OUTDATED = "a newer update of the same message took its place"


class Updating(Guarded):
    """The newest update of the message at `place`; `older` are those that wait beside it."""

    def __init__(self, entry: Entry, run: Run, place: Place, older: Sequence[Entry]) -> None:
        found = replace(outgoing_of(entry), channel_id=place.channel_id, images=place.images)
        super().__init__(entry, run, replace(found, thread_ts=place.thread_ts))
        self._place = place
        self._older = list(older)
        self._waited = 0.0

    @property
    def _is_in_doubt(self) -> bool:
        """Never: once more does no harm."""
        return False

    def _done(self, tries: int) -> Outcome | None:
        while self._older:
            self._put_aside(self._older[0])
            del self._older[0]
        if not self._place.ts:
            return self._dropped("it is not known where in Slack its message is")
        if self._is_outdated:
            return self._dropped(_OUTDATED)
        self._prepare()
        try:
            return self._updated(tries)
        except SlackRefusedError as refusal:
            if not self._is_useless(refusal):
                raise
            return self._dropped(refusal.message)

    def _put_aside(self, older: Entry) -> None:
        """Older words are dropped, once nobody can be sending them any more."""
        outbox, clock = self._run.outbox, self._run.clock
        if older.in_doubt and older.attempted_at:
            passed = (clock.instant() - older.attempted_at).total_seconds()
            self._wait_for_others(self._run.terms.sending_seconds - passed)
        if outbox.claim(older.key, older.attempts, clock.instant()):
            outbox.mark_presumed(older.key, clock.instant(), f"dropped: {_OUTDATED}")
        elif outbox.place(older.key) is None:  # claimed by another process since we looked
            self._wait_for_others(LOOK_AGAIN)

    def _wait_for_others(self, remaining: float) -> None:
        """Another process may be sending older words, for no longer than a post takes."""
        pause = min(remaining, LOOK_AGAIN, self._run.terms.sending_seconds - self._waited)
        if pause > 0:
            self._waited += pause
            raise OthersAtWorkError(pause)

    def _updated(self, tries: int) -> Outcome | None:
        """The message rewritten; None if somebody else claimed the update."""
        for n in range(tries):
            if not self._claim():
                return None
            try:
                receipt = self._run.notifier.update(self._outgoing, self._place.ts)
            except DeliveryError as error:
                is_last = n == tries - 1
                if is_last or error.permanent or error.retry_after is not None:
                    raise
            else:
                return self._shown(receipt)
            self._run.clock.sleep(PAUSE)
        return None

    def _shown(self, receipt: Receipt) -> Outcome:
        place = (receipt.channel_id, receipt.ts, self._place.thread_ts)
        now = self._run.clock.instant()
        self._run.outbox.mark_sent(self._entry.key, now, *place, self._outgoing.images)
        return Outcome(True, (*self._outgoing.notes, *receipt.notes))

    @property
    def _is_outdated(self) -> bool:
        parent = self._entry.parent or ""
        return self._run.outbox.is_outdated(parent, self._entry.created_at)

    def _is_useless(self, refusal: SlackRefusedError) -> bool:
        waited = self._run.clock.instant() - self._entry.created_at
        return refusal.blames_place or (refusal.blames_channel and waited > PATIENCE)

    def _dropped(self, why: str) -> Outcome | None:
        """Out of the outbox, unsent."""
        if not self._claim():
            return None
        now = self._run.clock.instant()
        self._run.outbox.mark_presumed(self._entry.key, now, f"dropped: {why}")
        return Outcome(False, (f"an update was dropped: {why}",))
