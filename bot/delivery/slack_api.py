"""The calls of Slack's Web API that the bot makes; the only module that knows slack_sdk.

slack_sdk by itself sends a post again when a connection breaks (`retry_handlers`), and so tells
things twice: here it repeats nothing. Its own log is switched off, as it quotes whole bodies.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from http.client import HTTPException
from typing import Any
from urllib.request import Request

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web import SlackResponse

from bot.delivery.base import Json, Outgoing, Receipt
from bot.delivery.line import Line
from bot.delivery.shapes import a_list, an_object, next_cursor, not_slack, objects, words
from bot.delivery.slack_errors import answered, in_doubt, unanswered

EVENT_TYPE = "budget_bot_message"
"""The metadata's type. Slack drops metadata whose type holds anything but letters, digits, _, -."""

PAGE = 200
"""Messages in a page of history."""

MOST_PAGES = 300
"""Pages of a list: 60,000 messages or people. Cursors that go on for ever do not."""

_SILENT = logging.getLogger("bot.delivery.slack_sdk")
_SILENT.setLevel(logging.CRITICAL + 1)


class SlackApi:
    """Slack's Web API with one token. Every call that fails raises DeliveryError."""

    def __init__(self, token: str, base_url: str, line: Line) -> None:
        self._client = _Client(token, base_url, line)
        self._line = line

    def post(self, outgoing: Outgoing, blocks: list[Json] | None) -> Receipt:
        """chat.postMessage, once, with the keys as metadata."""
        thread = {"thread_ts": outgoing.thread_ts} if outgoing.thread_ts else {}
        broadcast = {"reply_broadcast": True} if thread and outgoing.broadcast else {}
        with self._line.writing_until(outgoing.until):
            answer = self._call(
                self._client.chat_postMessage,
                outgoing.channel,
                channel=(outgoing.thread_ts and outgoing.channel_id) or outgoing.channel,
                text=outgoing.text,
                blocks=blocks,
                metadata=metadata_of(outgoing),
                unfurl_links=False,
                unfurl_media=False,
                link_names=False,
                parse="none",
                **thread,
                **broadcast,
            )
        return _receipt(answer, outgoing)

    def update(self, outgoing: Outgoing, ts: str, blocks: list[Json] | None) -> Receipt:
        """chat.update of the message at `ts`: words and blocks; metadata and files stay."""
        with self._line.writing_until(outgoing.until):
            answer = self._call(
                self._client.chat_update,
                outgoing.channel,
                channel=outgoing.channel_id,
                ts=ts,
                text=outgoing.text,
                blocks=blocks or [],
                link_names=False,
                parse="none",
            )
        return _receipt(answer, outgoing)

    def history(self, channel_id: str, oldest: datetime) -> Iterator[Json]:
        """conversations.history: the channel's messages after `oldest`, newest first."""
        return self._pages(
            self._client.conversations_history,
            "messages",
            channel=channel_id,
            oldest=f"{oldest.timestamp():.6f}",
            include_all_metadata=True,
            limit=PAGE,
        )

    def replies(self, channel_id: str, root: str, oldest: datetime) -> Iterator[Json]:
        """conversations.replies: a thread's messages after `oldest`, and always its root."""
        return self._pages(
            self._client.conversations_replies,
            "messages",
            channel=channel_id,
            ts=root,
            oldest=f"{oldest.timestamp():.6f}",
            include_all_metadata=True,
            limit=PAGE,
        )

    def users(self) -> Iterator[Json]:
        """users.list: everybody of the workspace."""
        return self._pages(self._client.users_list, "members", limit=PAGE)

    def groups(self) -> Iterator[Json]:
        """usergroups.list: the groups that can be called."""
        return iter(objects(self._call(self._client.usergroups_list), "usergroups"))

    def user_by_email(self, address: str) -> Json:
        """users.lookupByEmail: one person."""
        answer = self._call(self._client.users_lookupByEmail, email=address)
        return an_object(answer, "user")

    def channels(self, types: str) -> Iterator[Json]:
        """conversations.list: channels of these types, archived ones left out."""
        listing = self._client.conversations_list
        return self._pages(listing, "channels", types=types, exclude_archived=True, limit=999)

    def team(self) -> str:
        """auth.test: the id of the workspace that the token belongs to."""
        return str(self._call(self._client.auth_test).get("team_id", ""))

    def members(self, group: str) -> list[str]:
        """usergroups.users.list: the ids of a group's members. Needs usergroups:read."""
        method = self._client.usergroups_users_list
        return [str(user) for user in a_list(self._call(method, usergroup=group), "users")]

    def upload_address(self, name: str, length: int) -> tuple[str, str]:
        """files.getUploadURLExternal: where so many bytes go, and the id of the file to be."""
        method = self._client.files_getUploadURLExternal
        answer = self._call(method, filename=name, length=length)
        return words(answer, "upload_url"), words(answer, "file_id")

    def send_bytes(self, request: Request) -> None:
        """The bytes to an upload address. It is secret by itself: no token goes along."""
        try:
            status, headers, _ = self._line.exchange(request)
        except (OSError, HTTPException) as error:
            raise unanswered(error) from None
        if status != 200:
            raise answered(status, dict(headers.items()), None)

    def complete(self, file_id: str, title: str) -> bool:
        """files.completeUploadExternal without a channel: whether Slack has finished the file."""
        files: list[dict[str, str | None]] = [{"id": file_id, "title": title}]
        answer = self._call(self._client.files_completeUploadExternal, files=files)
        file = next(iter(objects(answer, "files")), {})
        return bool(file.get("filetype") or file.get("mimetype"))

    def _pages(
        self, method: Callable[..., SlackResponse], items: str, **arguments: Any
    ) -> Iterator[Json]:
        seen: set[str | None] = set()
        cursor: str | None = None
        while cursor not in seen and len(seen) < MOST_PAGES:
            seen.add(cursor)
            answer = self._call(method, cursor=cursor, **arguments)
            yield from objects(answer, items)
            cursor = next_cursor(answer)
            if cursor is None:
                return
        raise in_doubt("Slack's list does not end")

    def _call(
        self, method: Callable[..., SlackResponse], where: str = "", /, **arguments: Any
    ) -> Json:
        """The answer. `where` is the channel as people write it, for the words of a refusal."""
        channel = where or str(arguments.get("channel", ""))
        try:
            answer = method(**arguments).data
        except SlackApiError as error:
            response = error.response
            raise answered(response.status_code, response.headers, response.data, channel) from None
        except (OSError, HTTPException) as error:
            raise unanswered(error) from None
        except (SlackClientError, AttributeError, ValueError, RecursionError):
            raise not_slack() from None  # JSON, but not an object, or a very deep one
        return answer if isinstance(answer, dict) else {}


