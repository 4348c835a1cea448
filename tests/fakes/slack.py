"""Slack's Web API for tests: messages, threads, metadata, files, and an incoming webhook.

    with FakeSlack() as slack:
        client = WebClient(slack.bot_token, base_url=slack.base_url, retry_handlers=[])
        client.chat_postMessage(channel="#llm-costs", text="Hello")
        slack.messages[0].text

Facts: https://docs.slack.dev/reference/methods. See `Workspace` for state and switches.
"""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from math import ceil
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from tests.fakes import slack_chat, slack_content, slack_conversations, slack_files
from tests.fakes.http import FakeServer, Reply, Request
from tests.fakes.slack_model import (
    ALL_SCOPES,
    BOT_USER,
    HOOK,
    Arguments,
    Channel,
    Message,
    Person,
    SlackError,
    UserGroup,
    Workspace,
)

LLM_COSTS = Channel("C0COSTS001", "llm-costs")
FORM_ONLY = {"files.info", "files.getUploadURLExternal"}  # a JSON body is not read there


class Call(NamedTuple):
    """One call the API acted on: its arguments as decoded, and what it answered."""

    method: str
    args: dict[str, Any]
    answer: dict[str, Any]


class Method(NamedTuple):
    """One method: the scope its token needs, and what it does."""

    scope: str | None
    run: Callable[[Workspace, Arguments], dict[str, Any]]


@dataclass(slots=True)
class RateLimit:
    """At most `calls` in any `seconds`."""

    calls: int
    seconds: float
    times: list[float] = field(default_factory=list)

    def wait(self, now: float) -> int:
        """Whole seconds to wait before a call may be made now; 0 and counted if it may."""
        self.times = [time for time in self.times if time > now - self.seconds]
        if len(self.times) >= self.calls:
            return max(1, ceil(self.times[0] + self.seconds - now))
        self.times.append(now)
        return 0


