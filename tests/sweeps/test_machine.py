"""Whatever happens to the bill, the clock, the process and its like: told once, and rightly.

A state machine drives the real flow (`bot.app.check`) over a world (`world.py`); an independent
model (`model.py`) says what has to be in Slack, and what may be.

    make sweep T=tests/sweeps/test_machine.py      thousands of histories, others each time
"""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
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
    precondition,
    rule,
    run_state_machine_as_test,
)

from bot.alerts.life import Alert
from bot.answering import answer
from bot.app import check, digest
from bot.config.load import Configuration, load_configuration
from bot.errors import UsageError
from bot.spend.calendar import Unit
from bot.store.database import open_lasting
from tests.files import in_memory
from tests.sweeps.model import DAY, HISTORY, CapRule, Known, Model, Seen
from tests.sweeps.world import Job, World

START = datetime.fromisoformat("2026-11-27T09:30:00+00:00")
CAPS = (
    CapRule("day", "day", 100, (50, 80, 100), timedelta(hours=5)),
    CapRule("month", "month", 300, (50, 100), timedelta(hours=24)),
)
HOUR = timedelta(hours=1)
CONFIG = f"source: {{kind: sample, history_days: {HISTORY}}}\nrules: rules.yaml\n"
RULES = "rules:\n" + "".join(
    f"  - {{name: {cap.name}, kind: cap, period: {cap.unit}, limit_usd: {cap.limit}, "
    f"steps: {list(cap.steps)}, repeat_after: {cap.repeat // HOUR}h}}\n"
    for cap in CAPS
)


