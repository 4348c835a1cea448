"""Every message is told once, whatever goes wrong between the bot and Slack."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from bot.delivery.base import Outgoing, Receipt, Unknown
from bot.delivery.console import ConsoleNotifier
from bot.errors import DeliveryError
from tests.delivery.stage import COSTS, NOW, TIMEOUT, Stage, alert, chart, digest
from tests.fakes import Channel, Fault, eight_faults

POST = "/api/chat.postMessage"
LATER = NOW + timedelta(hours=1)
HISTORY = {"channels:history", "groups:history"}
ONE_OF_EACH = eight_faults(POST, hold=TIMEOUT * 3)


def named(faults: tuple[Fault, ...]) -> list[str]:
    return [fault.kind if fault.kind != "status" else str(fault.code) for fault in faults]


class Crash(BaseException):
    """The process dies here."""


class Dying:
    """A bot whose process dies once it has posted, or just before."""

    def __init__(self, stage: Stage, *, posts: bool) -> None:
        self._bot = stage.bot()
        self._posts = posts

    def prepare(self, outgoing: Outgoing) -> Outgoing:
        return self._bot.prepare(outgoing)

    def post(self, outgoing: Outgoing) -> Receipt:
        if self._posts:
            self._bot.post(outgoing)
        raise Crash

    def update(self, outgoing: Outgoing, ts: str) -> Receipt:
        if self._posts:
            self._bot.update(outgoing, ts)
        raise Crash

    def find(self, outgoing: Outgoing, since: datetime) -> Receipt | Unknown | None:
        return self._bot.find(outgoing, since)


def test_what_waits_is_posted_with_its_key_and_marked(stage: Stage) -> None:
    stage.decide(alert("a"), digest("b"))
    assert stage.deliver().sent == ("a", "b")
    assert stage.shown() == ["a", "b"]
    first = stage.slack.messages[0]
    assert first.metadata == {"event_type": "budget_bot_message", "event_payload": {"key": "a"}}
    assert first.text == "search passed its daily cap"
    assert stage.states() == {"sent": 2}
    assert stage.slept == []


def test_a_second_run_has_nothing_to_say(stage: Stage) -> None:
    stage.decide(alert("a"))
    stage.deliver()
    assert stage.deliver(now=LATER).sent == ()
    assert stage.shown() == ["a"]


@pytest.mark.parametrize("fault", ONE_OF_EACH, ids=named(ONE_OF_EACH))
def test_one_fault_costs_a_wait_and_never_a_message(stage: Stage, fault: Fault) -> None:
    stage.slack.faults.add(fault)
    stage.decide(alert("a", "#llm-costs", chart()))
    delivered = stage.deliver()
    assert (delivered.sent, delivered.failed) == (("a",), ())
    assert stage.shown() == ["a"]
    assert stage.states() == {"sent": 1}


@pytest.mark.parametrize("fault", eight_faults(hold=TIMEOUT * 3), ids=named(ONE_OF_EACH))
def test_a_fault_in_any_call_costs_no_message(stage: Stage, fault: Fault) -> None:
    """The fault hits each request in turn: upload, polls, post, and the look-up after it."""
    for hit in range(6):
        stage.slack.faults.clear()
        again = Fault(
            fault.kind,
            after=hit,
            seconds=fault.seconds,
            status=fault.status,
            headers=fault.headers,
        )
        stage.slack.faults.add(again)
        key = f"a{hit}"
        stage.decide(alert(key, COSTS, chart()))
        assert stage.deliver().sent == (key,)
        assert stage.shown() == [f"a{n}" for n in range(hit + 1)]


@pytest.mark.parametrize("second", ["drop_after", "status", "drop_before"])
@pytest.mark.parametrize("first", ["drop_after", "reset", "html"])
def test_three_faults_in_a_row_end_with_one_message_after_the_next_run(
    stage: Stage, first: str, second: str
) -> None:
    kinds = {fault.kind: fault for fault in ONE_OF_EACH}
    for n, third in enumerate(("truncate", "status", "drop_before")):
        stage.slack.faults.add(*(kinds[kind] for kind in (first, second, third)))  # type: ignore[index]  # plain strings
        stage.decide(alert(str(n)))
        stage.deliver()
        stage.slack.faults.clear()
        stage.deliver(now=LATER)
        assert stage.shown() == [str(one) for one in range(n + 1)]
    assert stage.states() == {"sent": 3}


def test_a_post_whose_answer_is_lost_is_found_and_not_repeated(stage: Stage) -> None:
    stage.slack.faults.add(Fault("drop_after", POST))
    stage.decide(alert("a"))
    assert stage.deliver().sent == ("a",)
    assert len(stage.slack.calls("chat.postMessage")) == 1
    assert stage.slept == [2.0]


def test_a_rate_limit_is_waited_out_as_long_as_slack_asks(stage: Stage) -> None:
    slow = Fault("status", POST, status=429, headers={"Retry-After": "7"})
    slower = Fault("status", POST, status=429, headers={"Retry-After": "120"})
    stage.slack.faults.add(slow, slower)
    stage.decide(alert("a"))
    assert stage.deliver().sent == ("a",)
    assert stage.slept == [7.0, 120.0]


def test_a_rate_limit_longer_than_a_run_is_left_to_the_next(stage: Stage) -> None:
    stage.slack.faults.add(Fault("status", POST, status=429, headers={"Retry-After": "900"}))
    stage.decide(alert("a"))
    ((key, error),) = stage.deliver().failed
    assert (key, error.message) == ("a", "Slack asks the bot to slow down (rate limit)")
    assert (stage.slept, stage.states()) == ([], {"pending": 1})
    assert stage.deliver(now=LATER).sent == ("a",)


def test_while_slack_is_away_everything_waits_and_nothing_is_in_doubt(stage: Stage) -> None:
    stage.decide(alert("a"), alert("b"))
    bot = stage.bot()
    stage.slack.stop()
    delivered = stage.deliver(bot)
    assert [key for key, _ in delivered.failed] == ["a", "b"]
    assert delivered.failed[0][1].message == "Slack cannot be reached (connection refused)"
    assert stage.states() == {"pending": 2}
    assert stage.slept == [2.0, 2.0]  # three tries for the first, one for the other
    stage.slack.start()
    assert stage.deliver(now=LATER).sent == ("a", "b")


def test_what_cannot_be_looked_up_now_stays_in_doubt_and_is_not_repeated(stage: Stage) -> None:
    stage.slack.faults.add(Fault("drop_after", POST))
    stage.slack.faults.add(Fault("status", "/api/conversations.history", times=None))
    stage.decide(alert("a", COSTS))
    ((_, error),) = stage.deliver().failed
    assert error.ambiguous
    assert stage.states() == {"sending": 1}
    assert len(stage.slack.calls("chat.postMessage")) == 1
    stage.slack.faults.clear()
    assert stage.deliver(now=LATER).sent == ("a",)
    assert stage.shown() == ["a"]


# --- crashes


@pytest.mark.parametrize("make", [alert, digest])
def test_a_crash_after_the_post_is_mended_by_looking_it_up(
    stage: Stage, make: type[object]
) -> None:
    stage.decide(make("a", "#llm-costs"))  # type: ignore[call-arg,arg-type]  # either function
    with pytest.raises(Crash):
        stage.deliver(Dying(stage, posts=True))
    assert stage.states() == {"sending": 1}
    assert stage.deliver(now=LATER).sent == ("a",)
    assert stage.shown() == ["a"]
    assert len(stage.slack.calls("chat.postMessage")) == 1


def test_a_crash_before_the_post_is_mended_by_posting(stage: Stage) -> None:
    stage.decide(alert("a"))
    with pytest.raises(Crash):
        stage.deliver(Dying(stage, posts=False))
    assert stage.deliver(now=LATER).sent == ("a",)
    assert stage.shown() == ["a"]
    assert stage.slept == []


def test_right_after_a_crash_others_get_time_to_finish_before_it_is_posted_again(
    stage: Stage,
) -> None:
    stage.decide(alert("a"))
    with pytest.raises(Crash):
        stage.deliver(Dying(stage, posts=False))
    assert stage.deliver(now=NOW + timedelta(seconds=20)).sent == ("a",)
    assert sum(stage.slept) == pytest.approx(40, abs=1)
    assert max(stage.slept) == 5  # and looked again after each


def test_a_message_in_another_process_is_left_to_it(stage: Stage) -> None:
    """The other one posts and marks it while this one waits for it."""
    stage.decide(alert("a"))
    other = stage.outbox
    (entry,) = other.waiting()
    other.claim("a", entry.attempts, NOW)

    class Finished(list[float]):
        def append(self, seconds: float) -> None:
            super().append(seconds)
            if len(self) == 6:  # half of the minute it may take
                other.mark_sent("a", NOW, COSTS, "1.0")

    stage.slept = Finished()
    delivered = stage.deliver()
    assert (delivered.sent, delivered.failed, stage.shown()) == ((), (), [])
    assert stage.states() == {"sent": 1}


# --- nobody can look


@pytest.fixture
def blind(stage: Stage) -> Stage:
    stage.slack.scopes -= HISTORY
    stage.slack.faults.add(Fault("drop_after", POST))
    return stage


def test_an_alert_nobody_can_look_up_is_repeated_and_says_so(blind: Stage) -> None:
    blind.decide(alert("a"))
    assert blind.deliver().sent == ("a",)
    assert [message.text for message in blind.slack.messages] == [
        "search passed its daily cap",
        "search passed its daily cap (possibly repeated)",
    ]
    last = blind.slack.messages[-1].blocks[-1]
    assert last["elements"][0]["text"] == "(possibly repeated)"


def test_a_digest_nobody_can_look_up_is_not_repeated_and_reported_once(blind: Stage) -> None:
    blind.decide(digest("d"), alert("x"))
    delivered = blind.deliver()
    ((key, error),) = delivered.failed
    assert (key, delivered.sent) == ("d", ("x",))
    assert error.message == (
        "no answer came to a digest, and it cannot be looked up "
        "(the bot's token lacks channels:history (missing_scope))"
    )
    assert blind.states() == {"sent": 2}
    assert blind.deliver(now=LATER).failed == ()
    assert blind.shown() == ["d", "x"]


def test_the_channel_of_an_earlier_message_is_enough_to_look_one_up(stage: Stage) -> None:
    stage.slack.scopes -= {"channels:read", "groups:read"}
    stage.decide(alert("a"))
    stage.deliver()
    stage.decide(alert("b"))
    with pytest.raises(Crash):
        stage.deliver(Dying(stage, posts=True))
    assert stage.deliver(now=LATER).sent == ("b",)
    assert stage.shown() == ["a", "b"]


# --- refusals


def test_one_refused_message_stops_no_other_and_stays(stage: Stage) -> None:
    stage.slack.channels.append(Channel("C0OLD00001", "old", is_archived=True))
    stage.decide(alert("a", "#old"), alert("b"), alert("c", "#nowhere"))
    delivered = stage.deliver()
    assert delivered.sent == ("b",)
    assert [(key, error.message) for key, error in delivered.failed] == [
        ("a", "#old is archived (is_archived)"),
        (
            "c",
            "Slack does not know #nowhere, or it is private and the bot is not in it "
            "(channel_not_found)",
        ),
    ]
    assert stage.states() == {"pending": 2, "sent": 1}
    assert stage.slept == []
    stage.slack.channels[-1].is_archived = False
    assert stage.deliver(now=LATER).sent == ("a",)


class Buggy(ConsoleNotifier):
    def post(self, outgoing: Outgoing) -> Receipt:
        if outgoing.key == "a":
            raise KeyError("oops")
        return super().post(outgoing)


def test_a_bug_with_one_message_silences_no_other(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    stage.decide(alert("a"), alert("b"))
    delivered = stage.deliver(Buggy())
    assert delivered.sent == ("b",)
    assert delivered.failed[0][1].message == "a bug in the bot stopped a message (KeyError)"
    assert stage.states() == {"sending": 1, "sent": 1}
    assert "a bug stopped the message 'a'" in caplog.text


class Unlucky(ConsoleNotifier):
    """Says it does not know, then that it certainly did not."""

    def __init__(self) -> None:
        super().__init__()
        self.troubles: Iterator[DeliveryError] = iter(
            [DeliveryError("lost", ambiguous=True), DeliveryError("no", permanent=True)]
        )

    def post(self, _outgoing: Outgoing) -> Receipt:
        raise next(self.troubles)


def test_a_doubt_outlives_a_later_refusal(stage: Stage) -> None:
    """The first post may still arrive: the next run looks before it sends."""
    stage.decide(alert("a"))
    ((_, error),) = stage.deliver(Unlucky()).failed
    assert error.message == "no"
    assert stage.states() == {"sending": 1}


def test_in_a_dry_run_messages_are_kept_and_not_sent(stage: Stage) -> None:
    stage.decide(alert("a", "#llm-costs", chart()))
    console = ConsoleNotifier()
    assert stage.deliver(console).sent == ("a",)
    (message,) = console.messages
    assert (message.key, message.channel, message.charts) == ("a", "#llm-costs", (chart(),))
    assert stage.slack.requests == []