class FakeSlack(FakeServer, Workspace):
    """A workspace with one app. `base_url` and `bot_token` configure a client."""

    def __init__(
        self,
        bot_token: str = "xoxb-test",  # noqa: S107 - made up, opens nothing
        scopes: Iterable[str] = ALL_SCOPES,
        channels: Iterable[Channel] | None = None,
        people: Iterable[Person] = (),
        usergroups: Iterable[UserGroup] = (),
        *,
        now: datetime | None = None,
        port: int = 0,
    ) -> None:
        FakeServer.__init__(self, port=port, now=now)
        places = [_copy(LLM_COSTS)] if channels is None else channels
        Workspace.__init__(self, self.instant, places, people, usergroups, scopes)
        self.bot_token = bot_token
        self.webhook_secret = "hook0secret"
        self.webhook_channel: str | None = None  # the first channel's id if None
        self._calls: list[Call] = []
        self._limits: dict[str, RateLimit] = {}
        self._turn = threading.Lock()
        self._methods = METHODS | {
            "files.getUploadURLExternal": Method(
                "files:write", slack_files.get_upload_url(self._upload_url)
            )
        }

    @property
    def base_url(self) -> str:
        """For `WebClient(base_url=...)`: `http://127.0.0.1:<port>/api/`."""
        return f"{self.url}/api/"

    @property
    def webhook_url(self) -> str:
        """The incoming webhook."""
        return f"{self.url}/services/T0FAKE0001/{HOOK}/{self.webhook_secret}"

    @property
    def expected_token(self) -> str:
        return self.bot_token

    def calls(self, method: str) -> list[Call]:
        """Calls of a method that were acted on, in order."""
        return [call for call in self._calls if call.method == method]

    def rate_limit(self, method: str, calls: int, seconds: float) -> None:
        """Allow a method (`webhook` for the webhook) so many calls in any so many seconds."""
        self._limits[method] = RateLimit(calls, seconds)

    def headers(self) -> dict[str, str]:
        return {"x-slack-req-id": uuid.uuid4().hex}

    def error_body(self, status: int) -> bytes:
        code = {429: "ratelimited", 503: "service_unavailable"}.get(status, "internal_error")
        return json.dumps({"ok": False, "error": code}).encode()

    def reply_to(self, request: Request, token: str | None) -> Reply:
        with self._turn:
            if request.path.startswith("/api/"):
                return self._api(request, request.path.removeprefix("/api/"), token)
            if request.path.startswith("/upload/v1/"):
                file_id = request.path.rpartition("/")[2]
                status, text = slack_files.receive(self, file_id, request.body)
                return _plain(status, text)
            if request.path.startswith("/services/"):
                return self._webhook(request)
        return _plain(404, "Not Found")

    def _api(self, request: Request, method: str, token: str | None) -> Reply:
        if wait := self._wait(method):
            headers = {"Retry-After": str(wait)}
            return Reply(429, self.error_body(429), headers=headers)
        try:
            args = _arguments(request, method)
        except ValueError:
            return self._answer(Call(method, {}, {"ok": False, "error": "invalid_json"}))
        try:
            answer = {"ok": True} | self._run(method, Arguments(args), token)
        except SlackError as error:
            answer = error.body
        return self._answer(Call(method, args, answer))

    def _run(self, name: str, args: Arguments, token: str | None) -> dict[str, Any]:
        if self.token_error or token != self.bot_token:
            refusal = self.token_error or "invalid_auth"
            raise SlackError("not_authed" if token is None else refusal)
        if name not in self._methods:
            raise SlackError("unknown_method", req_method=name)
        method = self._methods[name]
        if method.scope:
            self.need(method.scope)
        return method.run(self, args)

    def _answer(self, call: Call) -> Reply:
        self._calls.append(call)
        headers = {"x-oauth-scopes": ",".join(sorted(self.scopes))}
        if call.method in self._methods and (scope := self._methods[call.method].scope):
            headers["x-accepted-oauth-scopes"] = scope
        body = json.dumps(call.answer).encode()
        return Reply(200, body, "application/json; charset=utf-8", headers)

    def _wait(self, name: str) -> int:
        limit = self._limits.get(name)
        return limit.wait(self.instant().timestamp()) if limit else 0

    def _upload_url(self, file_id: str) -> str:
        return f"{self.url}/upload/v1/{uuid.uuid4().hex}/{file_id}"

    def _webhook(self, request: Request) -> Reply:
        """An incoming webhook: answers in plain text, keeps no metadata, shows no files."""
        if wait := self._wait("webhook"):
            return Reply(429, b"rate_limited", "text/plain", {"Retry-After": str(wait)})
        if self.webhook_url != f"{self.url}{request.path}":
            return _plain(404, "no_service")
        try:
            args = Arguments(_arguments(request, "webhook"))
            channel = self.channel(self.webhook_channel or self.channels[0].id)
            if channel.is_archived:
                return _plain(410, "channel_is_archived")
            self._post_by_webhook(channel, args)
        except ValueError:
            return _plain(400, "invalid_payload")
        except SlackError as error:
            return _plain(404 if error.code == "channel_not_found" else 400, error.code)
        return _plain(200, "ok")

    def _post_by_webhook(self, channel: Channel, args: Arguments) -> None:
        blocks, attachments = slack_content.content(self, args)
        if "slack_file" in json.dumps([blocks, attachments]):
            raise SlackError("invalid_blocks")
        text, ts = args.text("text"), self.new_ts()
        self.post(Message(channel.id, ts, text, blocks, attachments, user=BOT_USER, bot_id=HOOK))


METHODS = {
    "auth.test": Method(None, slack_chat.auth_test),
    "chat.postMessage": Method("chat:write", slack_chat.post_message),
    "chat.update": Method("chat:write", slack_chat.update),
    "chat.getPermalink": Method(None, slack_chat.permalink),
    "conversations.history": Method(None, slack_conversations.history),
    "conversations.replies": Method(None, slack_conversations.replies),
    "conversations.list": Method(None, slack_conversations.list_channels),
    "conversations.info": Method(None, slack_conversations.info),
    "users.lookupByEmail": Method("users:read.email", slack_conversations.lookup_by_email),
    "users.list": Method("users:read", slack_conversations.list_users),
    "usergroups.list": Method("usergroups:read", slack_conversations.list_usergroups),
    "files.completeUploadExternal": Method("files:write", slack_files.complete_upload),
    "files.info": Method("files:read", slack_files.info),
}


def _arguments(request: Request, method: str) -> dict[str, Any]:
    """Query, form and JSON arguments together. Raises ValueError for a body that is no JSON."""
    args: dict[str, Any] = dict(request.query)
    kind = request.headers.get("content-type", "").partition(";")[0]
    if kind == "application/x-www-form-urlencoded":
        args |= parse_qsl(request.body.decode(), keep_blank_values=True)
        if method == "webhook" and "payload" in args:
            args = json.loads(args["payload"])
    elif kind == "application/json" and method not in FORM_ONLY:
        sent = json.loads(request.body or b"{}")  # slack_sdk: no arguments, no body
        if not isinstance(sent, dict):
            raise ValueError("not an object")
        args |= sent
    return args


def _plain(status: int, text: str) -> Reply:
    return Reply(status, text.encode(), "text/plain; charset=utf-8")


def _copy(channel: Channel) -> Channel:
    return Channel(channel.id, channel.name)
