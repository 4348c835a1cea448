"""Whatever parts of the bill a run is shown, in the end what was told is what the whole bill tells.

Two bots watch the same bill at the same instants. One is always shown the truth. The other is
shown parts of it: nothing, a page that breaks off, an empty day, amounts of zero, a day without one
of its projects, half of the amounts. Both then see the truth for some days. What the second one has
told may come later, but is not other than what the first one told, nor more, nor told twice.

Not every lie can be seen through, and these are left out on purpose:

- what is read the same for 24 hours is believed;
- of a day that was never read before, a first reading without a project or without anything, after
  the grace time, is no different from a project that stopped, as zero is not missing: the drop is
  told, and resolved in its thread;
- an intermediate step of a cap, or that a spike grew, is told only by a run that sees it stand;
- a drop that is seen from its last day on is about one day: it is closed, and not resolved.
"""

from __future__ import annotations

import re
import sqlite3
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.app import check
from bot.config.load import Configuration, load_configuration
from bot.context import App
from bot.report import Report
from bot.spend.calendar import ONE_DAY, DayState, midnight
from bot.spend.money import from_dollars
from bot.store.database import Database, open_forgetful
from tests.sweeps.partial import FIRST, LAST, Bill, Run, Shown, Told, Truth

CONFIG = "source: {kind: sample, history_days: 50}\nrules: rules.yaml\n"
RULES = """rules:
  - {name: cap, kind: cap, limit_usd: 100, steps: [50, 80, 100]}
  - {name: month, kind: cap, period: month, per: project, limit_usd: 600, steps: [80, 100]}
  - {name: spike, kind: spike, per: project}
  - {name: new, kind: new, per: project}
  - {name: drop, kind: drop, per: project}
  - {name: drift, kind: drift, per: project}
"""
KINDS = ("cap", "spike", "new", "drop", "drift")
TRUTHS = {
    "calm": Truth("search", {}),
    "over the cap": Truth("search", {1: 140.0}),
    "a spike": Truth("batch", {1: 60.0}),
    "a newcomer": Truth("newcomer", {1: 30.0, 2: 30.0, 3: 30.0, 4: 30.0}),
    "a drop of two days": Truth("search", {1: 0.0, 2: 0.0}),
    "a stop": Truth("support", dict.fromkeys(range(1, 20), 0.0)),
    "a drift": Truth("search", {n: 40 * 1.02 ** (n + 30) for n in range(-30, 20)}),
}
AFTER = [Run(24 * (LAST + n) + 9, {}) for n in (1, 3)]
"""Runs that are shown the truth."""
GONE = (Shown.EMPTY, Shown.ZERO, Shown.VANISHED)


@pytest.fixture(scope="module")
def configuration(tmp_path_factory: pytest.TempPathFactory) -> Configuration:
    folder: Path = tmp_path_factory.mktemp("partial")
    (folder / "rules.yaml").write_text(RULES)
    (folder / "config.yaml").write_text(CONFIG)
    return load_configuration(folder / "config.yaml", {})


