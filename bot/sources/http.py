"""The one way to OpenAI: GET, to one address, with limits on time and size, and patient.

No redirects, no cookies, nothing from the environment (`trust_env=False`: a ~/.netrc would replace
the key, a proxy variable would see it), TLS always except to this very machine.
"""

from __future__ import annotations

import re
from http.cookiejar import DefaultCookiePolicy
from itertools import count
from pathlib import Path

import requests
from requests.auth import AuthBase
from urllib3.exceptions import HTTPError

from bot.addresses import origin
from bot.errors import ConfigError
from bot.sources.address import checked_base_url, checked_proxy
from bot.sources.api_errors import (
    ApiError,
    Head,
    TooLargeError,
    TransientError,
    error_of,
    refused_without_key,
)
from bot.sources.body import IN_MEMORY, Body
from bot.sources.deadline import Halt, Watch, WatchedAdapter
from bot.sources.network import network_error
from bot.sources.paging import ROOT, Answer, Params
from bot.sources.patience import Clock, Patience, retry_after

BASE_URL = "https://api.openai.com/v1"
LARGEST_ANSWER = 512 * 1024 * 1024
"""Decoded bytes one answer may have: a day of a million rows. They are not held in memory."""
_LARGEST_ERROR = 64 * 1024
_CHUNK = 256 * 1024
_CONNECTIONS = 8


class ApiClient:
    """OpenAI's API at one base URL, for one key. Threads may share it.

    `base_url` ends with the version, without a slash (`https://api.openai.com/v1`). `proxy` is for
    https only, `ca_bundle` a PEM file of certificate authorities to trust instead of the usual.
    Raises ConfigError for an address the key must not go to, or a key no header can hold.
    """

    def __init__(
        self,
        key: str,
        base_url: str = BASE_URL,
        *,
        proxy: str | None = None,
        ca_bundle: Path | None = None,
        patience: Patience | None = None,
        clock: Clock | None = None,
        largest: int = LARGEST_ANSWER,
    ) -> None:
        self.base_url = checked_base_url(base_url)
        self._key = _checked_key(key)
        self._patience = patience or Patience()
        self._clock = clock or Clock()
        self._largest = largest
        self._session = _session(checked_proxy(proxy), ca_bundle)
        self._auth = _BearerFor(self.base_url, self._key)
        self.server_date = ""
        """The Date header of the last answer, whatever its status."""

    def __repr__(self) -> str:
        return f"ApiClient({self.base_url})"

    def get(self, path: str, params: Params, halt: Halt | None = None) -> Answer:
        """The JSON answer to a question, after as many attempts as patience allows.

        Raises AccessError, TooLargeError, or another ApiError; see `api_errors`.
        """
        halt = halt or Halt()
        endpoint = path.removeprefix(ROOT)
        if not self._key:
            raise refused_without_key(endpoint)
        begun = self._clock.monotonic()
        for attempt in count(1):
            left = self._patience.budget - (self._clock.monotonic() - begun)
            try:
                return self._once(path, params, min(self._patience.deadline, left), halt)
            except TransientError as error:
                left = self._patience.budget - (self._clock.monotonic() - begun)
                if attempt >= self._patience.attempts or left <= 0 or halt.halted:
                    raise _given_up(error, attempt) from None
                self._sleep(min(self._wait(attempt, error), left), halt)
        raise AssertionError("unreachable")

    def close(self) -> None:
        """Close idle connections."""
        self._session.close()

    def _wait(self, attempt: int, error: TransientError) -> float:
        return error.retry_after or self._patience.backoff(attempt, self._clock.jitter())

    def _sleep(self, seconds: float, halt: Halt) -> None:
        (self._clock.sleep or halt.wait)(seconds)

    def _once(self, path: str, params: Params, deadline: float, halt: Halt) -> Answer:
        endpoint = path.removeprefix(ROOT)
        found: Answer | Exception
        with Watch(deadline, halt) as watch:
            try:
                found = self._exchange(path, params, endpoint)
            except (requests.RequestException, HTTPError, ApiError) as error:
                found = error
            except ValueError:  # urllib3, of a chunk of -5 bytes
                found = TransientError(endpoint, "the answer is not sound HTTP")
        # Asked first: shutting the socket can look like the regular end of headers or body.
        if halt.halted:
            raise ApiError(endpoint, "stopped")
        if watch.expired:
            raise TransientError(endpoint, f"no complete answer in {deadline:.3g} s")
        if isinstance(found, ApiError):
            raise found
        if isinstance(found, Exception):
            raise network_error(endpoint, found)
        return found

    def _exchange(self, path: str, params: Params, endpoint: str) -> Answer:
        response = self._session.get(
            self.base_url + path,
            params=list(params),
            auth=self._auth,
            allow_redirects=False,
            stream=True,
            timeout=(self._patience.connect, self._patience.read),
        )
        with response:
            head = Head(endpoint, response.status_code, response.headers)
            self.server_date = response.headers.get("date", "")
            if response.status_code < 200:  # not read: the answer itself may follow it
                raise head.error(TransientError, f"{response.status_code} is no answer yet")
            if response.status_code != 200:
                body = _read(response, _LARGEST_ERROR)
            else:
                body = self._read_whole(response, head)
        start = body.head(_LARGEST_ERROR)
        if error := error_of(head, start, self._key):
            if isinstance(error, TransientError):
                error.retry_after = retry_after(
                    head.headers.get("retry-after", ""), self._clock.now()
                )
            raise error
        if not body.tail().rstrip().endswith((b"}", b"]")):  # no length told of missing bytes
            raise head.error(TransientError, "the answer broke off")
        return Answer(body if body.size > IN_MEMORY else body.whole(), head.request_id)

    def _read_whole(self, response: requests.Response, head: Head) -> Body:
        announced = response.headers.get("content-length", "")
        if not announced.isdecimal() or int(announced) <= self._largest:
            body = _read(response, self._largest + 1)
            if body.size <= self._largest:
                return body
        size = f"{self._largest / 1024 / 1024:g} MiB"
        raise head.error(TooLargeError, f"the answer is larger than {size}")


