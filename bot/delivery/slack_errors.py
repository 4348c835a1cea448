"""What went wrong at Slack, in words, and whether the message may be there all the same.

Three classes (docs.slack.dev, error lists of chat.postMessage and "Rate limits"):
not posted for sure (429, no connection), perhaps posted (no answer, a broken one, 5xx), refused.
Only Slack's error code and scope names are quoted: nothing here can carry a token or an address.
"""

from __future__ import annotations

import errno
import re
import socket
import ssl
from collections.abc import Mapping
from typing import Any
from urllib.error import URLError

from bot.delivery.line import NotSentError
from bot.errors import DeliveryError

_CODE = re.compile(r"[a-z][a-z0-9_]{1,60}")
_SCOPES = re.compile(r"[a-z:._,]{1,200}")

_AMBIGUOUS = {"internal_error", "fatal_error", "request_timeout", "service_unavailable"}
_RATE_LIMITED = {"ratelimited", "rate_limited", "message_limit_exceeded"}
_UNREACHABLE = {errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ENETDOWN}
_BLOCKS = {"invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long"}
_CHANNEL = {
    "channel_not_found",
    "not_in_channel",
    "is_archived",
    "is_inactive",
    "no_permission",
    "invalid_channel",
    "user_not_found",
    "messages_tab_disabled",
    "channel_type_not_supported",
    "method_not_supported_for_channel_type",
}
_NO_THREADS = {"restricted_action_thread_locked", "restricted_action_non_threadable_channel"}
_PLACE = _NO_THREADS | {
    "message_not_found",
    "thread_not_found",
    "invalid_thread_ts",
    "cannot_reply_to_message",
    "cant_update_message",
    "edit_window_closed",
    "block_mismatch",
}
_TOKEN = {
    "invalid_auth",
    "not_authed",
    "account_inactive",
    "token_revoked",
    "token_expired",
    "not_allowed_token_type",
}
_REINSTALL = (
    "copy a valid Bot User OAuth Token (xoxb-…) from https://api.slack.com/apps, "
    "OAuth & Permissions, into SLACK_BOT_TOKEN"
)
_OUR_FAULT = "this should not happen: please report it with the text of the message"

_REFUSALS: Mapping[str, tuple[str, str]] = {
    "invalid_auth": ("Slack does not accept the bot's token", _REINSTALL),
    "not_authed": ("Slack got no token from the bot", _REINSTALL),
    "account_inactive": ("the bot's account or workspace is deactivated", _REINSTALL),
    "token_revoked": ("the bot's token was revoked", _REINSTALL),
    "token_expired": ("the bot's token has expired", _REINSTALL),
    "not_allowed_token_type": ("the token is not a bot token", _REINSTALL),
    "no_permission": ("the bot may not post in {channel}", "reinstall the app with chat:write"),
    "not_in_channel": ("the bot is not in {channel}", "write /invite @<the bot> in {channel}"),
    "channel_not_found": (
        "Slack does not know {channel}, or it is private and the bot is not in it",
        "check slack.channel and slack.routes; in a private channel write /invite @<the bot>",
    ),
    "is_archived": (
        "{channel} is archived",
        "unarchive it, or name another one in slack.channel or slack.routes",
    ),
    "is_inactive": (
        "{channel} is archived or frozen",
        "unarchive it, or name another one in slack.channel or slack.routes",
    ),
    "message_not_found": ("the message it belongs to is gone", "nothing needs to be done"),
    "thread_not_found": ("the thread it belongs to is gone", "nothing needs to be done"),
    "cant_update_message": (
        "the message it belongs to was not written by this app",
        "use one Slack app for one database",
    ),
    "edit_window_closed": (
        "the workspace lets nobody change a message so old",
        "nothing needs to be done",
    ),
    "restricted_action": (
        "the workspace does not let the bot post in {channel}",
        "ask a workspace admin to allow it, or name another channel",
    ),
    "invalid_blocks": ("Slack refused the blocks of the message", _OUR_FAULT),
    "invalid_blocks_format": ("Slack refused the blocks of the message", _OUR_FAULT),
    "msg_blocks_too_long": ("the blocks of the message are too long for Slack", _OUR_FAULT),
    "msg_too_long": ("the message is too long for Slack", _OUR_FAULT),
    "too_many_attachments": ("the message has too many attachments for Slack", _OUR_FAULT),
    "metadata_too_large": (
        "the message's key is too long for Slack",
        "give the rule a shorter name",
    ),
    "no_service": (
        "the incoming webhook was removed or never existed",
        "make a new one at https://api.slack.com/apps, Incoming Webhooks",
    ),
    "channel_is_archived": (
        "the webhook's channel is archived",
        "unarchive it, or make a webhook for another channel",
    ),
    "invalid_payload": ("the webhook did not understand the message", _OUR_FAULT),
    "action_prohibited": (
        "the workspace does not let the webhook post",
        "ask a workspace admin to allow it",
    ),
}


