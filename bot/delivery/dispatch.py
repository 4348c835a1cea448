"""The outbox, told: every message once, whatever is lost on the way.

What is certainly not posted is sent; what may be posted is looked up first. Where nobody can look
(a webhook, no history scope) an alert is sent again with a remark, as a repetition is better than
a silence, and a digest is not.

Messages go in the order they were decided, each after the one it belongs to; a channel that has
to wait holds up no other.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from bot.delivery.base import Entry, Notifier, Outbox
from bot.delivery.errand import (
    ATTEMPTS,
    Errand,
    OthersAtWorkError,
    Outcome,
    PresumedSentError,
    Run,
    Terms,
)
from bot.delivery.pace import RUN_SECONDS, UPDATES, Clock, Pace
from bot.delivery.slack_errors import SlackRefusedError
from bot.delivery.telling import Telling
from bot.delivery.updating import Updating
from bot.errors import DeliveryError
from bot.messages.model import Action

_ORDINARY = Terms()
_NOW = 0.001  # less than this is not worth a wait


@dataclass(frozen=True, slots=True)
class Delivered:
    """What became of the outbox.

    What another process had in hand, what was dropped, and what waits for a message that did not
    go is in neither list. `sent` are message keys; `failed` and `notes` pair a key with what went
    wrong and with what had to be left out.
    """

    sent: tuple[str, ...] = ()
    failed: tuple[tuple[str, DeliveryError], ...] = ()
    notes: tuple[tuple[str, str], ...] = ()


def dispatch(
    outbox: Outbox,
    notifier: Notifier,
    now: datetime,
    terms: Terms = _ORDINARY,
    sleep: Callable[[float], None] = time.sleep,
    monotonic: Callable[[], float] = time.monotonic,
) -> Delivered:
    """Sends everything that waits, oldest first; one that fails never stops the others.

    `now` is the wall clock's instant, not `--as-of`: messages are looked up by it. Nothing is
    begun later than five minutes after the start. Raises StoreError when the outbox itself fails.
    """
    run = Run(outbox, notifier, Clock(now, sleep, monotonic), terms)
    return _Delivery(run, _jobs(outbox.waiting())).carried_out()


@dataclass(slots=True, eq=False)
class _Job:
    """A message of this run. `older` are updates that it makes needless."""

    entry: Entry
    older: Sequence[Entry] = ()
    not_before: float = 0.0
    errand: Errand | None = None
    trouble: DeliveryError | None = None

    @property
    def lane(self) -> str:
        """What it shares its pace with."""
        return UPDATES if self.entry.action is Action.UPDATE else self.entry.channel


@dataclass(slots=True)
class _Delivery:
    run: Run
    queue: list[_Job]
    tries: int = ATTEMPTS
    sent: list[str] = field(default_factory=list)
    failed: list[tuple[str, DeliveryError]] = field(default_factory=list)
    notes: list[tuple[str, str]] = field(default_factory=list)
    stuck: set[str] = field(default_factory=set)
    unsent: set[str] = field(init=False)
    pace: Pace = field(init=False)

    def __post_init__(self) -> None:
        self.unsent = {job.entry.key for job in self.queue}
        self.pace = Pace(self.run.clock)

    def carried_out(self) -> Delivered:
        why_left = DeliveryError(
            f"not sent yet: a run delivers for {RUN_SECONDS / 60:.0f} minutes at most",
            hint="it stays in the outbox, and the next run goes on",
        )
        while found := self._next():
            job, at = found
            if at >= RUN_SECONDS:
                break
            self._wait_until(at)
            if self._is_done_with(job):
                self.queue.remove(job)
            if isinstance(job.trouble, SlackRefusedError) and job.trouble.blames_token:
                why_left = job.trouble
                break
        self._leave(why_left)
        return Delivered(tuple(self.sent), tuple(self.failed), tuple(self.notes))

    def _next(self) -> tuple[_Job, float] | None:
        """The first message that may go now, else the one that may go soonest, and when."""
        now = max(self.run.clock.seconds(), _NOW)
        soonest: tuple[_Job, float] | None = None
        for job in self._free():
            at = max(job.not_before, self.pace.ready_at(job.lane))
            if at <= now + _NOW:
                return job, now
            if soonest is None or at < soonest[1]:
                soonest = job, at
        return soonest

    def _free(self) -> Iterator[_Job]:
        """What waits neither for its parent nor for an earlier message of its alert."""
        alerts: set[str] = set()
        for job in self.queue:
            alert = job.entry.alert_key
            is_behind = alert is not None and alert in alerts
            if alert is not None:
                alerts.add(alert)
            if not is_behind and job.entry.parent not in self.unsent:
                yield job

    def _wait_until(self, at: float) -> None:
        remaining = at - self.run.clock.seconds()
        if remaining > _NOW:
            self.run.clock.sleep(remaining)

    def _is_done_with(self, job: _Job) -> bool:
        """Whether the message needs no further turn in this run."""
        if job.entry.alert_key in self.stuck:
            return True
        job.errand = job.errand or self._errand(job)
        if job.errand is None:
            return True
        self.pace.spend(job.lane)
        try:
            outcome = job.errand.tell(self.tries)
        except OthersAtWorkError as error:
            job.not_before = self.run.clock.seconds() + error.seconds
            return False
        except DeliveryError as error:
            return self._has_failed(job, error)
        self._note(job.entry.key, outcome)
        return True

    def _note(self, key: str, outcome: Outcome | None) -> None:
        """What became of a message; None: another process had it, and may have sent it."""
        if outcome:
            self.tries = ATTEMPTS
            self.sent += [key] if outcome.is_sent else []
            self.notes += [(key, note) for note in outcome.notes]
        if outcome or self.run.outbox.place(key) is not None:
            self.unsent.discard(key)

    def _has_failed(self, job: _Job, error: DeliveryError) -> bool:
        """Notes a failure; False if Slack only asks for a pause, which its channel keeps."""
        job.trouble = error
        if error.retry_after is not None:
            self.pace.hold(job.lane, error.retry_after)
            return False
        self.failed.append((job.entry.key, error))
        if isinstance(error, PresumedSentError):
            self.unsent.discard(job.entry.key)
        if not error.permanent:
            self.tries = 1  # while Slack is away, once each is enough
            self.stuck |= {job.entry.alert_key} if job.entry.alert_key else set()
        return True

    def _errand(self, job: _Job) -> Errand | None:
        """How the message is told; None while its parent is not in Slack."""
        entry = job.entry
        if entry.action is Action.POST or entry.parent is None:
            return Telling(entry, self.run)
        place = self.run.outbox.place(entry.parent)
        if place is None:
            return None
        if entry.action is Action.UPDATE:
            return Updating(entry, self.run, place, job.older)
        return Telling(entry, self.run, place)

    def _leave(self, why: DeliveryError) -> None:
        """What could have gone and did not is told with the reason."""
        for job in self._free():
            self.failed.append((job.entry.key, job.trouble or why))
            if why.permanent:
                self.run.outbox.mark_unsure(job.entry.key, str(why))


def _jobs(entries: Iterable[Entry]) -> list[_Job]:
    """The messages in order, each after its parent; of several updates of one the newest."""
    known = {entry.key: entry for entry in entries}
    newest: dict[str | None, list[Entry]] = {}
    for entry in sorted(known.values(), key=_age):
        if entry.action is Action.UPDATE:
            newest.setdefault(entry.parent, []).append(entry)
    needless = {one.key for several in newest.values() for one in several[:-1]}
    ordered = [entry for entry in _parents_first(known) if entry.key not in needless]
    return [
        _Job(entry, newest[entry.parent][:-1] if entry.action is Action.UPDATE else ())
        for entry in ordered
    ]


def _age(entry: Entry) -> tuple[datetime, int, str]:
    """Of two decided at once `update:10` is newer than `update:9`."""
    return entry.created_at, len(entry.key), entry.key


def _parents_first(known: dict[str, Entry]) -> list[Entry]:
    ordered: dict[str, Entry] = {}
    for entry in known.values():
        line = [entry]
        while (parent := known.get(line[-1].parent or "")) and parent not in line:
            line.append(parent)
        for one in reversed(line):
            ordered.setdefault(one.key, one)
    return list(ordered.values())
