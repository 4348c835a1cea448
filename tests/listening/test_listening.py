"""Buttons and `/budget`, over a real WebSocket to a stand-in of Slack."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from datetime import time as clock
from pathlib import Path
from typing import Any

import pytest

from bot.alerts.decide import Circumstances, after, verdict
from bot.alerts.life import Alert
from bot.changes import Changes
from bot.commands.planning import told_plan
from bot.config.load import Configuration, load_configuration
from bot.delivery.postman import SlackPostman
from bot.errors import ConfigError, DeliveryError, UsageError
from bot.listening.answers import runner
from bot.listening.listen import Listener, listen
from bot.listening.reply import ResponseUrls, said, shown
from bot.messages.compose_alert import Address, compose_alert
from bot.messages.controls import ACKNOWLEDGE, DASHBOARD, SNOOZE, WHY
from bot.store.alerts import AlertBook
from bot.store.database import open_lasting
from bot.store.outbox import Outbox
from tests.build import finding, project
from tests.delivery.stage import alert as other
from tests.fakes.blockkit import problems
from tests.fakes.slack_model import TEAM, Message
from tests.fakes.socket_mode import FakeSocketSlack

ADA, BOB = "U0ADA00001", "U0BOB00001"


def until(holds: Callable[[], object], seconds: float = 5) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.005)


@dataclass
class Place:
    """A bot that listens, and one alert it has told. `ran` are the commands it was asked for."""

    home: Path
    slack: FakeSocketSlack
    ran: list[tuple[str, ...]] = field(default_factory=list)
    listener: Listener | None = None
    key: str = ""

    def listen(self, settings: str = "") -> None:
        loaded = self.configured(settings)
        self.listener = Listener(loaded, self._run, ping=0.1)
        self.listener.start()
        until(lambda: self.slack.connections)

    def configured(self, settings: str = "", *, of: str = "test") -> Configuration:
        (self.home / "rules.yaml").write_text("rules: [{name: c, kind: cap, limit_usd: 1}]")
        (self.home / "config.yaml").write_text(
            "slack:\n  bot_token: ${SLACK_BOT_TOKEN:-}\n  app_token: ${SLACK_APP_TOKEN:-}\n"
            f'  base_url: "{self.slack.base_url}"\n  {settings}\nrules: rules.yaml\n'
        )
        environ = {"SLACK_BOT_TOKEN": "xoxb-test", "SLACK_APP_TOKEN": of and f"xapp-{of}"}
        return load_configuration(self.home / "config.yaml", environ)

    def tell(self, day_before: int = 0) -> None:
        """An alert about a day, in Slack."""
        loaded, now = self.configured(), datetime.now(UTC)
        day = now.date() - timedelta(days=day_before)
        one = finding(project(), day=day, step=100, headline="search is over its cap")
        first = verdict(one, None, Circumstances(now, day, steps=(100,)))
        alert = after(first, now)
        assert alert
        alert = replace(alert, place=first.key, channel="#llm-costs", finding=one)
        message = compose_alert(first, Address("#llm-costs", None, now, interactive=True))
        with closing(open_lasting(loaded.store_url)) as database:
            with database.writing() as connection:
                changes = Changes(now, interactive=True, alerts=[alert], messages=[message])
                changes.keep(connection, database)
            SlackPostman(database, loaded.settings.slack, now).deliver()
        self.key = alert.key

    def _run(self, words: Sequence[str]) -> str:
        self.ran.append(tuple(words))
        return f"what `bot {' '.join(words)}` prints"

    @property
    def message(self) -> Message:
        (message,) = self.slack.messages
        return message

    @property
    def alert(self) -> Alert:
        with closing(open_lasting(f"sqlite:///{self.home}/budget-bot.db")) as database:
            alert = AlertBook(database).one(self.key)
        assert alert
        return alert

    @property
    def buttons(self) -> list[str]:
        """What can be pressed, in order."""
        return [
            element["action_id"]
            for block in self.message.blocks
            if block["type"] == "actions"
            for element in block["elements"]
        ]

    def said(self, number: int = 1) -> str:
        """The newest of so many answers that only the asker sees."""
        until(lambda: len(self.slack.answers) >= number)
        assert len(self.slack.answers) == number
        answer = self.slack.answers[-1]
        assert (answer["response_type"], answer["replace_original"]) == ("ephemeral", False)
        return str(answer["text"])


@pytest.fixture(scope="module")
def closing_down() -> Iterator[list[threading.Thread]]:
    """Connections that end: slack_sdk takes a second or three over it, so all at once."""
    threads: list[threading.Thread] = []
    yield threads
    for thread in threads:
        thread.join()


@pytest.fixture
def place(tmp_path: Path, closing_down: list[threading.Thread]) -> Iterator[Place]:
    with FakeSocketSlack() as slack:
        slack.processing_calls = 0
        found = Place(tmp_path, slack)
        found.tell()
        yield found
        if found.listener:
            found.listener.finish()
            closing_down.append(threading.Thread(target=found.listener.close))
            closing_down[-1].start()


def test_a_press_of_acknowledge_is_seen_in_the_message_in_under_a_second(place: Place) -> None:
    place.listen()
    assert place.buttons == [ACKNOWLEDGE, SNOOZE, WHY, DASHBOARD]
    begun = time.monotonic()
    place.slack.press(place.message, ACKNOWLEDGE, user=ADA)
    until(lambda: place.message.edited)
    assert time.monotonic() - begun < 1
    assert place.alert.acked_by == "<@U0ADA00001>"
    assert {"type": "user", "user_id": ADA} in place.message.blocks[2]["elements"][0]["elements"]
    assert place.buttons == [SNOOZE, WHY, DASHBOARD]
    assert place.slack.answers == []


def test_a_press_does_not_wait_for_whatever_else_is_in_the_outbox(place: Place) -> None:
    place.tell()
    place.listen()
    message = place.message
    with closing(open_lasting(f"sqlite:///{place.home}/budget-bot.db")) as database:
        with database.writing() as connection:
            for number in range(40):
                Outbox(database).add(connection, other(f"other{number}"), datetime.now(UTC))
        place.slack.press(message, ACKNOWLEDGE)
        until(lambda: message.edited == 1, 1)
        place.slack.ask(f"snooze {place.key} 4h")
        until(lambda: message.edited == 2, 1)
        until(lambda: len(Outbox(database).waiting()) == 40)


def test_a_snooze_lasts_as_long_as_the_menu_says_and_tells_who_and_until_when(
    place: Place,
) -> None:
    place.listen()
    place.slack.press(place.message, f"{SNOOZE}=4h", user=BOB)
    until(lambda: place.message.edited)
    alert = place.alert
    assert alert.snoozed_until
    left = alert.snoozed_until - datetime.now(UTC)
    assert timedelta(hours=3, minutes=59) < left <= timedelta(hours=4)
    assert alert.snoozed_by == "<@U0BOB00001>"
    assert "Snoozed" in str(place.message.blocks)
    assert place.buttons == [ACKNOWLEDGE, SNOOZE, WHY, DASHBOARD]


def test_a_snooze_for_the_rest_of_the_period_ends_with_it(place: Place) -> None:
    place.listen()
    place.slack.press(place.message, f"{SNOOZE}=period")
    until(lambda: place.message.edited)
    assert place.alert.snoozed_until == datetime.combine(
        datetime.now(UTC).date() + timedelta(days=1), clock(), UTC
    )


def test_a_period_that_is_over_cannot_be_chosen(place: Place) -> None:
    place.tell(day_before=1)
    old = place.slack.messages[-1]
    (menu,) = [b["elements"][1] for b in old.blocks if b["type"] == "actions"]
    assert [option["value"] for option in menu["options"]] == ["1h", "4h", "24h"]


def test_the_same_press_twice_changes_the_message_once(place: Place) -> None:
    place.listen()
    message = replace(place.message)  # as it looks to somebody whose screen is late
    place.slack.press(message, f"{SNOOZE}=4h")
    place.slack.press(message, ACKNOWLEDGE)
    until(lambda: place.message.edited == 2)
    acked = place.alert
    place.slack.press(message, ACKNOWLEDGE, user=BOB)  # another press: an envelope of its own
    envelope = place.slack.press(message, ACKNOWLEDGE)
    place.slack.send("slash_commands", {}, envelope)
    place.slack.ask(f"ack {place.key}")
    place.said()
    assert place.alert == acked
    assert place.message.edited == 2


def test_why_shows_the_numbers_to_the_one_who_asked(place: Place) -> None:
    place.listen()
    place.slack.press(place.message, WHY)
    assert place.said() == f"what `bot explain -- {place.key}` prints"
    (block,) = place.slack.answers[0]["blocks"]
    assert block["elements"][0]["type"] == "rich_text_preformatted"
    assert not place.message.edited


def test_the_link_to_the_dashboard_is_heard_and_nothing_more(place: Place) -> None:
    place.listen()
    envelope = place.slack.press(place.message, DASHBOARD)
    until(lambda: envelope in place.slack.acks)
    place.slack.ask("help")
    assert place.said().startswith("/budget status")
    assert not place.message.edited


@pytest.mark.parametrize("may_answer", ["[U0ADA00001]", "[S0ONCALL01]"])
def test_only_those_named_may_answer(place: Place, may_answer: str) -> None:
    place.slack.group_members["S0ONCALL01"] = [ADA]
    place.listen(f"may_answer: {may_answer}")
    place.slack.press(place.message, ACKNOWLEDGE, user=BOB)
    assert place.said() == (
        "You may not answer alerts here. Who may is said by `slack.may_answer` in the bot's "
        "configuration."
    )
    assert place.alert.acked_at is None
    place.slack.press(place.message, ACKNOWLEDGE, user=ADA)
    until(lambda: place.alert.acked_at)


def test_budget_does_what_its_words_say(place: Place) -> None:
    place.listen()
    begin = place.key[:-6]
    place.slack.ask(f"ack {begin}")
    assert place.said(1) == "search is over its cap: acknowledged."
    place.slack.ask(f"snooze {begin} 4h")
    assert place.said(2).startswith("search is over its cap: snoozed until 20")
    place.slack.ask(f"snooze {begin} 0")
    assert place.said(3) == "search is over its cap: not snoozed any more."
    place.slack.ask("status")
    assert place.said(4) == "what `bot status` prints"
    place.slack.ask("check")
    assert place.said(5) == "what `bot check` prints"
    place.slack.ask(f"why {begin}")
    assert place.said(6) == f"what `bot explain -- {place.key}` prints"
    until(lambda: place.message.edited == 3)


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ("statsu", "there is no `/budget statsu`\n  did you mean `/budget status`?"),
        ("ack", "`/budget ack`: KEY is missing\n"),
        ("snooze k", "`/budget snooze`: a length of time such as 4h is missing\n"),
        ("check now", "`/budget check`: too many words\n"),
        ("snooze daily-cap long", "'long': a length of time is a number with a unit"),
        ("ack daily-cpa", "no alert 'daily-cpa' is firing"),
        ("ack &lt;!channel&gt;", "no alert '&lt;!channel&gt;' is firing"),
        ("", "/budget status"),
    ],
)
def test_words_that_mean_nothing_are_answered_with_the_way_out(
    place: Place, words: str, answer: str
) -> None:
    place.listen()
    place.slack.ask(words)
    assert place.said().startswith(answer)


def test_it_connects_again_when_slack_asks_and_when_the_line_breaks(place: Place) -> None:
    place.listen()
    place.slack.ask_to_reconnect()
    until(lambda: place.slack.connections == 2)
    place.slack.drop()
    until(lambda: place.slack.connections == 3)
    until(lambda: place.slack.is_connected)
    place.slack.press(place.message, ACKNOWLEDGE)
    until(lambda: place.alert.acked_at)


def hostile(slack: FakeSocketSlack, key: str) -> list[tuple[str, Any]]:
    press = slack.pressed({"action_id": ACKNOWLEDGE, "block_id": "b", "value": key})
    presses = [
        {name: value for name, value in press.items() if name != left_out} for left_out in press
    ]
    others: list[Any] = [None, 7, [], "x", {"a": 1}]
    presses += [{**press, name: wrong} for name in press for wrong in others]
    presses += [{**press, "actions": [wrong]} for wrong in (None, 7, {}, {"action_id": 7})]
    presses += [{**press, "team": {"id": "T0OTHER001"}}]
    bad = [one for one in presses if any(one.get(n) != press[n] for n in press if n[:3] != "res")]
    long = slack.pressed({"action_id": WHY, "block_id": "b", "value": "k" * 100_000})
    elsewhere = {"user_id": ADA, "team_id": TEAM, "text": 7, "response_url": "http://[::1"}
    others += [{}, {"type": "view_submission"}, long]
    return [
        *(("interactive", one) for one in (*bad, *others)),
        ("slash_commands", elsewhere),
        ("slash_commands", {**elsewhere, "text": "help"}),
        ("slash_commands", {**elsewhere, "text": "x" * 100_000}),
        ("events_api", press),
        ("x" * 1000, press),
    ]


def test_nothing_that_comes_from_outside_ends_it_or_acts_on_an_alert(place: Place) -> None:
    place.listen()
    sent = [place.slack.send(kind, what) for kind, what in hostile(place.slack, place.key)]
    for raw in ("", "{", "[]", '{"type": 7}', '"x"', "null"):
        place.slack.send_raw(raw)
    until(lambda: set(sent) <= set(place.slack.acks))
    assert place.alert.acked_at is None
    place.slack.press(place.message, ACKNOWLEDGE)
    until(lambda: place.alert.acked_at)
    assert place.slack.connections == 1


def test_an_envelope_is_acknowledged_although_the_database_is_locked(place: Place) -> None:
    place.listen()
    with closing(sqlite3.connect(place.home / "budget-bot.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        begun = time.monotonic()
        envelope = place.slack.press(place.message, ACKNOWLEDGE)
        until(lambda: envelope in place.slack.acks)
        assert place.slack.acks[envelope] - begun < 1
        assert not place.message.edited
        other.execute("ROLLBACK")
    until(lambda: place.message.edited)


def test_a_token_that_slack_refuses_is_said_at_once(place: Place) -> None:
    with pytest.raises(DeliveryError, match="Slack"):
        Listener(place.configured(of="wrong"), place._run).start()


@pytest.mark.parametrize(("of", "wanted"), [("test", True), ("", False)])
def test_the_worker_is_told_to_listen_where_there_is_a_token(
    place: Place, of: str, wanted: bool
) -> None:
    assert told_plan(place.configured(of=of), ())["interactive"] is wanted


def test_the_process_acts_on_a_press_and_leaves_at_once_when_told(place: Place) -> None:
    place.configured()
    source = str(Path(__file__).parents[2])
    tokens = {"SLACK_BOT_TOKEN": "xoxb-test", "SLACK_APP_TOKEN": "xapp-test"}
    process = subprocess.Popen(
        [sys.executable, "-m", "bot", "listen", "--log-format", "json", "--child"],
        cwd=place.home,
        env={**os.environ, **tokens, "PYTHONPATH": source},
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        until(lambda: place.slack.is_connected, seconds=20)
        place.slack.press(place.message, ACKNOWLEDGE)
        until(lambda: place.message.edited)
        begun = time.monotonic()
        process.send_signal(signal.SIGTERM)
        _, log = process.communicate(timeout=5)
    finally:
        process.kill()
        process.communicate()
    assert time.monotonic() - begun < 1
    assert process.returncode == 0
    assert '"message": "listening to Slack", "team": "T0FAKE0001"' in log
    assert "xapp-" not in log


def test_without_an_app_token_there_is_nothing_to_listen_to(place: Place) -> None:
    loaded = place.configured(of="")
    with pytest.raises(ConfigError, match=r"slack.app_token or slack.bot_token is empty"):
        listen(loaded, place.home / "config.yaml", threading.Event())


@pytest.mark.parametrize(
    "url", ["https://example.com/x", "https://hooks.slack.com.example.com/x", "http://[::1", ""]
)
def test_an_answer_goes_to_slack_and_nowhere_else(place: Place, url: str) -> None:
    with pytest.raises(DeliveryError, match="not Slack's"):
        ResponseUrls(place.slack.base_url, None)(url, said("x"))


def test_a_long_explanation_is_cut_at_a_line_and_says_how_much_is_left_out() -> None:
    body = shown("\n".join(f"line {n} {'x' * 90}" for n in range(100)))
    assert problems(body["blocks"]) == []
    text = body["blocks"][0]["elements"][0]["elements"][0]["text"]
    assert len(text) < 3_000
    assert text.endswith("\n… and 71 more lines")


def test_a_command_runs_with_the_same_configuration_and_says_what_went_wrong(
    place: Place,
) -> None:
    place.configured()
    run = runner(place.home / "config.yaml", 60)
    assert "firing: 1" in run(("status",))
    with pytest.raises(UsageError, match="took longer than 0 s"):
        runner(place.home / "config.yaml", 0.01)(("status",))
