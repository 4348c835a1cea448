"""What is done about a press or a question. Presses may come twice: the second changes nothing."""

from __future__ import annotations

import logging
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bot.alerts.life import Alert
from bot.answering import Change, answer, chosen
from bot.commands.alerts import snooze_end
from bot.config.load import Configuration
from bot.delivery.postman import SlackPostman
from bot.errors import BotError, DeliveryError, UsageError
from bot.listening.asking import HELP, Asked, asked
from bot.listening.payload import Asker, Press, Question
from bot.listening.reply import Reply, said, shown
from bot.messages.compose_alert import period_end
from bot.messages.controls import ACKNOWLEDGE, SNOOZE, fingerprint
from bot.messages.model import REST_OF_PERIOD
from bot.store.alerts import AlertBook
from bot.store.database import Database, open_lasting

_log = logging.getLogger(__name__)
_WHOLE_KEY = re.compile(r"[^/]+/[^/]+/\w+:\d{4}-\d\d-\d\d")
_NOT_YOU = """\
You may not answer alerts here. Who may is said by `slack.may_answer` in the bot's configuration."""

Run = Callable[[Sequence[str]], str]
"""Runs a command of the bot in a process of its own: what it prints."""


@dataclass(frozen=True)
class Answers:
    """Acts for one configuration. `members` gives the ids of a group's members."""

    loaded: Configuration
    members: Callable[[str], Sequence[str]]
    reply: Reply
    run: Run

    def press(self, press: Press, now: datetime) -> None:
        """Acknowledges, silences, or explains the alert that the button belongs to."""
        with _told_why(press.asker, self.reply):
            self._refuse_others(press.asker)
            if press.action == ACKNOWLEDGE:
                self._answer(press, _acknowledged(press.asker, now), now)
            elif press.action == SNOOZE:
                self._answer(press, _snoozed(press, now), now)
            else:
                self._explain(press.asker, press.key)

    def question(self, question: Question, now: datetime) -> None:
        """Does what the words after `/budget` ask for, and says so to the asker alone."""
        with _told_why(question.asker, self.reply):
            self._refuse_others(question.asker)
            self._do(asked(question.words), question.asker, now)

    def _do(self, wanted: Asked, asker: Asker, now: datetime) -> None:
        match wanted.what:
            case "help":
                self._show(asker, HELP)
            case "why":
                self._explain(asker, wanted.key)
            case "ack":
                alert = self._change(wanted.key, _acknowledged(asker, now), now)
                self._say(asker, f"{alert.headline}: acknowledged.")
            case "snooze":
                end = snooze_end(wanted.length, None, False, now)
                alert = self._change(wanted.key, lambda one: one.snoozed(end, asker.name), now)
                until = f"snoozed until {end:%Y-%m-%d %H:%M} UTC" if end else "not snoozed any more"
                self._say(asker, f"{alert.headline}: {until}.")
            case command:
                self._show(asker, self.run((command,)))

    def _answer(self, press: Press, change: Change, now: datetime) -> None:
        self._change(press.key or self._key_of(press.fingerprint), change, now)

    def _change(self, key: str, change: Change, now: datetime) -> Alert:
        """The alert changed, and its place in Slack with it, at once."""
        slack = self.loaded.settings.slack
        with closing(open_lasting(self.loaded.store_url)) as database:
            alert = answer(database, key, change, now, interactive=slack.interactive)
            if alert.place is None:
                return alert
            postman = SlackPostman(database, slack, datetime.now(UTC), alert.place)
            _, undelivered = postman.deliver()
        for waiting, why in undelivered:
            _log.warning("%s waits in the outbox: %s", waiting, why)
        return alert

    def _key_of(self, mark: str) -> str:
        with closing(open_lasting(self.loaded.store_url)) as database:
            found = [one.key for one in _told(database) if mark == fingerprint(one.key)]
        if not found:
            raise UsageError("this alert is not firing any more")
        return found[0]

    def _explain(self, asker: Asker, key: str) -> None:
        with closing(open_lasting(self.loaded.store_url)) as database:
            alerts = _told(database)
        self._show(asker, self.run(("explain", "--", _meant(key, alerts))))

    def _refuse_others(self, asker: Asker) -> None:
        allowed = self.loaded.settings.slack.may_answer
        groups = [one for one in allowed if one.startswith("S")]
        if not allowed or asker.user in allowed:
            return
        if not any(asker.user in self._members(group) for group in groups):
            raise UsageError(_NOT_YOU)

    def _members(self, group: str) -> Sequence[str]:
        try:
            return self.members(group)
        except DeliveryError as error:
            _log.warning("who is in the group %s could not be found out: %s", group, error)
            return ()

    def _say(self, asker: Asker, text: str) -> None:
        self.reply(asker.response_url, said(text))

    def _show(self, asker: Asker, text: str) -> None:
        self.reply(asker.response_url, shown(text))


@contextmanager
def _told_why(asker: Asker, reply: Reply) -> Iterator[None]:
    """What goes wrong inside is told to the asker; a bug is told and goes on to the log."""
    try:
        yield
    except DeliveryError as error:
        _log.warning("an answer could not be given: %s", error)
    except BotError as error:
        _try_to_say(asker, reply, str(error))
    except Exception:
        _try_to_say(asker, reply, "This is a bug in the bot; its log says more.")
        raise


def _try_to_say(asker: Asker, reply: Reply, text: str) -> None:
    try:
        reply(asker.response_url, said(text))
    except DeliveryError as error:
        _log.warning("%s; and that could not be said: %s", text.partition("\n")[0], error)


def _acknowledged(asker: Asker, now: datetime) -> Change:
    """Who was first has it in hand; a snooze that came after is ended."""

    def change(alert: Alert) -> Alert:
        if alert.acked_at and not alert.is_snoozed(now):
            return alert
        return alert.acknowledged(now, asker.name)

    return change


def _snoozed(press: Press, now: datetime) -> Change:
    """The end counts from the press, so that the same press again has the same end."""
    since = press.at if press.at and abs((press.at - now).total_seconds()) < 3600 else now

    def change(alert: Alert) -> Alert:
        if press.choice == REST_OF_PERIOD:
            end = period_end(alert.key)
            if end <= now:
                raise UsageError("The period of this alert is over: choose a length of time.")
            return alert.snoozed(end, press.asker.name)
        return alert.snoozed(snooze_end(press.choice, None, False, since), press.asker.name)

    return change


def _told(database: Database) -> list[Alert]:
    return [alert for alert in AlertBook(database).open() if alert.told_at]


def _meant(key: str, alerts: Sequence[Alert]) -> str:
    """The key that a beginning means; a whole key may be that of an alert that has ended."""
    try:
        return chosen(key, alerts).key
    except UsageError:
        if not _WHOLE_KEY.fullmatch(key):
            raise
        return key


def runner(config: Path, seconds: float) -> Run:
    """Commands of the bot with this configuration, each in a process that has so many seconds."""

    def run(words: Sequence[str]) -> str:
        command, *rest = words
        program = [sys.executable, "-m", "bot", command, "--config", str(config), *rest]
        try:
            done = subprocess.run(  # noqa: S603 - our own program, and no shell reads the words
                program, stdin=subprocess.DEVNULL, capture_output=True, timeout=seconds, check=False
            )
        except subprocess.TimeoutExpired:
            raise UsageError(f"`bot {command}` took longer than {seconds:.0f} s") from None
        said = (part.decode("utf-8", "replace") for part in (done.stdout, done.stderr))
        return "\n".join(filter(None, said))

    return run