class Machine(RuleBasedStateMachine):
    """The world, the bot, and what the bot has to have told."""

    configuration: Configuration
    empty: Path
    runs: Counter[str]

    @initialize()
    def begin(self) -> None:
        self.now = START
        self.folder = TemporaryDirectory(dir=self.empty.parent)
        file = Path(self.folder.name) / "bot.db"
        shutil.copy(self.empty, file)
        self.world = World(self.configuration, f"sqlite:///{file}")
        self.model = Model(CAPS)
        self.heard = 0  # messages of Slack the model knows
        self.owed: set[str] = set()
        self.digests = 0

    def teardown(self) -> None:
        if hasattr(self, "folder"):
            self.world.close()
            self.folder.cleanup()

    @property
    def today(self) -> date:
        return self.now.date()

    @rule(back=st.integers(0, 2), dollars=st.sampled_from((5, 20, 49, 50, 60, 85, 120)))
    def money_is_spent_or_restated(self, back: int, dollars: int) -> None:
        """Today's total only grows; a finished day's may fall, until it settles."""
        day, bill = self.today - back * DAY, self.world.bill.dollars
        bill[day] = dollars if back else max(bill.get(day, 0), dollars)

    @rule(hours=st.sampled_from((1, 5, 16, 24, 30, 120)))
    def time_passes(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    @rule()
    def the_clock_is_set_back(self) -> None:
        if (self.now - timedelta(hours=1)).date() == self.today:
            self.now -= timedelta(hours=1)

    @rule(hours=st.sampled_from((-72, -26, -1, 1, 26, 72)))
    def the_clock_is_wrong_for_a_check(self, hours: int) -> None:
        self.now += hours * HOUR
        self.the_bot_checks()
        self.now -= hours * HOUR

    @rule()
    def the_bot_checks(self) -> None:
        self._check(lambda job: [self.world.run(job, self.now)])

    @rule(trouble=st.sampled_from(("refuses", "away", "mute")))
    def slack_takes_nothing_or_does_not_say(self, trouble: str) -> None:
        self.world.slack.trouble = trouble
        self.the_bot_checks()
        self.world.slack.trouble = ""

    @rule(back=st.sampled_from(((0,), (1,), (2, 3), range(40))))
    def some_days_cannot_be_read(self, back: tuple[int, ...]) -> None:
        self.world.bill.unreadable = frozenset(self.today - n * DAY for n in back)
        self.the_bot_checks()
        self.world.bill.unreadable = frozenset()

    @rule(back=st.sampled_from(((1,), (2,), (2, 3))))
    def a_day_falls_while_one_cannot_be_read(self, back: tuple[int, ...]) -> None:
        """What chance seldom brings together, and what must not resolve."""
        self.money_is_spent_or_restated(1, 120)
        self.the_bot_checks()
        self.money_is_spent_or_restated(1, 5)
        self.some_days_cannot_be_read(back)

    @rule(days=st.integers(0, 5))
    def the_bot_dies_while_it_reads_the_bill(self, days: int) -> None:
        self.world.bill.dies_after = days
        self.the_bot_checks()
        self.world.bill.dies_after = None

    @rule(when=st.sampled_from(("before", "after")), size=st.integers(1, 2))
    def bots_die_at_their_next_message(self, when: str, size: int) -> None:
        self.world.slack.dies = when
        self._at_once(size)
        self.world.slack.dies = ""

    @rule(size=st.integers(2, 3))
    def bots_check_at_once(self, size: int) -> None:
        self._at_once(size)

    def _at_once(self, size: int) -> None:
        self._check(lambda job: self.world.run_at_once(job, self.now, size))

    @precondition(lambda self: self.digests < 2)
    @rule()
    def a_digest_is_posted(self) -> None:
        self.digests += 1
        assert self.world.run(lambda app: digest(app, Unit.DAY), self.now)
        assert f"digest:daily:{self.today}" in self.world.slack.posted
        self._hear()

    @rule(which=st.integers(0, 9), hours=st.sampled_from((1, 24, 48)))
    def somebody_snoozes_an_alert(self, which: int, hours: int) -> None:
        until = self.now + timedelta(hours=hours)
        if known := self._answer(which, lambda alert: alert.snoozed(until)):
            known.hush, known.seen = until, self.now

    @rule(which=st.integers(0, 9))
    def somebody_acknowledges_an_alert(self, which: int) -> None:
        if known := self._answer(which, lambda alert: alert.acknowledged(self.now, "U1")):
            known.hush, known.acked, known.seen = None, True, self.now

    def _answer(self, which: int, change: Callable[[Alert], Alert]) -> Known | None:
        """Which of the alerts was changed; None if it is not open any more."""
        told = [known for known in self.model.alerts.values() if known.top]
        known = told[which % len(told)] if told else None
        try:
            if known:
                answer(self.world.database(), known.key, change, self.now)
        except UsageError:
            return None
        return known

    def _check(self, run: Callable[[Job], Sequence[bool]]) -> None:
        """A check by one bot or several, and everything that has to come of it."""
        bill = self.world.bill
        lived = run(check)
        self.runs["checks"] += sum(lived)
        self.runs["deaths"] += len(lived) - sum(lived)
        if bill.dies_after is not None and not any(lived):
            return  # nothing was judged
        seen = Seen(self.now, bill.read, bill.read_at, bill.failed)
        self.owed |= self.model.check(seen)
        if any(lived):
            self.model.checked(seen)
        self._hear()
        if all(lived) and not self.world.slack.trouble:
            assert not self.owed, "it was not told"

    def _hear(self) -> None:
        """Takes in what is new in Slack: nothing else than is owed."""
        for key in self.world.slack.posted[self.heard :]:
            if "#" in key:
                assert key in self.owed, "it was told, and is not so"
                self.owed.remove(key)
        self.runs["messages"] += len(self.world.slack.posted) - self.heard
        self.heard = len(self.world.slack.posted)

    @invariant()
    def nothing_is_told_twice(self) -> None:
        repeated = {key for key, n in Counter(self.world.slack.posted).items() if n > 1}
        assert not repeated


@pytest.fixture
def machine() -> Iterator[type[Machine]]:
    with TemporaryDirectory(dir=in_memory()) as folder:
        (Path(folder) / "rules.yaml").write_text(RULES)
        config, empty = Path(folder) / "config.yaml", Path(folder) / "empty.db"
        config.write_text(CONFIG)
        open_lasting(f"sqlite:///{empty}").close()
        loaded = load_configuration(config, {})
        made = {"configuration": loaded, "empty": empty, "runs": Counter()}
        yield type("Set", (Machine,), made)


SLICE = settings(
    max_examples=5,
    stateful_step_count=12,
    derandomize=True,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


def test_everything_is_told_once_and_rightly_whatever_happens(machine: type[Machine]) -> None:
    run_state_machine_as_test(machine, settings=SLICE)
    assert machine.runs["messages"] > 5


@pytest.mark.sweep
def test_everything_is_told_once_and_rightly_in_thousands_of_histories(
    machine: type[Machine], capsys: pytest.CaptureFixture[str]
) -> None:
    many = int(os.environ.get("HISTORIES", "2000"))
    wide = settings(SLICE, max_examples=many, stateful_step_count=40, derandomize=False)
    run_state_machine_as_test(machine, settings=wide)
    with capsys.disabled():
        print(f"\n{many} histories: {dict(machine.runs)}, 0 lost, 0 repeated, 0 wrong")