@st.composite
def schedules(draw: st.DrawFn) -> list[Run]:
    """Some runs at any hour, each shown a part of any of the days it reads."""
    hours = draw(st.lists(st.integers(4, 24 * LAST + 12), min_size=3, max_size=6, unique=True))
    runs, seen = [], _Seen()
    for hour in sorted(hours):
        days = range(hour // 24 + 1)
        lies = draw(st.dictionaries(st.sampled_from(days), st.sampled_from(Shown), max_size=4))
        runs.append(Run(hour, {day: seen.within(day, hour, lies.get(day)) for day in days}))
    return runs


class _Seen:
    """Keeps the schedules to what can be seen through: see above."""

    def __init__(self) -> None:
        self._known: set[int] = set()
        self._gone_since: dict[int, int] = {}

    def within(self, day: int, hour: int, lie: Shown | None) -> Shown:
        shown = lie or Shown.TRUE
        is_first = day not in self._known
        if shown in GONE and is_first and hour >= 24 * (day + 1):
            shown = Shown.FAILED
        if shown in GONE and hour - self._gone_since.setdefault(day, hour) >= 23:
            shown = Shown.TRUE
        if shown in (Shown.TRUE, Shown.LATE):
            self._gone_since.pop(day, None)
        if shown in GONE and hour < 24 * (day + 1):
            self._known.discard(day)
        self._known |= {day} if shown is Shown.TRUE and hour > 24 * day else set()
        return shown


class World:
    """A bot that knows seven weeks of a bill, and what it tells in some runs after them."""

    def __init__(self, configuration: Configuration, truth: Truth, kind: str) -> None:
        rules = [rule for rule in configuration.rulebook.rules if rule.kind == kind]
        rulebook = replace(configuration.rulebook, rules=tuple(rules))
        self._configuration = replace(configuration, rulebook=rulebook)
        self._truth = truth
        self._begun = open_forgetful("sqlite://")
        self._run(self._begun, Run(-1, {}))

    def told(self, runs: Sequence[Run]) -> tuple[list[str], list[Report]]:
        database = open_forgetful("sqlite://")
        _raw(self._begun).backup(_raw(database))
        try:
            played = [self._run(database, run) for run in runs]
        finally:
            database.close()
        return [key for keys, _ in played for key in keys], [report for _, report in played]

    def _run(self, database: Database, run: Run) -> tuple[list[str], Report]:
        now = midnight(FIRST) + timedelta(hours=run.hour)
        postman = Told(database, now)
        bill = Bill(self._truth, now, run.shown)
        report = check(App(self._configuration, bill, database, postman, now))
        return postman.keys, report


def _raw(database: Database) -> sqlite3.Connection:
    with database.reading() as connection:
        raw: Any = connection.connection.driver_connection
    assert isinstance(raw, sqlite3.Connection)
    return raw


def in_the_end(keys: Sequence[str]) -> Counter[str]:
    """Of every event the highest step told, or how often each other news of it was told.

    An event that may seem to begin on another day is the same one: rule and subject name it.
    """
    found: Counter[str] = Counter()
    for key in keys:
        event, _, news = key.rpartition("#")
        if key.startswith(("notice:", "storm/")) or news.startswith(("worse", "update")):
            continue
        if event.startswith(("new/", "drop/", "drift/")):
            event = re.sub(r"/day:[0-9-]+$", "", event)
        if news.startswith("step-"):
            found[event] = max(found[event], int(news.removeprefix("step-")))
        else:
            found[f"{event}#{news}"] += 1
    return found


def holds(configuration: Configuration, kind: str, truth: str, runs: list[Run]) -> None:
    world = World(configuration, TRUTHS[truth], kind)
    whole, _ = world.told([*(Run(run.hour, {}) for run in runs), *AFTER])
    partly, reports = world.told([*runs, *AFTER])
    told, due = in_the_end(partly), in_the_end(whole)
    assert {news for news in due if told[news] < due[news]} <= {"drop/project=search#resolved"}
    assert {news for news in told if told[news] > due[news]} == set()
    assert len(set(partly)) == len(partly)
    for run, report in zip(runs, reports, strict=False):
        nothing_is_silently_smaller(TRUTHS[truth], run, report)


def nothing_is_silently_smaller(truth: Truth, run: Run, report: Report) -> None:
    """A finished day that counts as read has all of its money, but for what is only late."""
    for day, (state, nanos) in report.data.totals.items():
        if state in (DayState.SETTLING, DayState.SETTLED) and day >= FIRST:
            is_late = run.shown.get((day - FIRST).days) is Shown.LATE
            due = sum(from_dollars(round(usd, 4)) for usd in truth.of(day).values())
            assert nanos == due or (is_late and run.hour < 24 * (day - FIRST).days + 30)
        if state is DayState.MISSING and day < FIRST + (run.hour // 24) * ONE_DAY:
            assert day in report.data.missing_days


SLICE = settings(
    max_examples=2,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_told_in_the_end_is_what_the_whole_bill_tells(
    configuration: Configuration, kind: str
) -> None:
    @SLICE
    @given(st.sampled_from(sorted(TRUTHS)), schedules())
    def told_alike(truth: str, runs: list[Run]) -> None:
        holds(configuration, kind, truth, runs)

    told_alike()


@pytest.mark.sweep
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("truth", sorted(TRUTHS))
def test_what_is_told_in_the_end_is_what_the_whole_bill_tells_in_hundreds_of_schedules(
    configuration: Configuration, kind: str, truth: str
) -> None:
    @settings(SLICE, max_examples=60, derandomize=False)
    @given(schedules())
    def told_alike(runs: list[Run]) -> None:
        holds(configuration, kind, truth, runs)

    told_alike()


# Schedules that once told something else than complete data.
FOUND: dict[str, tuple[str, str, list[Run]]] = {
    "a day that could not be read for longer than the window is judged when it comes": (
        "spike",
        "a spike",
        [
            Run(20, {}),
            Run(40, {1: Shown.FAILED}),
            Run(72, {1: Shown.FAILED}),
            Run(100, {1: Shown.FAILED, 2: Shown.FAILED}),
            Run(131, {1: Shown.FAILED}),
        ],
    ),
    "a drop whose first day was missing is not told again once that day is known": (
        "drop",
        "a drop of two days",
        [Run(20, {}), Run(60, {1: Shown.FAILED}), Run(84, {1: Shown.FAILED}), Run(90, {})],
    ),
    "a newcomer whose second day was read first is told once": (
        "new",
        "a newcomer",
        [Run(20, {}), Run(49, {1: Shown.FAILED}), Run(62, {}), Run(86, {1: Shown.VANISHED})],
    ),
    "an empty answer for a day that was over its cap resolves nothing": (
        "cap",
        "over the cap",
        [Run(57, {}), Run(58, {1: Shown.EMPTY}), Run(70, {1: Shown.ZERO}), Run(75, {})],
    ),
}


@pytest.mark.parametrize("name", FOUND)
def test_schedules_that_once_told_something_else(configuration: Configuration, name: str) -> None:
    kind, truth, runs = FOUND[name]
    holds(configuration, kind, truth, runs)
