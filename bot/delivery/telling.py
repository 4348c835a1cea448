"""One message or reply on its way: claim, post, and find out what became of it.

pending ──claim──> sending ──posted─────────────────────────> sent
                      │ certainly not posted ──> pending
                      │ perhaps posted: look it up
                      │    found ───────────────────────────> sent
                      │    not there ──> claim and post again
                      │    cannot look now ──> stays sending, looked up next time
                      │    nobody can look: alert again with a remark; digest counts as sent
                      │ its thread is gone: claim and post it by itself
                      └ its channel refuses for good: claim and post it in the default channel

A claim remembers the channel that is really tried, so that the message is looked for there.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from bot.delivery.base import Entry, Outgoing, Receipt, Unknown
from bot.delivery.errand import (
    LOOK_AGAIN,
    PAUSE,
    Guarded,
    OthersAtWorkError,
    Outcome,
    PresumedSentError,
    Run,
    outgoing_of,
)
from bot.delivery.remarks import diverted, late, repeated
from bot.delivery.slack_errors import SlackRefusedError
from bot.errors import DeliveryError
from bot.messages.model import MessageType
from bot.store.place import Aim, Place

_LOOK_AFTER = (2.0, 5.0, 10.0)  # Slack may still be at work on a request whose answer we gave up


class Telling(Guarded):
    """The way of one message; `place` is where the parent of a reply is.

    A reply whose parent's place is not known is posted by itself.
    """

    def __init__(self, entry: Entry, run: Run, place: Place | None = None) -> None:
        self._aim = _first_aim(entry)
        super().__init__(entry, run, _started(entry, run, self._aim, place or Place()))
        self._doubt_since = entry.attempted_at if entry.in_doubt else None
        self._others_until = self._when_others_are_done()
        self._is_repeated = False

    @property
    def _is_in_doubt(self) -> bool:
        return self._doubt_since is not None

    def _done(self, tries: int) -> Outcome | None:
        receipt = self._left_over(tries) if self._is_in_doubt else None
        if receipt is None:
            self._prepare()
            receipt = self._posted(tries)
        if receipt is None:
            return None
        place = (receipt.channel_id, receipt.ts, receipt.thread_ts)
        now = self._run.clock.instant()
        self._run.outbox.mark_sent(self._entry.key, now, *place, self._outgoing.images)
        elsewhere = (f"told in {self._aim.channel} instead of {self._aim.instead_of}",)
        notes = elsewhere if self._aim.instead_of else ()
        return Outcome(True, (*notes, *self._outgoing.notes, *receipt.notes))

    def _left_over(self, tries: int) -> Receipt | None:
        """The message that somebody began to send, if it is there."""
        found = self._look_up(tries)
        if not isinstance(found, Receipt):
            remaining = self._others_until - self._run.clock.seconds()
            if remaining > 0:
                raise OthersAtWorkError(min(remaining, LOOK_AGAIN))
        if found is None:
            self._doubt_since = None
        return self._settled(found)

    def _when_others_are_done(self) -> float:
        """Until when, in seconds of the run, whoever claimed the message may still send it."""
        if self._doubt_since is None:
            return 0.0
        clock, most = self._run.clock, self._run.terms.sending_seconds
        passed = (clock.instant() - self._doubt_since).total_seconds()
        return clock.seconds() + min(most - passed, most)

    def _posted(self, tries: int) -> Receipt | None:
        """The message as posted, where it can be; None if somebody else claimed it."""
        while True:
            try:
                return self._insisted(tries)
            except SlackRefusedError as refusal:
                if not self._has_other_way(refusal):
                    raise
                self._run.outbox.mark_failed(self._entry.key, self._attempts, str(refusal))

    def _insisted(self, tries: int) -> Receipt | None:
        since = self._doubt_since or self._run.clock.instant()
        trouble: DeliveryError | None = None
        for n in range(tries):
            if trouble and not trouble.ambiguous:
                self._run.clock.sleep(PAUSE)
            if not self._claim(self._aim):
                return None
            try:
                return self._run.notifier.post(self._outgoing)
            except DeliveryError as error:
                trouble = error
            if receipt := self._after(trouble, since, n, tries):
                return receipt
        assert trouble is not None  # noqa: S101 - there is at least one try
        raise trouble

    def _after(self, trouble: DeliveryError, since: datetime, n: int, tries: int) -> Receipt | None:
        """The message, found after the n-th failure that leaves it in doubt."""
        if trouble.permanent or trouble.retry_after is not None:
            raise trouble
        if not trouble.ambiguous:
            return None
        self._doubt_since = since
        self._run.clock.sleep(_LOOK_AFTER[n])
        return self._settled(self._look_up(tries))

    def _look_up(self, tries: int) -> Receipt | Unknown | None:
        since = self._doubt_since or self._run.clock.instant()
        for _ in range(tries - 1):
            try:
                return self._run.notifier.find(self._outgoing, since)
            except DeliveryError as error:
                if error.permanent or error.retry_after is not None:
                    raise
                self._run.clock.sleep(PAUSE)
        return self._run.notifier.find(self._outgoing, since)

    def _settled(self, found: Receipt | Unknown | None) -> Receipt | None:
        """The message if it is there; None if it has to be sent, perhaps with a remark."""
        if not isinstance(found, Unknown):
            return found
        if self._entry.type is MessageType.DIGEST:
            raise PresumedSentError(
                f"no answer came to a digest, and it cannot be looked up ({found.why})",
                hint="it is not sent again, as it may be there; `bot digest` makes a new one",
            )
        if not self._is_repeated:
            self._outgoing = repeated(self._outgoing)
            self._is_repeated = True
        return None

    def _has_other_way(self, refusal: SlackRefusedError) -> bool:
        """Takes the next best place, if there is one and no post may yet appear in this one."""
        if self._is_in_doubt and not self._is_repeated:
            return False
        if refusal.blames_place and self._outgoing.thread_ts:
            self._outgoing = _alone(self._outgoing)
            return True
        if refusal.blames_broadcast and self._outgoing.broadcast:
            self._outgoing = replace(self._outgoing, broadcast=False)
            return True
        default = self._run.terms.default_channel
        if not refusal.blames_channel or default in ("", self._aim.channel):
            return False
        self._divert(default, refusal)
        return True

    def _divert(self, default: str, refusal: SlackRefusedError) -> None:
        why = f"{refusal.message}; {refusal.hint}"
        why += "; it may be there all the same" if self._is_repeated else ""
        self._aim = Aim(default, self._aim.channel, why)
        known = self._run.outbox.known_id(default)
        self._outgoing = _diverted(self._outgoing, self._aim, known)


def _first_aim(entry: Entry) -> Aim:
    """Where it was last tried, if it may be there; else where it should go, told before or not."""
    if entry.in_doubt:
        return Aim(entry.channel, entry.fallback_from or "", entry.fallback_why or "")
    return Aim(entry.fallback_from or entry.channel)


def _started(entry: Entry, run: Run, aim: Aim, place: Place) -> Outgoing:
    outgoing = outgoing_of(entry)
    if entry.key not in run.terms.decided_now:
        outgoing = late(outgoing, entry.created_at, run.clock.instant())
    if aim.instead_of:
        return _diverted(outgoing, aim, entry.channel_id)
    if place.ts:
        there = replace(outgoing, channel_id=place.channel_id, thread_ts=place.root)
        return replace(there, channel=aim.channel)
    is_known = aim.channel == entry.channel
    channel_id = entry.channel_id if is_known else run.outbox.known_id(aim.channel)
    return replace(outgoing, channel=aim.channel, channel_id=channel_id, broadcast=False)


def _alone(outgoing: Outgoing) -> Outgoing:
    """A reply by itself, in the channel its thread was in: there it is looked for, too."""
    where = outgoing.channel_id or outgoing.channel
    return replace(outgoing, channel=where, thread_ts="", broadcast=False)


def _diverted(outgoing: Outgoing, aim: Aim, channel_id: str) -> Outgoing:
    there = replace(outgoing, channel=aim.channel, channel_id=channel_id)
    alone = replace(there, thread_ts="", broadcast=False)
    return diverted(alone, aim.instead_of, aim.why)
