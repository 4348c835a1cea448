"""Whatever happens to the bill, the clock and the process: every step is told once, in order.

A state machine drives the real flow (`bot.app.check`) over a bill, a clock, a Slack in memory and
crashes; an independent model says what has to be in Slack. Our own functions are not replaced: the
source and the notifier are further ones of their kind.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from bot.app import App, check
from bot.config.load import Configuration, load_configuration
from bot.delivery.base import Outgoing, Receipt
from bot.delivery.dispatch import dispatch
from bot.delivery.errand import Terms
from bot.delivery.postman import Undelivered
from bot.sources.base import COSTS, Fetched, FetchFailure
from bot.spend.calendar import ONE_DAY, Span, midnight, utc_day
from bot.spend.money import from_dollars
from bot.spend.rows import CostDay, CostRow
from bot.store.database import Database, open_forgetful
from bot.store.outbox import Outbox

START = datetime.fromisoformat("2026-11-10T09:30:00+00:00")
LIMIT, STEPS = 100, (50, 80, 100)
CONFIG = "source: {kind: sample, history_days: 14}\nrules: rules.yaml\n"
RULES = f"rules: [{{name: cap, kind: cap, limit_usd: {LIMIT}, steps: {list(STEPS)}}}]\n"


class Crash(BaseException):
    """The process dies: nothing catches it."""


@dataclass
class Bill:
    """A source: dollars by day; days that cannot be read."""

    dollars: dict[date, int] = field(default_factory=dict)
    unreadable: bool = False

    def fetch(self, days: Span) -> Iterator[Fetched]:
        if self.unreadable:
            yield FetchFailure(COSTS, days, "costs: HTTP 500")
            return
        for day in days:
            row = CostRow(day, "p", "item", None, from_dollars(self.dollars.get(day, 0)))
            yield CostDay(day, (row,))

    def as_of(self) -> None:
        return None


@dataclass
class Slack:
    """A notifier that may die before or after it has taken the next message."""

    posted: list[str] = field(default_factory=list)
    dies: str = ""

    def prepare(self, outgoing: Outgoing) -> Outgoing:
        return outgoing

    def post(self, outgoing: Outgoing) -> Receipt:
        dies, self.dies = self.dies, ""
        if dies == "before":
            raise Crash
        self.posted.append(outgoing.key)
        if dies == "after":
            raise Crash
        return self._place(outgoing.key)

    def update(self, _outgoing: Outgoing, ts: str) -> Receipt:
        return Receipt("C0", ts)

    def find(self, outgoing: Outgoing, _since: datetime) -> Receipt | None:
        return self._place(outgoing.key) if outgoing.key in self.posted else None

    def _place(self, key: str) -> Receipt:
        return Receipt("C0", f"{self.posted.index(key)}.0")


@dataclass
class Brisk:
    """A postman with no time to lose: nobody else is at work."""

    database: Database
    slack: Slack
    now: datetime

    def deliver(self) -> tuple[int, Undelivered]:
        clock = iter(range(10**9))
        done = dispatch(
            Outbox(self.database),
            self.slack,
            self.now,
            Terms(sending_seconds=0),
            lambda _: None,
            lambda: next(clock) / 1000,
        )
        return len(done.sent), tuple((key, str(error)) for key, error in done.failed)


class Machine(RuleBasedStateMachine):
    """The world, the bot, and what the bot has to have told."""

    @initialize()
    def begin(self) -> None:
        self.now = START
        self.bill, self.slack = Bill(), Slack()
        self.database = open_forgetful("sqlite://")
        self.read: dict[date, int] = {}  # the bill as last read
        self.top: dict[date, int] = {}  # the highest step told of a day
        self.checked: date | None = None

    @property
    def today(self) -> date:
        return utc_day(self.now)

    @rule(back=st.integers(0, 2), dollars=st.sampled_from((0, 20, 49, 60, 85, 120)))
    def a_day_is_restated(self, back: int, dollars: int) -> None:
        """Today's total only grows; a finished day's may fall, until it settles."""
        day = self.today - back * ONE_DAY
        known = self.bill.dollars.get(day, 0)
        self.bill.dollars[day] = max(known, dollars) if back == 0 else dollars

    @rule(hours=st.sampled_from((1, 5, 24, 30)))
    def time_passes(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    @rule()
    def the_clock_is_set_back(self) -> None:
        if utc_day(self.now - timedelta(hours=1)) == self.today:
            self.now -= timedelta(hours=1)

    @rule()
    def the_bill_cannot_be_read(self) -> None:
        self._check(unreadable=True)

    @rule()
    def the_bot_checks(self) -> None:
        self._check()

    @rule(when=st.sampled_from(("before", "after")))
    def the_bot_dies_at_its_next_message(self, when: str) -> None:
        self.slack.dies = when
        self._check()
        self.slack.dies = ""
        self._check()  # whoever starts it again

    def _check(self, *, unreadable: bool = False) -> None:
        self.bill.unreadable = unreadable
        self._expect(unreadable)
        app = App(
            self.configuration,
            self.bill,
            self.database,
            Brisk(self.database, self.slack, self.now),
            self.now,
        )
        try:
            check(app)
        except Crash:
            return
        self.checked = self.today

    def _expect(self, unreadable: bool) -> None:
        """What this check has to tell: the highest new step of every day that it judges."""
        window = [self.today - n * ONE_DAY for n in range(4)]
        if not unreadable:  # what is not settled is read again however long ago it was
            self.read |= {d: usd for d, usd in self.bill.dollars.items() if d <= self.today}
        since = min([window[-1], *([self.checked] if self.checked else [])])
        for day, usd in self.read.items():
            crossed = max((s for s in STEPS if usd * 100 > LIMIT * s), default=0)
            if since <= day <= self.today and crossed > self.top.get(day, 0):
                self.top[day] = crossed
                self.told.add(f"cap/organization/day:{day}#step-{crossed}")

    told: set[str]
    configuration: Configuration

    @initialize()
    def tell_nothing_yet(self) -> None:
        self.told = set()

    @invariant()
    def nothing_is_told_twice(self) -> None:
        repeated = {key for key, n in Counter(self.slack.posted).items() if n > 1}
        assert not repeated

    @invariant()
    def every_step_that_was_crossed_is_told_and_no_other(self) -> None:
        steps = {key for key in self.slack.posted if "#step-" in key}
        assert steps == self.told

    @invariant()
    def nothing_resolves_before_its_day_is_over(self) -> None:
        for key in self.slack.posted:
            if key.endswith("#resolved"):
                day = date.fromisoformat(key.partition("#")[0][-10:])
                assert self.now >= midnight(day + ONE_DAY) + timedelta(hours=5)


@pytest.fixture
def machine() -> Iterator[type[Machine]]:
    with TemporaryDirectory() as folder:
        (Path(folder) / "rules.yaml").write_text(RULES)
        config = Path(folder) / "config.yaml"
        config.write_text(CONFIG)
        loaded = load_configuration(config, {})
        yield type("Set", (Machine,), {"configuration": loaded})


SLICE = settings(
    max_examples=20,
    stateful_step_count=20,
    derandomize=True,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


def test_every_step_is_told_once_whatever_happens(machine: type[Machine]) -> None:
    run_state_machine_as_test(machine, settings=SLICE)


@pytest.mark.sweep
def test_every_step_is_told_once_in_thousands_of_histories(machine: type[Machine]) -> None:
    many = settings(SLICE, max_examples=2_000, stateful_step_count=40, derandomize=False)
    run_state_machine_as_test(machine, settings=many)
