"""What kind of key somebody gave us, and why OpenAI refused it, in words to act on. Pure.

Keys are told apart by their prefix alone; no sentence here holds any part of one.
"""

from __future__ import annotations

import re
from typing import NamedTuple

ADMIN_KEYS_URL = "https://platform.openai.com/settings/organization/admin-keys"

_ADMIN = "an admin key"
_KINDS = (
    ("sk-admin-", _ADMIN),
    ("sk-proj-", "a project key"),
    ("sk-svcacct-", "a service account's key"),
    ("sk-None-", "a user key"),
    ("sk-ant-", "a key of Anthropic"),
    ("sess-", "a browser session's key"),
    ("sk-", "a user key"),
)
_SCOPES = re.compile(r"Missing scopes?:\s*([\w.]*\w(?:\s*,\s*[\w.]*\w)*)", re.IGNORECASE)
_KEY = re.compile(r"\b(?:sk|sess|rk|pk)-[\w*.-]*[\w*]")
_NOT_SHOWN = re.compile(r"[\x00-\x20\x7f-\xa0\u2028\u2029\u202a-\u202e\u2066-\u2069]+")
_LONGEST = 300


class Refusal(NamedTuple):
    """Why a key was refused, and the way out."""

    message: str
    hint: str


def key_kind(key: str) -> str:
    """`an admin key`, `a project key`, ...; `no key` for an empty one."""
    if not key:
        return "no key"
    known = (kind for start, kind in _KINDS if key.startswith(start))
    return next(known, "a key of an unknown kind")


def missing_scopes(said: str) -> tuple[str, ...]:
    """The scopes that an error message names as missing."""
    found = _SCOPES.search(said)
    return tuple(re.split(r"\s*,\s*", found[1])) if found else ()


def no_key() -> Refusal:
    """Nothing was configured."""
    return Refusal("there is no admin key", f"{_create('one')} and set OPENAI_ADMIN_KEY.")


def refusal(status: int, said: str, key: str) -> Refusal:
    """A 401 or 403 explained. `said` is the error message of the API."""
    kind, scopes = key_kind(key), missing_scopes(said)
    if kind != _ADMIN:
        missing = f" (missing scopes: {', '.join(scopes)})" if scopes else ""
        return Refusal(
            f"this is {kind}; costs need an admin key{missing}",
            f"{_create('one')} and set OPENAI_ADMIN_KEY.",
        )
    if scopes:
        return Refusal(
            f"the admin key lacks {', '.join(scopes)}",
            f"An organisation owner can grant it, or create another key, under {ADMIN_KEYS_URL}",
        )
    if "incorrect api key" in said.lower() or (status == 401 and not said):
        return Refusal(
            "OpenAI does not know this admin key: mistyped, revoked or expired",
            f"{_create('a new one')} and set OPENAI_ADMIN_KEY.",
        )
    return Refusal(
        f"OpenAI refused the admin key ({status}): {said or 'no reason given'}",
        f"Admin keys are listed under {ADMIN_KEYS_URL}",
    )


def shown(text: str, key: str = "") -> str:
    """A message of a server as one short line without keys and control characters."""
    if key:
        text = text.replace(key, "[key]")
    line = _NOT_SHOWN.sub(" ", _KEY.sub("[key]", text)).strip()
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"


def _create(what: str) -> str:
    return f"Create {what} under {ADMIN_KEYS_URL}"
