"""What answers in place of Slack may say anything: no crash, no endless search, no second post."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.delivery.line import Line, posting
from bot.delivery.slack import SlackNotifier
from bot.delivery.slack_account import SlackAccount
from bot.delivery.slack_api import MOST_PAGES
from bot.delivery.webhook import WebhookNotifier
from bot.errors import DeliveryError
from bot.messages.placeholders import mention
from tests.delivery.stage import Stage, alert, chart
from tests.delivery.test_slack import outgoing
from tests.fakes import Fault
from tests.fakes.http import FakeServer, Reply, Request
from tests.sources.test_hostile_answers import ENDLESS, dripping_proxy

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
FORM = "application/x-www-form-urlencoded"


class Impostor(FakeServer):
    """Answers everything with the same body."""

    expected_token = "xoxb-test"
    body = b""

    def reply_to(self, _request: Request, _token: str | None) -> Reply:
        return Reply(200, self.body)

    def error_body(self, status: int) -> bytes:
        raise NotImplementedError


@pytest.fixture(scope="module")
def impostor() -> Iterator[Impostor]:
    with Impostor() as server:
        yield server


def calls(url: str) -> Mapping[str, Callable[[], object]]:
    """Everything the bot asks of Slack."""
    bot = SlackNotifier("xoxb-test", url, timeout=5, sleep=lambda _: None)
    account = SlackAccount("xoxb-test", url, Line(None, 5))
    one = outgoing(alert("a"))
    there = replace(one, channel_id="C0123456789")
    section = {"type": "rich_text_section", "elements": [mention("@a"), mention("a@b.example")]}
    return {
        "post": lambda: bot.post(one),
        "update": lambda: bot.update(there, "1.1"),
        "find": lambda: bot.find(one, NOW),
        "find in a thread": lambda: bot.find(replace(there, thread_ts="1.1"), NOW),
        "charts": lambda: bot.prepare(replace(one, charts=(chart(),))),
        "people": lambda: bot.prepare(
            replace(one, blocks=({"type": "rich_text", "elements": [section]},))
        ),
        "who": account.who,
        "channel": lambda: account.channel("C0123456789"),
        "channels": lambda: list(account.all_channels("public_channel")),
        "socket": lambda: account.open_connection("xapp-test"),
        "members": lambda: account.members("S0123456"),
        "webhook": lambda: WebhookNotifier(f"{url}hook", timeout=5).post(one),
    }


_FIELDS = ("channel", "ts", "user", "members", "channels", "messages", "files", "upload_url")
_ODD: tuple[Any, ...] = (None, 7, "x", [7], [{}], {"next_cursor": 7}, [{"metadata": "x"}], "\ud800")
_KEY = {"event_type": "budget_bot_message", "event_payload": {"key": "a"}}


def _with(name: str, value: Any) -> bytes:
    sound = {"ok": True, "channel": "C01", "ts": "1.1"}
    return json.dumps({**sound, name: value}).encode()


BODIES = (
    *(b"", b"null", b"7", b"[]", b"\xff\xfe", b'{"ok":true}', b'{"ok":false,"error":{}}'),
    *(b"[" * 100_000, b'{"a":' * 50_000, b'{"ok":true,"ts":' + b"9" * 5_000 + b"}"),
    *(_with(name, value) for name in _FIELDS for value in _ODD),
    *(_with("response_metadata", value) for value in _ODD),
    *(json.dumps({"ok": False, "error": "invalid_blocks", "errors": o}).encode() for o in _ODD),
    _with("messages", [{"metadata": _KEY}]),
    _with("messages", [{"metadata": {**_KEY, "event_payload": 7}}]),
)


def refusal(call: Callable[[], object]) -> DeliveryError | None:
    try:
        call()
    except DeliveryError as error:
        return error
    return None


@pytest.mark.parametrize("name", list(calls("http://127.0.0.1/")))
def test_whatever_json_comes_is_taken_or_refused_in_words(impostor: Impostor, name: str) -> None:
    for body in BODIES:
        impostor.body = body
        error = refusal(calls(f"{impostor.url}/api/")[name])
        assert error is None or "\n" not in error.message
        assert "xoxb-test" not in str(error)


@pytest.mark.parametrize("body", [b'{"ok":true}', b'{"ok":true,"messages":{}}', b"<html>", b"{}"])
def test_a_history_that_is_none_does_not_say_that_nothing_was_posted(
    impostor: Impostor, body: bytes
) -> None:
    impostor.body = body
    bot = SlackNotifier("xoxb-test", f"{impostor.url}/api/")
    with pytest.raises(DeliveryError):
        bot.find(replace(outgoing(alert("a")), channel_id="C0123456789"), NOW)


@pytest.mark.parametrize("cursor", ["same", None], ids=["one cursor", "new cursors"])
def test_a_history_without_an_end_is_not_read_for_ever(cursor: str | None) -> None:
    class Endless(Impostor):
        def reply_to(self, _request: Request, _token: str | None) -> Reply:
            following = cursor or f"cursor {len(self.requests)}"
            content = {"ok": True, "messages": [], "response_metadata": {"next_cursor": following}}
            return Reply(200, json.dumps(content).encode())

    with Endless() as server:
        bot = SlackNotifier("xoxb-test", f"{server.url}/api/")
        with pytest.raises(DeliveryError, match="Slack's list does not end"):
            bot.find(replace(outgoing(alert("a")), channel_id="C0123456789"), NOW)
        assert len(server.requests) == (2 if cursor else MOST_PAGES)


@pytest.mark.parametrize(("start", "tail"), ENDLESS.values(), ids=ENDLESS.keys())
def test_an_endless_answer_ends_in_time(stage: Stage, start: bytes, tail: bytes) -> None:
    stage.slack.faults.add(Fault("wire", body=start, tail=tail, seconds=0.002))
    begun = time.monotonic()
    with pytest.raises(DeliveryError) as caught:
        stage.bot().post(outgoing(alert("a")))
    assert time.monotonic() - begun < 2
    assert caught.value.ambiguous
    assert stage.slack.requests[-1].fault == "wire"


def test_a_proxy_that_drips_its_answer_ends_in_time() -> None:
    with dripping_proxy(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n") as proxy:
        begun = time.monotonic()
        with pytest.raises(TimeoutError, match="the exchange takes too long"):
            Line(proxy, 0.3).exchange(posting("https://slack.example/api/", b"", FORM))
        assert time.monotonic() - begun < 2


def test_a_proxy_sees_no_token_and_nothing_of_the_environment_goes_round_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(name, "*")
    with Impostor() as proxy:
        address = proxy.url.replace("http://", "http://user:p%40w@")
        bot = SlackNotifier("xoxb-test", "https://slack.example/api/", proxy=address)
        with pytest.raises(DeliveryError, match=r"no answer from Slack \(TLS failed\)"):
            bot.post(outgoing(alert("a")))
        (request,) = proxy.requests
    assert (request.method, request.authorization) == ("CONNECT", "missing")
    assert request.headers["proxy-authorization"] == "Basic dXNlcjpwQHc="


def test_a_proxy_is_not_used_in_the_clear(stage: Stage) -> None:
    bot = SlackNotifier("xoxb-test", stage.slack.base_url, proxy="http://127.0.0.1:9")
    assert bot.post(outgoing(alert("a"))).ts


@pytest.mark.parametrize(
    "url",
    [
        "https://169.254.169.254/api/",
        "https://[fd00:ec2::254]/api/",
        "https://2852039166/api/",
        "https://slack.com@evil.example/api/",
        "https://①⑥⑨.254.169.254/api/",
    ],
)
def test_no_token_goes_to_an_address_that_hands_out_secrets_or_misleads(url: str) -> None:
    with pytest.raises(DeliveryError, match=r"slack\.base_url"):
        SlackNotifier("xoxb-test", url).post(outgoing(alert("a")))
