"""Why no answer came, in a few words.

The exceptions of `requests` carry whole URLs and addresses of proxies; none of that is shown.
"""

from __future__ import annotations

import socket
import ssl
from http.client import RemoteDisconnected

import requests

from bot.sources.api_errors import ApiError, TransientError


def network_error(endpoint: str, error: Exception) -> ApiError:
    """The error to tell: transient, unless trying again cannot help (an untrusted certificate)."""
    causes = list(_causes(error))
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes):
        return ApiError(
            endpoint,
            "the server's certificate is not trusted",
            hint="Behind a proxy that opens TLS, name its authority in source.ca_bundle.",
        )
    if isinstance(error, requests.exceptions.InvalidURL | requests.exceptions.InvalidSchema):
        return ApiError(endpoint, "source.base_url is not a usable address")
    return TransientError(endpoint, _words(error, causes))


def _words(error: Exception, causes: list[BaseException]) -> str:
    own = (words for kind, words in _BY_ERROR if isinstance(error, kind))
    deeper = (words for cause in causes for kind, words in _BY_CAUSE if isinstance(cause, kind))
    return next(own, None) or next(deeper, "the connection broke off")


_BY_ERROR: tuple[tuple[type[Exception], str], ...] = (
    (requests.exceptions.ProxyError, "the proxy cannot be reached, or refuses us"),
    (requests.exceptions.ConnectTimeout, "connecting took too long"),
    (requests.exceptions.ReadTimeout, "the server went silent"),
    (requests.exceptions.ContentDecodingError, "the answer cannot be decompressed"),
    (requests.exceptions.ChunkedEncodingError, "the answer broke off"),
)
_BY_CAUSE: tuple[tuple[type[BaseException], str], ...] = (
    (socket.gaierror, "the server's name cannot be resolved"),
    (RemoteDisconnected, "the connection was closed without an answer"),
    (ConnectionRefusedError, "the connection was refused"),
    (ConnectionResetError, "the connection was reset"),
    (TimeoutError, "the server went silent"),
    (ssl.SSLError, "TLS failed"),
)


def _causes(error: BaseException) -> list[BaseException]:
    """Everything an exception wraps: urllib3 nests in `args`, `reason` and `__context__`."""
    found: list[BaseException] = []
    waiting: list[object] = [error]
    while waiting and len(found) < 50:
        cause = waiting.pop()
        if not isinstance(cause, BaseException) or cause in found:
            continue
        found.append(cause)
        waiting += [*cause.args, getattr(cause, "reason", None), cause.__cause__, cause.__context__]
    return found
