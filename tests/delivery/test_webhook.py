"""An incoming webhook tells the words, and never its own address."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from bot.config.settings import SlackSettings
from bot.delivery.postman import SlackPostman
from bot.delivery.webhook import WebhookNotifier
from bot.errors import DeliveryError
from tests.delivery.stage import NOW, TIMEOUT, Stage, alert, chart, digest
from tests.fakes import Fault

HOOK = "/services/*"


def hook(stage: Stage) -> WebhookNotifier:
    return WebhookNotifier(stage.slack.webhook_url, timeout=TIMEOUT)


def test_a_webhook_tells_the_message_without_its_charts(stage: Stage) -> None:
    stage.decide(alert("a", "#llm-costs", chart()))
    delivered = stage.deliver(hook(stage))
    assert delivered.sent == ("a",)
    assert delivered.notes == (("a", "told without its charts: a webhook takes no pictures"),)
    (message,) = stage.slack.messages
    assert message.text == "search passed its daily cap"
    assert [block["type"] for block in message.blocks] == ["header", "rich_text", "context"]


@pytest.mark.parametrize("kind", ["drop_after", "reset", "truncate", "timeout"])
def test_after_a_lost_answer_an_alert_is_repeated_with_a_remark(stage: Stage, kind: str) -> None:
    stage.slack.faults.add(Fault(kind, HOOK, seconds=TIMEOUT * 3))  # type: ignore[arg-type]  # of the list above
    stage.decide(alert("a"))
    assert stage.deliver(hook(stage)).sent == ("a",)
    assert [message.text for message in stage.slack.messages] == [
        "search passed its daily cap",
        "search passed its daily cap (possibly repeated)",
    ]


def test_after_a_lost_answer_a_digest_is_not_repeated(stage: Stage) -> None:
    stage.slack.faults.add(Fault("drop_after", HOOK))
    stage.decide(digest("d"))
    ((_, error),) = stage.deliver(hook(stage)).failed
    assert "a webhook cannot read what it posted" in error.message
    stage.deliver(hook(stage), now=NOW)
    assert len(stage.slack.messages) == 1


def test_a_rate_limit_is_waited_out(stage: Stage) -> None:
    stage.slack.faults.add(Fault("status", HOOK, status=429, headers={"Retry-After": "3"}))
    stage.decide(digest("d"))
    assert stage.deliver(hook(stage)).sent == ("d",)
    assert stage.slept == [3.0]


def test_a_removed_webhook_is_explained_and_its_address_kept_secret(stage: Stage) -> None:
    address = stage.slack.webhook_url
    stage.slack.webhook_secret = "another"
    stage.decide(alert("a"))
    ((_, error),) = stage.deliver(WebhookNotifier(address)).failed
    assert error.message == "the incoming webhook was removed or never existed (no_service)"
    assert "services" not in str(error)
    assert "hook0secret" not in str(error)
    assert stage.states() == {"pending": 1}


@pytest.mark.parametrize(
    "address", ["http://hooks.example/hook0secret", "hook0secret", "", "ftp:x"]
)
def test_an_address_that_is_none_is_refused_without_naming_it(stage: Stage, address: str) -> None:
    stage.decide(alert("a"))
    ((_, error),) = stage.deliver(WebhookNotifier(address, timeout=TIMEOUT)).failed
    assert isinstance(error, DeliveryError)
    assert "hook0secret" not in str(error)
    assert error.permanent


def test_a_webhook_is_reached_by_way_of_the_proxy(stage: Stage) -> None:
    settings = SlackSettings(
        webhook_url=SecretStr("https://hooks.example/hook0secret"), proxy=stage.slack.url
    )
    stage.decide(alert("a"))
    stage.deliver(
        SlackPostman(stage.database, settings, NOW)._notifier()
    )  # with a clock of its own
    assert {request.method for request in stage.slack.requests} == {"CONNECT"}
