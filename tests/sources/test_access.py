"""What is said about a key that was refused."""

from __future__ import annotations

import pytest

from bot.sources.access import key_kind, missing_scopes, refusal, shown

CREATE = (
    "Create one under https://platform.openai.com/settings/organization/admin-keys"
    " and set OPENAI_ADMIN_KEY."
)
MISSING = (
    "You have insufficient permissions for this operation. Missing scopes: api.usage.read. Check"
    " that you have the correct role in your organization (Reader, Writer, Owner)"
)


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        ("", "no key"),
        ("sk-admin-abc", "an admin key"),
        ("sk-proj-abc", "a project key"),
        ("sk-svcacct-abc", "a service account's key"),
        ("sk-None-abc", "a user key"),
        ("sk-abc", "a user key"),
        ("sk-ant-admin01-abc", "a key of Anthropic"),
        ("sess-abc", "a browser session's key"),
        ("abc", "a key of an unknown kind"),
    ],
)
def test_a_key_is_known_by_its_prefix(key: str, kind: str) -> None:
    assert key_kind(key) == kind


@pytest.mark.parametrize(
    ("said", "scopes"),
    [
        (MISSING, ("api.usage.read",)),
        ("Missing scopes: api.usage.read, api.management.read.", 2),
        ("missing scope: api.x", ("api.x",)),
        ("No.", ()),
    ],
)
def test_missing_scopes_are_read_from_the_message(said: str, scopes: tuple[str, ...] | int) -> None:
    found = missing_scopes(said)
    assert (len(found) if isinstance(scopes, int) else found) == scopes


@pytest.mark.parametrize(
    ("status", "said", "key", "message", "hint"),
    [
        (
            403,
            MISSING,
            "sk-proj-x",
            "this is a project key; costs need an admin key (missing scopes: api.usage.read)",
            CREATE,
        ),
        (401, "", "sk-x", "this is a user key; costs need an admin key", CREATE),
        (
            403,
            MISSING,
            "sk-admin-x",
            "the admin key lacks api.usage.read",
            "An organisation owner can grant it, or create another key, under"
            " https://platform.openai.com/settings/organization/admin-keys",
        ),
        (
            401,
            "Incorrect API key provided: [key].",
            "sk-admin-x",
            "OpenAI does not know this admin key: mistyped, revoked or expired",
            CREATE.replace("one", "a new one", 1),
        ),
        (
            403,
            "Country not supported",
            "sk-admin-x",
            "OpenAI refused the admin key (403): Country not supported",
            "Admin keys are listed under"
            " https://platform.openai.com/settings/organization/admin-keys",
        ),
    ],
)
def test_a_refusal_says_what_to_do(
    status: int, said: str, key: str, message: str, hint: str
) -> None:
    assert refusal(status, said, key) == (message, hint)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("Incorrect API key provided: sk-admin********abcd.", "Incorrect API key provided: [key]."),
        ("the secret is s3cret!", "the secret is [key]"),
        ("two\nlines\x1b[31m\u202e", "two lines [31m"),
        ("x" * 400, "x" * 300 + "…"),
    ],
)
def test_a_servers_message_is_shown_on_one_line_without_keys(text: str, line: str) -> None:
    assert shown(text, "s3cret!") == line
