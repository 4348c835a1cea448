"""A world for the bot: a bill that changes, a Slack in memory, deaths, and several bots at once.

The bot's own functions are all real; the source, the notifier and the postman are further ones of
their kind, in memory so that a history of many runs takes a moment.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from bot.config.load import Configuration
from bot.context import App
from bot.delivery.base import Outgoing, Receipt
from bot.delivery.dispatch import dispatch
from bot.delivery.errand import Terms
from bot.delivery.postman import Undelivered
from bot.delivery.slack_errors import refused
from bot.errors import DeliveryError
from bot.sources.base import COSTS, Fetched, FetchFailure
from bot.spend.calendar import ONE_DAY, Span
from bot.spend.money import from_dollars
from bot.spend.rows import CostDay, CostRow
from bot.store.database import Database, open_lasting
from bot.store.outbox import Outbox

Job = Callable[[App], object]
BEFORE = datetime.min.replace(tzinfo=UTC)


class Crash(BaseException):
    """The process dies: nothing catches it."""


@dataclass
class Bill:
    """A source: dollars by day, days that cannot be read, and what it handed out so far, and when.

    `dies_after` days of a fetch whoever reads it dies.
    """

    dollars: dict[date, int] = field(default_factory=dict)
    unreadable: frozenset[date] = frozenset()
    dies_after: int | None = None
    read: dict[date, int] = field(default_factory=dict)
    read_at: dict[date, datetime] = field(default_factory=dict)
    failed: set[date] = field(default_factory=set)
    now: datetime = BEFORE

    def fetch(self, days: Span) -> Iterator[Fetched]:
        for n, day in enumerate(days):
            if n == self.dies_after:
                raise Crash
            if day in self.unreadable:
                self.failed.add(day)
                yield FetchFailure(COSTS, Span(day, day + ONE_DAY), "costs: HTTP 500")
            else:
                yield self._page(day)

    def _page(self, day: date) -> CostDay:
        self.read[day] = self.dollars.get(day, 0)
        self.read_at[day] = self.now
        self.failed.discard(day)
        return CostDay(day, (CostRow(day, "p", "item", None, from_dollars(self.read[day])),))

    def as_of(self) -> None:
        return None


@dataclass
class Slack:
    """A notifier whose bot may die before or after it takes the next message.

    In `trouble` it refuses all for good, is away, or takes all and says nothing, not even what it
    took.
    """

    posted: list[str] = field(default_factory=list)
    dies: str = ""
    trouble: str = ""

    def prepare(self, outgoing: Outgoing) -> Outgoing:
        return outgoing

    def post(self, outgoing: Outgoing) -> Receipt:
        dies, self.dies = self.dies, ""
        if dies == "before":
            raise Crash
        if self.trouble in ("refuses", "away"):
            raise self._no_answer
        self.posted.append(outgoing.key)
        if dies == "after":
            raise Crash
        if self.trouble:
            raise self._no_answer
        return self._place(outgoing.key)

    def update(self, _outgoing: Outgoing, ts: str) -> Receipt:
        if self.trouble:
            raise self._no_answer
        return Receipt("C0", ts)

    def find(self, outgoing: Outgoing, _since: datetime) -> Receipt | None:
        if self.trouble:
            raise self._no_answer
        return self._place(outgoing.key) if outgoing.key in self.posted else None

    @property
    def _no_answer(self) -> DeliveryError:
        if self.trouble == "refuses":
            return refused("is_archived", {})
        return DeliveryError("no answer", hint="wait", ambiguous=self.trouble == "mute")

    def _place(self, key: str) -> Receipt:
        return Receipt("C0", f"{self.posted.index(key)}.0")


class Rest:
    """How several bots wait: until all others wait too or are done.

    That is longer than any of them can be between claiming a message and posting it.
    """

    def __init__(self, size: int) -> None:
        self._awake = size
        self._changed = threading.Condition()

    def sleep(self, _seconds: float) -> None:
        self.leave()
        with self._changed:
            assert self._changed.wait_for(lambda: self._awake <= 0, timeout=20)
            self._awake += 1

    def leave(self) -> None:
        with self._changed:
            self._awake -= 1
            self._changed.notify_all()


@dataclass
class Brisk:
    """A postman without Slack's pace. One alone takes up at once what a dead one left."""

    database: Database
    slack: Slack
    now: datetime
    rest: Rest | None = None

    def deliver(self) -> tuple[int, Undelivered]:
        clock = iter(range(10**9))
        done = dispatch(
            Outbox(self.database),
            self.slack,
            self.now,
            Terms(sending_seconds=60 if self.rest else 0),
            self.rest.sleep if self.rest else lambda _: None,
            lambda: next(clock) / 1000,
        )
        return len(done.sent), tuple((key, str(error)) for key, error in done.failed)


@dataclass
class World:
    """What bots share: configuration, a bill, a Slack, a database file.

    Each bot opens the file once for all its lives: it is the opening that takes long.
    """

    configuration: Configuration
    url: str
    bill: Bill = field(default_factory=Bill)
    slack: Slack = field(default_factory=Slack)

    _databases: list[Database] = field(default_factory=list)

    def database(self, bot: int = 0) -> Database:
        while len(self._databases) <= bot:
            self._databases.append(open_lasting(self.url))
        return self._databases[bot]

    def close(self) -> None:
        for database in self._databases:
            database.close()

    def run(self, job: Job, now: datetime, bot: int = 0, rest: Rest | None = None) -> bool:
        """Whether a bot lived through the job."""
        database = self.database(bot)
        self.bill.now = now
        try:
            postman = Brisk(database, self.slack, now, rest)
            job(App(self.configuration, self.bill, database, postman, now))
        except Crash:
            return False
        finally:
            if rest:
                rest.leave()
        return True

    def run_at_once(self, job: Job, now: datetime, size: int) -> list[bool]:
        """Which of so many bots that began at the same moment lived through the job."""
        rest = Rest(size)
        self.database(size - 1)
        with ThreadPoolExecutor(size) as pool:
            return list(pool.map(lambda bot: self.run(job, now, bot, rest), range(size)))
