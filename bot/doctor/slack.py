"""The Slack tokens: of what kind they are, whose, and what they may do."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime
from typing import NamedTuple
from urllib.parse import urlsplit

from bot.config.settings import SlackSettings
from bot.delivery.line import Line
from bot.delivery.slack_account import SlackAccount
from bot.delivery.slack_errors import SlackRefusedError
from bot.doctor.channels import Channels, Used
from bot.doctor.checkup import (
    Check,
    Checks,
    State,
    failed,
    ok,
    skipped,
    told,
    warning,
)
from bot.doctor.clock import clock_check
from bot.errors import DeliveryError

_APPS = "https://api.slack.com/apps"
_KINDS = {
    "xoxb-": "a bot token",
    "xoxp-": "a user token",
    "xapp-": "an app-level token",
    "xoxe": "a token that rotates",
    "xoxa-": "a token of an old kind",
}
_UNANSWERED = "not asked, as Slack did not answer before"


class Needed(NamedTuple):
    """A scope, and what does not work without it."""

    scope: str
    without: str
    state: State = State.WARNING


_SCOPES = (
    Needed("chat:write", "nothing can be posted", State.FAILED),
    Needed("files:write", "messages go without their charts"),
    Needed(
        "channels:history",
        "a message whose answer was lost cannot be looked up: an alert may come twice, marked, "
        "and a digest not at all",
    ),
    Needed("channels:read", "#channel cannot be turned into the id that looking up needs"),
)
_PRIVATE = (
    Needed("groups:history", "messages in private channels cannot be looked up"),
    Needed("groups:read", "private channels cannot be found by their names"),
)
_PEOPLE = (
    Needed("users:read", "people named by @handle are written as words, and not called"),
    Needed("usergroups:read", "groups named by @handle are written as words, and not called"),
)
_ADDRESSES = (Needed("users:read.email", "people named by address are not called"),)
_MEMBERS = (
    Needed(
        "usergroups:read",
        "who is in a group of slack.may_answer cannot be seen: its members may not answer",
    ),
)
_COMMANDS = (Needed("commands", "there is no /budget"),)


def slack_checks(
    slack: SlackSettings, used: Used, now: Callable[[], datetime], patience: float
) -> Checks:
    """Token, account, scopes, every channel used, the app token; `patience` seconds for each."""
    token = slack.bot_token.get_secret_value()
    if not token:
        yield from _without_token(slack)
        return
    yield _kind("slack token", token, "xoxb-", "SLACK_BOT_TOKEN", "OAuth & Permissions")
    account = SlackAccount(token, slack.base_url, Line(slack.proxy, patience))
    try:
        who = account.who()
    except DeliveryError as error:
        yield told("slack account", error)
        yield clock_check("Slack", account.headers.get("date", ""), now())
        for name in ("slack scopes", *(f"channel {one}" for one in used.channels)):
            yield skipped(name, _because(error))
        if error.permanent:
            yield from socket_checks(account, slack)
        return
    yield ok("slack account", f"@{who.get('user')} in {who.get('team')}")
    yield clock_check("Slack", account.headers.get("date", ""), now())
    yield from scope_checks(account.headers.get("x-oauth-scopes", ""), slack, used)
    yield from Channels(account, used).checks()
    yield from socket_checks(account, slack)


def _without_token(slack: SlackSettings) -> Checks:
    url = slack.webhook_url.get_secret_value()
    if not url:
        way_out = "set SLACK_BOT_TOKEN, see docs/slack-app.md; without it only --dry-run works"
        yield failed("slack token", "there is none, so nothing can be told", way_out)
        return
    yield skipped("slack token", "none is set: a webhook is used instead")
    yield _webhook(url)
    yield from _unusable_app_token(slack)


def _webhook(url: str) -> Check:
    """By its form alone: there is nothing to ask a webhook but to post."""
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.path.startswith("/services/"):
        way_out = f"copy it from {_APPS}, Incoming Webhooks: https://hooks.slack.com/services/…"
        return failed("webhook", "SLACK_WEBHOOK_URL does not look like one", way_out)
    says = "looks right; no pictures, no threads, no look-up, one channel"
    return warning("webhook", says, "a bot token does all that: see docs/slack-app.md")


def _unusable_app_token(slack: SlackSettings) -> Checks:
    if slack.app_token.get_secret_value():
        says = "an app token is set, but buttons need a bot token too"
        yield failed("socket mode", says, "set SLACK_BOT_TOKEN, or take SLACK_APP_TOKEN away")


def _kind(name: str, token: str, wanted: str, variable: str, page: str) -> Check:
    kind = next((kind for start, kind in _KINDS.items() if token.startswith(start)), None)
    if token.startswith(wanted):
        return ok(name, kind or "")
    says = f"this is {kind or 'no token of Slack'}, not {_KINDS[wanted]} ({wanted}…)"
    return warning(name, says, f"copy the right one from {_APPS}, {page}, into {variable}")


def _because(error: DeliveryError) -> str:
    return "not asked: the token was refused" if error.permanent else _UNANSWERED


def scope_checks(header: str, slack: SlackSettings, used: Used) -> Checks:
    """What the token may do against what the configuration uses. `header`: x-oauth-scopes."""
    granted = {scope.strip() for scope in header.split(",")} - {""}
    if not granted:
        yield skipped("slack scopes", "Slack did not say which the token has")
        return
    several = (*_SCOPES, *_needed_to_hear(slack), *_needed_for_people(used.mentions))
    needed: dict[str, Needed] = {}
    for one in several:
        needed.setdefault(one.scope, one)
    missing = [one for one in needed.values() if one.scope not in granted]
    if not missing:
        yield ok("slack scopes", f"all {len(needed)} that are used")
    for one in missing:
        way_out = f"add it at {_APPS}, OAuth & Permissions, and reinstall the app"
        yield Check(f"slack scope {one.scope}", one.state, f"missing: {one.without}", way_out)
    for one in _PRIVATE:
        if one.scope not in granted:
            yield skipped(f"slack scope {one.scope}", f"missing: {one.without}")


def _needed_to_hear(slack: SlackSettings) -> tuple[Needed, ...]:
    if not slack.interactive:
        return ()
    has_groups = any(one.startswith("S") for one in slack.may_answer)
    return (*_COMMANDS, *(_MEMBERS if has_groups else ()))


def _needed_for_people(mentions: Collection[str]) -> tuple[Needed, ...]:
    by_address = [one for one in mentions if "@" in one.lstrip("@")]
    by_handle = len(mentions) > len(by_address)
    return (*(_PEOPLE if by_handle else ()), *(_ADDRESSES if by_address else ()))


def socket_checks(account: SlackAccount, slack: SlackSettings) -> Checks:
    """The app token, by asking for a connection that is not opened."""
    token = slack.app_token.get_secret_value()
    if not token:
        yield skipped("socket mode", "no app token: no buttons, no /budget")
        return
    kind = _kind("app token", token, "xapp-", "SLACK_APP_TOKEN", "Basic Information")
    if kind.state is not State.OK:
        yield kind
    try:
        url = account.open_connection(token)
    except SlackRefusedError as refusal:
        way_out = (
            f"make an app-level token with connections:write at {_APPS}, Basic Information, "
            "and turn Socket Mode on"
        )
        yield failed("socket mode", f"Slack refused the app token ({refusal.code})", way_out)
    except DeliveryError as error:
        yield told("socket mode", error)
    else:
        is_one = urlsplit(url).scheme in ("ws", "wss")
        yield (
            ok("socket mode", "a connection is offered")
            if is_one
            else failed("socket mode", "Slack offered no connection", "is slack.base_url right?")
        )
