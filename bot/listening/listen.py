"""The process `bot listen`: one connection, and two lines of jobs.

What is pressed is done at once; what takes a process of its own (why, status, check) waits in
another line, so that it holds back no press.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from slack_sdk.errors import SlackApiError

from bot.commands.steady import steady_configuration
from bot.config.load import Configuration
from bot.config.whereabouts import config_path
from bot.delivery.line import Line
from bot.delivery.slack_api import SlackApi, web_client
from bot.delivery.slack_errors import answered
from bot.errors import ConfigError
from bot.listening.answers import Answers, Run, runner
from bot.listening.lines import JobLine
from bot.listening.payload import Ignored, Press, Question, read
from bot.listening.reply import ResponseUrls
from bot.listening.socket import PING_SECONDS, Connection
from bot.logs import event, hide, write_logs
from bot.messages.controls import WHY

LAST_JOBS_SECONDS = 2.0
"""What presses get that wait when the process is asked to leave."""


class Listener:
    """Hears and answers for one configuration, from `start` to `finish`."""

    def __init__(self, loaded: Configuration, run: Run, ping: float = PING_SECONDS) -> None:
        slack = loaded.settings.slack
        token, line = slack.bot_token.get_secret_value(), Line(slack.proxy)
        self._api = SlackApi(token, slack.base_url, line)
        reply = ResponseUrls(slack.base_url, slack.proxy)
        self._answers = Answers(loaded, self._api.members, reply, run)
        self._quick, self._slow = JobLine("presses"), JobLine("questions")
        self._team = ""
        self._connection = Connection(
            slack.app_token.get_secret_value(),
            web_client(token, slack.base_url, Line(slack.proxy)),
            slack.proxy,
            self._heard,
            ping,
        )

    def start(self) -> None:
        """Connects. Raises DeliveryError if Slack refuses one of the tokens."""
        self._team = self._api.team()
        try:
            self._connection.open()
        except SlackApiError as error:
            response = error.response
            raise answered(response.status_code, response.headers, response.data) from None
        event("bot.listening", logging.INFO, "listening to Slack", team=self._team)

    def finish(self, seconds: float = LAST_JOBS_SECONDS) -> None:
        """Does the presses that wait; what else waits is left."""
        self._quick.finish(seconds)

    def close(self) -> None:
        """Ends the connection, which takes a second or two."""
        self._connection.close()
        self._slow.finish(0)

    def _heard(self, kind: str, payload: Any) -> None:
        now = datetime.now(UTC)
        match read(kind, payload):
            case Ignored(why):
                if why:
                    event("bot.listening", logging.INFO, f"ignored: {why}")
            case (Press() | Question()) as said if said.asker.team != self._team:
                event("bot.listening", logging.WARNING, "ignored: it comes from another workspace")
            case Press() as press:
                line = self._slow if press.action == WHY else self._quick
                line.put(partial(self._answers.press, press, now))
            case Question() as question:
                words = question.words.split()[:1]
                line = self._quick if words in (["ack"], ["snooze"]) else self._slow
                line.put(partial(self._answers.question, question, now))


def listen(loaded: Configuration, config: Path, stop: threading.Event) -> None:
    """Listens until `stop` is set. Raises DeliveryError if Slack refuses, ConfigError without
    tokens."""
    if not loaded.settings.slack.interactive:
        raise ConfigError(
            "slack.app_token or slack.bot_token is empty, so nobody can be listened to",
            hint="set SLACK_APP_TOKEN and SLACK_BOT_TOKEN (see docs/slack-app.md)",
        )
    seconds = loaded.settings.worker.run_timeout.total_seconds()
    listener = Listener(loaded, runner(config, seconds))
    listener.start()
    stop.wait()
    listener.finish()


def run_listen(config: Path | None, log_format: str, *, is_child: bool) -> int:
    """Listens until SIGTERM or SIGINT, or, as a child, until its parent is gone. Exit code 0."""
    write_logs(log_format)
    path = config_path(config)
    loaded = steady_configuration(path, os.environ, datetime.now(UTC)).configuration
    slack = loaded.settings.slack
    hide(slack.app_token.get_secret_value(), slack.bot_token.get_secret_value())
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _signal, _frame: threading.Thread(target=stop.set).start())
    if is_child:
        threading.Thread(target=_until_orphaned, args=(os.getppid(), stop), daemon=True).start()
    listen(loaded, path, stop)
    logging.shutdown()
    sys.stdout.flush()
    os._exit(0)  # slack_sdk's threads would be waited for, for seconds


def _until_orphaned(parent: int, stop: threading.Event) -> None:
    """A parent that was killed could not say so."""
    while os.getppid() == parent and not stop.wait(1):
        pass
    stop.set()