class SlackRefusedError(DeliveryError):
    """Slack said no: nothing was posted. `code` is Slack's error, `details` its explanations."""

    def __init__(self, message: str, hint: str, code: str, details: tuple[str, ...] = ()) -> None:
        super().__init__(message, hint=hint, permanent=True)
        self.code = code
        self.details = details

    @property
    def blames_picture(self) -> bool:
        """Whether a file is not ready, or cannot be shown (slackapi/python-slack-sdk#1521)."""
        found = any("slack_file" in detail or "slack file" in detail for detail in self.details)
        return self.code == "invalid_blocks" and found

    @property
    def blames_blocks(self) -> bool:
        """Whether the same words without blocks might be accepted."""
        return self.code in _BLOCKS

    @property
    def blames_channel(self) -> bool:
        """Whether this channel takes nothing from the bot until somebody changes something."""
        return self.code in _CHANNEL or (
            self.code.startswith("restricted_action") and not self.blames_place
        )

    @property
    def blames_place(self) -> bool:
        """Whether the message or thread it belongs to is gone or closed."""
        return self.code in _PLACE

    @property
    def blames_broadcast(self) -> bool:
        """Whether a reply would be taken if it were not shown in the channel too."""
        return self.code == "cant_broadcast_message"

    @property
    def blames_token(self) -> bool:
        """Whether nothing at all will be accepted from the bot."""
        return self.code in _TOKEN


def answered(
    status: int, headers: Mapping[str, str], answer: Any, channel: str = "the channel"
) -> DeliveryError:
    """What an answer that is not `ok` means. `answer` is its JSON, or anything else."""
    code = _code(answer)
    if status == 429 or code in _RATE_LIMITED:
        return DeliveryError(
            "Slack asks the bot to slow down (rate limit)",
            hint="the message stays in the outbox and is sent later",
            retry_after=_seconds(headers),
        )
    if status >= 500 or status == 408 or code in _AMBIGUOUS:
        return in_doubt(f"Slack answered with an error of its own ({code or f'HTTP {status}'})")
    if code:
        return refused(code, answer, channel)
    if 200 <= status < 300:
        return in_doubt("the answer did not come from Slack (a proxy or sign-in page?)")
    return SlackRefusedError(
        f"the answer did not come from Slack's API (HTTP {status})",
        "check slack.base_url and the proxy",
        f"http_{status}",
    )


def unanswered(error: Exception) -> DeliveryError:
    """What an exception means: no connection (nothing was posted) or no answer (who knows)."""
    reason = error.reason if isinstance(error, URLError) else None
    if isinstance(reason, NotSentError):
        return DeliveryError(
            "this process stood still while it was about to send a message",
            hint="the message stays in the outbox unless another process has sent it",
        )
    if reason is not None and _never_connected(reason):
        return DeliveryError(
            f"Slack cannot be reached ({_words(reason)})",
            hint="check the network, the proxy and slack.base_url; the message stays in the outbox",
        )
    return in_doubt(f"no answer from Slack ({_words(reason or error)})")


def in_doubt(message: str) -> DeliveryError:
    """The message may have been posted all the same."""
    hint = "the message may have been posted; it stays in the outbox until that is known"
    return DeliveryError(message, hint=hint, ambiguous=True)


def refused(code: str, answer: Any, channel: str = "the channel") -> SlackRefusedError:
    """A refusal by its code, explained."""
    fields = answer if isinstance(answer, Mapping) else {}
    errors = fields.get("errors")
    details = tuple(map(str, errors)) if isinstance(errors, list) else ()
    message, hint = _explained(code, fields)
    where = channel or "the channel"
    return SlackRefusedError(
        f"{message.format(channel=where)} ({code})", hint.format(channel=where), code, details
    )


def _explained(code: str, answer: Mapping[str, Any]) -> tuple[str, str]:
    if code == "missing_scope":
        return _missing_scope(str(answer.get("needed", "")))
    known = "restricted_action" if code.startswith("restricted_action") else code
    documented = "look it up at https://docs.slack.dev/reference/methods/chat.postMessage"
    return _REFUSALS.get(known, ("Slack refused", documented))


def _missing_scope(needed: str) -> tuple[str, str]:
    scope = needed if _SCOPES.fullmatch(needed) else "a scope"
    return (
        f"the bot's token lacks {scope}",
        f"add {scope} at https://api.slack.com/apps, OAuth & Permissions, and reinstall the app",
    )


def _code(answer: Any) -> str:
    """Slack's error code; empty for anything that does not look like one."""
    found = answer.get("error") if isinstance(answer, Mapping) else answer
    return found if isinstance(found, str) and _CODE.fullmatch(found) else ""


def _seconds(headers: Mapping[str, str]) -> float:
    """Retry-After in seconds, 1 where it is absent or unreadable."""
    found = {name.lower(): value for name, value in headers.items()}.get("retry-after", "1")
    return float(found) if re.fullmatch(r"\d{1,5}", found) else 1.0


def _never_connected(reason: object) -> bool:
    if isinstance(reason, socket.gaierror | ssl.SSLCertVerificationError):
        return True
    if not isinstance(reason, OSError):
        return False
    return reason.errno in _UNREACHABLE or str(reason).startswith("Tunnel connection failed")


def _words(reason: object) -> str:
    """The kind of a failure: the system's own words, or the exception's name, never its text."""
    if isinstance(reason, TimeoutError):
        return "timed out"
    if isinstance(reason, ssl.SSLCertVerificationError):
        return "its certificate is not trusted"
    if isinstance(reason, ssl.SSLError):
        return "TLS failed"
    if isinstance(reason, OSError) and reason.strerror:
        return reason.strerror.lower()
    return type(reason).__name__