class _BearerFor(AuthBase):
    """Puts the key on requests to its own origin, and on no other."""

    def __init__(self, base_url: str, key: str) -> None:
        self._origin = origin(base_url)
        self._key = key

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if origin(request.url or "") != self._origin:
            raise ConfigError("the admin key goes to no other host than that of source.base_url")
        request.headers["Authorization"] = f"Bearer {self._key}"
        return request


class _Session(requests.Session):
    def get_redirect_target(self, resp: requests.Response) -> None:
        """No redirect has one: even with `allow_redirects=False` requests would parse the new
        address and read the whole body first."""


def _session(proxy: str | None, ca_bundle: Path | None) -> requests.Session:
    session = _Session()
    session.trust_env = False
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    if proxy:
        session.proxies = {"https": proxy}  # never http: in the clear, a proxy would see the key
    if ca_bundle is not None:
        session.verify = _checked_file(ca_bundle)
    adapter = WatchedAdapter(pool_connections=1, pool_maxsize=_CONNECTIONS)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    session.headers.update(
        {
            "User-Agent": "openai-budget-bot",
            "Accept": "application/json",
            "Accept-Encoding": "gzip, deflate",
        }
    )
    return session


def _checked_key(key: str) -> str:
    key = key.strip()
    if not re.fullmatch(r"[\x21-\x7e]*", key):
        raise ConfigError(
            "the admin key holds a blank, a line break or another character no key has",
            hint="Check OPENAI_ADMIN_KEY, or the file OPENAI_ADMIN_KEY_FILE names.",
        )
    return key


def _checked_file(path: Path) -> str:
    if not path.is_file():
        raise ConfigError(f"source.ca_bundle: there is no file {path}")
    return str(path)


def _read(response: requests.Response, most: int) -> Body:
    """Decoded bytes of the body, at most about `most`."""
    body = Body()
    for chunk in response.iter_content(_CHUNK):
        body.add(chunk[: most - body.size])
        if body.size >= most:
            break
    return body


def _given_up(error: TransientError, attempts: int) -> TransientError:
    if attempts == 1:
        return error
    told = TransientError(
        error.endpoint,
        f"{error.wrong} (tried {attempts} times)",
        hint=error.hint,
        status=error.status,
        request_id=error.request_id,
    )
    told.retry_after = error.retry_after
    return told
