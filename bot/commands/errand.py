"""What a child of the worker does: tell the plan, check, or post a digest. Its logs are JSON.

It works with the last good configuration where the files cannot be used. A worker that leaves asks
it to stop with SIGTERM: it stops at once, but a message on its way is told first.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path

from bot import app as flow
from bot.commands.common import note
from bot.commands.jobs import exit_code, note_trouble, run_job
from bot.commands.planning import PERIODS, told_plan
from bot.commands.steady import Steady, fingerprint, keep_as_good, steady_configuration
from bot.config.load import Configuration
from bot.config.problems import ConfigProblems, in_a_line
from bot.config.settings import Settings
from bot.config.whereabouts import config_path
from bot.context import App
from bot.delivery.postman import Postman, SlackPostman, Undelivered
from bot.logs import hide
from bot.messages.compose_notice import broken_configuration
from bot.messages.digest import Turn
from bot.report import Report
from bot.spend.calendar import Unit
from bot.store.database import Database, open_lasting
from bot.store.outbox import Outbox
from bot.store.pulses import Pulses
from bot.store.tallies import MISREAD
from bot.wiring import real_app
from bot.worker.due import instant
from bot.worker.plan import plan_json, signature


def run_errand(
    *, what: str, config: Path | None, period: str, scheduled: date | None, missed: int
) -> int:
    """Exit code of the errand, as of the command it stands for."""
    path = config_path(config)
    if what == "plan":
        return _plan(path)
    steady = _steady(path)
    if what == "check":
        return _job(steady.configuration, flow.check)
    settings = steady.configuration.settings
    turn = _turn(settings, Unit(period), scheduled, missed) if scheduled else None
    return _job(steady.configuration, partial(flow.digest, unit=Unit(period), turn=turn))


def _job(loaded: Configuration, job: Callable[[App], Report]) -> int:
    report = run_job(loaded, job, opened=partial(_interruptible, loaded))
    note_trouble(report)
    for why in dict.fromkeys(why for _, why in report.undelivered):
        note(f"not delivered, kept in the outbox: {why}")
    return exit_code(report, None)


def _turn(settings: Settings, unit: Unit, day: date, missed: int) -> Turn:
    at = getattr(settings.schedule.digest, PERIODS[unit])
    return Turn(day, instant(day, at.at, settings.schedule.zone), missed) if at else _midnight(day)


def _midnight(day: date) -> Turn:
    return Turn(day, datetime(day.year, day.month, day.day, tzinfo=UTC))


# -- the plan


def _plan(path: Path) -> int:
    """Prints the plan. A file as it is before it is read is what the parent compares with."""
    now = datetime.now(UTC)
    before = signature(_files(path, _steady(path)))
    steady = _steady(path)
    loaded = steady.configuration
    database = open_lasting(loaded.store_url)
    try:
        _remember(database, path, steady, now)
    finally:
        database.close()
    sys.stdout.write(plan_json(told_plan(loaded, before)) + "\n")
    return 0


def _files(path: Path, steady: Steady) -> list[str]:
    loaded = steady.configuration
    rules = loaded.home / loaded.settings.rules
    inside = (file for file in rules.glob("*.y*ml")) if rules.is_dir() else ()
    return [str(path), str(rules), *sorted(map(str, inside))]


def _remember(database: Database, path: Path, steady: Steady, now: datetime) -> None:
    if steady.broken is None:
        keep_as_good(database, path, steady.configuration, now)
        Pulses(database).forget(MISREAD)
        return
    problems = [in_a_line(problem) for problem in steady.broken.problems]
    for problem in problems:
        note(problem)
    Pulses(database).beat(MISREAD, now, problems[0])
    _tell_broken(database, path, steady, steady.broken, now)


def _tell_broken(
    database: Database, path: Path, steady: Steady, broken: ConfigProblems, now: datetime
) -> None:
    slack = steady.configuration.settings.slack
    message = broken_configuration(
        fingerprint=fingerprint(path, broken),
        problems=[in_a_line(problem) for problem in broken.problems],
        good_since=steady.good_since,
        channel=slack.channel,
    )
    with database.writing() as connection:
        Outbox(database).add(connection, message, now)
    if slack.bot_token.get_secret_value() or slack.webhook_url.get_secret_value():
        SlackPostman(database, slack, now).deliver()


def _steady(path: Path) -> Steady:
    found = steady_configuration(path, os.environ, datetime.now(UTC))
    settings = found.configuration.settings
    hide(settings.source.admin_key.get_secret_value(), settings.heartbeat_url.get_secret_value())
    hide(settings.slack.bot_token.get_secret_value(), settings.slack.webhook_url.get_secret_value())
    return found


# -- asked to stop


class Patience:
    """SIGTERM as an interruption, at once or after what must not be left half done."""

    def __init__(self) -> None:
        self._busy = self._asked = False

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Inside, SIGTERM is heard."""
        before = signal.signal(signal.SIGTERM, self._hear)
        try:
            yield
        finally:
            signal.signal(signal.SIGTERM, before)

    @contextmanager
    def undisturbed(self) -> Iterator[None]:
        """What happens inside is done first."""
        self._busy = True
        try:
            yield
        finally:
            self._busy = False
        if self._asked:
            raise KeyboardInterrupt

    def _hear(self, _signal: int, _frame: object) -> None:
        self._asked = True
        if not self._busy:
            raise KeyboardInterrupt


class UndisturbedPostman:
    """A postman who is not called back from the door."""

    def __init__(self, postman: Postman, patience: Patience) -> None:
        self._postman = postman
        self._patience = patience

    def deliver(self) -> tuple[int, Undelivered]:
        with self._patience.undisturbed():
            return self._postman.deliver()


@contextmanager
def _interruptible(loaded: Configuration) -> Iterator[App]:
    patience = Patience()
    with patience.listening(), real_app(loaded, None) as app:
        yield replace(app, postman=UndisturbedPostman(app.postman, patience))
