"""The last line before anything is shown or kept: known secrets, and what looks like one, go.

Errors are cleaned where they arise; this is for what slips through.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from urllib.parse import SplitResult

SHORTEST = 6
"""Shorter secrets would hide half of every word."""

LOOKS_SECRET = re.compile(
    r"(?i)\b(?:sk-|xox[a-z]-|xapp-|xwfp-)[\w.\-]{4,}"
    r"|\bbearer\s+\S+"
    r"|https://hooks\.slack\.com/\S+"
    r"|(?<=://)[^\s/@:]*:(?!\*{3}@)[^\s/@]+(?=@)"  # `user:***@` is masked already
)
hidden: set[str] = set()
"""Every form of every secret that is known."""


def hide(*secrets: str) -> None:
    """Never shows these values from now on, plainly or encoded."""
    for secret in secrets:
        if len(secret) >= SHORTEST:
            hidden.update(_forms(secret))


def hide_address(url: str | None) -> None:
    """Hides what is secret in an address: user and password; not its host."""
    parts = _split(url)
    if parts is not None:
        found = [parts.password or "", parts.netloc.rpartition("@")[0]]
        hide(*found)


def hide_path(url: str) -> None:
    """Hides an address whose path is the secret, as a webhook's."""
    parts = _split(url)
    if parts is not None:
        hide(url, *(part for part in parts.path.split("/") if len(part) >= 12), parts.query)
    hide_address(url)


def without_secrets(text: str) -> str:
    """The text with `***` in the place of every secret."""
    for secret in sorted(hidden, key=len, reverse=True):
        text = text.replace(secret, "***")
    return LOOKS_SECRET.sub("***", text)


def _split(url: str | None) -> SplitResult | None:
    from urllib.parse import urlsplit  # noqa: PLC0415 - `bot --help` knows no secret

    try:
        return urlsplit(url or "")
    except ValueError:
        return None


def _forms(secret: str) -> Iterator[str]:
    """As it is, as part of an address, of JSON, of a Python string, and in base64."""
    import json  # noqa: PLC0415 - as above
    from urllib.parse import quote, quote_plus  # noqa: PLC0415 - as above

    yield secret
    yield quote(secret, safe="")
    yield quote_plus(secret)
    yield json.dumps(secret)[1:-1]
    yield repr(secret)[1:-1]
    yield from _in_base64(secret.encode("utf-8", "surrogatepass"))


def _in_base64(secret: bytes) -> Iterable[str]:
    """Wherever the secret begins in what was encoded: the part that depends on it alone."""
    import base64  # noqa: PLC0415 - as above

    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + secret).decode()
        first = (8 * before + 5) // 6
        last = (8 * (before + len(secret))) // 6
        inner = encoded[first:last]
        if len(inner) >= SHORTEST:
            yield inner
            yield inner.replace("+", "-").replace("/", "_")
