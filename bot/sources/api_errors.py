"""What an HTTP answer that is not the page we asked for means. Pure.

    ApiError                no sense in asking again
    ├── AccessError         401 or 403: about the key, not about the question
    ├── TooLargeError       more bytes than one answer may have: ask for fewer days
    └── TransientError      429, 500, 502, 503, 504, or the network: worth another try

Messages name the endpoint and the x-request-id, and hold neither keys nor query strings.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from http.client import responses
from typing import TypeVar
from urllib.parse import urlsplit

from bot.errors import SourceError
from bot.sources import access
from bot.sources.access import shown

TRANSIENT = frozenset({429, 500, 502, 503, 504})
_REQUEST_ID = re.compile(r"[\w-]{1,100}")


class ApiError(SourceError):
    """The API could not be asked, or refused the question."""

    def __init__(
        self,
        endpoint: str,
        wrong: str,
        *,
        hint: str | None = None,
        status: int | None = None,
        request_id: str | None = None,
    ) -> None:
        where = f"{endpoint} (request {request_id})" if request_id else endpoint
        super().__init__(f"{where}: {wrong}", hint=hint)
        self.endpoint = endpoint
        self.wrong = wrong
        self.status = status
        self.request_id = request_id


class AccessError(ApiError):
    """The key is missing, wrong, or may not do this. Every other question would end the same."""

    scopes: tuple[str, ...] = ()


class TooLargeError(ApiError):
    """The answer has more decoded bytes than allowed."""


class TransientError(ApiError):
    """Something that may go better next time; `retry_after` seconds if the server says when."""

    retry_after: float | None = None


E = TypeVar("E", bound=ApiError)


class Head:
    """Status and headers of an answer, with lower-case names."""

    def __init__(self, endpoint: str, status: int, headers: Mapping[str, str]) -> None:
        self.endpoint = endpoint
        self.status = status
        self.headers = {name.lower(): value for name, value in headers.items()}

    @property
    def request_id(self) -> str | None:
        value = self.headers.get("x-request-id", "")
        return value if _REQUEST_ID.fullmatch(value) else None

    @property
    def content_type(self) -> str:
        """The media type without parameters, in lower case; empty if there is none."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    def error(self, kind: type[E], wrong: str, hint: str | None = None) -> E:
        """An error of that kind about this answer."""
        return kind(self.endpoint, wrong, hint=hint, status=self.status, request_id=self.request_id)


def error_of(head: Head, body: bytes, key: str) -> ApiError | None:
    """What is wrong with an answer, or None if it is the JSON that was asked for.

    `body` may be cut short: it is read for its error message only.
    """
    status = head.status
    if status == 200:
        return _wrong_type(head, body)
    if 300 <= status < 400:
        return _redirect(head)
    if status in {401, 403}:
        return _refused(head, body, key)
    wrong = _name(status)
    if said := shown(said_in(body), key):
        wrong = f"{wrong}: {said}"
    kind = TransientError if status in TRANSIENT else ApiError
    return head.error(kind, wrong, "Is source.base_url right?" if status == 404 else None)


def refused_without_key(endpoint: str) -> AccessError:
    """No key was configured, so nothing was asked."""
    why = access.no_key()
    return AccessError(endpoint, why.message, hint=why.hint)


def said_in(body: bytes) -> str:
    """The message of an error body: `{"error": {"message": ...}}` or `{"error": "..."}`."""
    try:
        content = json.loads(body.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return ""
    error = content.get("error") if isinstance(content, dict) else None
    said = error.get("message") if isinstance(error, dict) else error
    return said if isinstance(said, str) else ""


_PORTAL = "A proxy, firewall or captive portal is answering in place of OpenAI."


def _refused(head: Head, body: bytes, key: str) -> ApiError:
    if _is_html(head, body):
        return head.error(AccessError, f"a web page refused us ({head.status})", _PORTAL)
    said = shown(said_in(body), key)
    why = access.refusal(head.status, said, key)
    error = head.error(AccessError, why.message, why.hint)
    error.scopes = access.missing_scopes(said)
    return error


def _wrong_type(head: Head, body: bytes) -> ApiError | None:
    kind = head.content_type
    if _is_html(head, body):
        return head.error(ApiError, "a web page came instead of data", _PORTAL)
    if kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json")):
        return None
    if "/" not in kind:  # headers that break off look like complete ones
        return head.error(TransientError, "the answer broke off")
    wrong = f"the answer is `{shown(kind)[:60]}`, not application/json"
    return head.error(ApiError, wrong, _PORTAL)


def _is_html(head: Head, body: bytes) -> bool:
    start = body.lstrip()[:15].lower()
    return head.content_type == "text/html" or start.startswith((b"<!doctype html", b"<html"))


def _redirect(head: Head) -> ApiError:
    try:
        host = urlsplit(head.headers.get("location", "")).hostname
    except ValueError:
        host = None
    where = f" to {shown(host)[:80]}" if host else ""
    hint = "Redirects are not followed: the key goes nowhere else. Is source.base_url right?"
    return head.error(ApiError, f"redirected{where} ({head.status})", hint)


def _name(status: int) -> str:
    return f"{status} {responses[status]}" if status in responses else f"HTTP {status}"