def web_client(token: str, base_url: str, line: Line) -> WebClient:
    """slack_sdk's own client, for what of slack_sdk asks for one."""
    return _Client(token, base_url, line)


class _Client(WebClient):
    """slack_sdk's client on our own line: no redirects, no surprise proxy, bounded answers."""

    def __init__(self, token: str, base_url: str, line: Line) -> None:
        super().__init__(token=token, base_url=base_url, retry_handlers=[], logger=_SILENT)
        self._line = line

    def _perform_urllib_http_request_internal(
        self,
        url: str,  # noqa: ARG002 - the signature is slack_sdk's
        req: Request,
    ) -> dict[str, Any]:
        answer = self._line.exchange(req)
        body = answer.body.decode("utf-8", errors="replace")
        return {"status": answer.status, "headers": answer.headers, "body": body}


def _receipt(answer: Json, outgoing: Outgoing) -> Receipt:
    return Receipt(words(answer, "channel"), words(answer, "ts"), (), outgoing.thread_ts)


def metadata_of(outgoing: Outgoing) -> Json:
    """What the message carries: its own key, and those of whatever else it tells."""
    payload: Json = {"key": outgoing.key}
    if outgoing.also_keys:
        payload["keys"] = list(outgoing.also_keys)
    return {"event_type": EVENT_TYPE, "event_payload": payload}


def key_of(message: Mapping[str, Any]) -> str | None:
    """The key of a message of the bot; None for any other message.

    Only its own: the further keys that it tells have messages of their own in its thread.
    """
    metadata = an_object(message, "metadata")
    if metadata.get("event_type") != EVENT_TYPE:
        return None
    key = an_object(metadata, "event_payload").get("key")
    return key if isinstance(key, str) else None
