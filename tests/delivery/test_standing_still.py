"""A process that stood still (a suspended machine, SIGSTOP) writes nothing once it is overtaken."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import datetime, timedelta
from urllib.error import URLError

import pytest

from bot.delivery.dispatch import dispatch
from bot.delivery.errand import Terms
from bot.delivery.line import Line, NotSentError, posting, ticks
from bot.delivery.webhook import WebhookNotifier
from bot.errors import DeliveryError
from bot.messages.model import Message
from bot.store.outbox import Outbox
from bot.store.place import Aim
from tests.delivery.stage import NOW, Stage, alert, update
from tests.delivery.test_slack import outgoing

FIRST = "caps/a#first"
BRIEF = Terms(writing_seconds=0.3)
LATER = NOW + timedelta(minutes=2)


class StandingStill(Outbox):
    """The outbox of a process that stands still once it has claimed a message.

    Meanwhile another process, if there is one, delivers what waits and the `news`.
    """

    def __init__(self, stage: Stage, *news: Message, is_alone: bool = False) -> None:
        super().__init__(stage.database)
        self._stage, self._news, self._is_alone = stage, news, is_alone
        self.claims = 0

    def claim(self, key: str, attempts: int, now: datetime, aim: Aim | None = None) -> bool:
        is_ours = super().claim(key, attempts, now, aim)
        self.claims += 1
        if self.claims == 1:
            time.sleep(BRIEF.writing_seconds + 0.05)
            self._stage.decide(*self._news, now=LATER)
            if not self._is_alone:
                self._stage.deliver(now=LATER)
        return is_ours


def woken(stage: Stage, outbox: Outbox) -> None:
    dispatch(outbox, stage.bot(), NOW, BRIEF, stage.sleep, monotonic=lambda: 0.0)


def test_a_message_that_another_process_took_over_is_not_posted_again(stage: Stage) -> None:
    stage.decide(alert(FIRST))
    woken(stage, StandingStill(stage))
    assert stage.shown() == [FIRST]
    assert stage.states() == {"sent": 1}


def test_older_words_are_not_put_over_newer_ones(stage: Stage) -> None:
    stage.decide(alert(FIRST))
    stage.deliver()
    stage.decide(update("caps/a#update:1", FIRST, "older"))
    woken(stage, StandingStill(stage, update("caps/a#update:2", FIRST, "newest")))
    assert stage.said(FIRST).text == "newest"
    assert stage.states() == {"sent": 3}


def test_a_message_that_nobody_took_over_is_posted_after_all(stage: Stage) -> None:
    stage.decide(alert(FIRST))
    outbox = StandingStill(stage, is_alone=True)
    woken(stage, outbox)
    assert stage.shown() == [FIRST]
    assert outbox.claims == 2


def test_nothing_is_written_when_it_is_too_late(stage: Stage) -> None:
    line = Line()
    request = posting(f"{stage.slack.base_url}auth.test", b"", "application/json")
    with line.writing_until(ticks() - 1), pytest.raises(URLError) as caught:
        line.exchange(request)
    assert isinstance(caught.value.reason, NotSentError)
    assert stage.slack.requests == []
    assert line.exchange(request).status == 200


def test_a_webhook_is_not_written_to_when_it_is_too_late(stage: Stage) -> None:
    bot = WebhookNotifier(stage.slack.webhook_url)
    with pytest.raises(DeliveryError, match="stood still") as caught:
        bot.post(replace(outgoing(alert("a")), until=ticks() - 1))
    assert not caught.value.ambiguous
    assert stage.slack.messages == []
