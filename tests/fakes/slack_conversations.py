"""`conversations.*`, `users.*`, `usergroups.*`: reading what is there, page by page."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

from tests.fakes.slack_model import (
    TEAM,
    Arguments,
    Channel,
    Message,
    Person,
    SlackError,
    UserGroup,
    Workspace,
)
from tests.fakes.slack_shown import Answer, message_json

Item = TypeVar("Item")
LARGEST_PAGE = 999


def history(space: Workspace, args: Arguments) -> Answer:
    """conversations.history: newest first, replies only where broadcast."""
    channel = _readable(space, args)
    found = [
        message
        for message in reversed(space.messages)
        if message.channel == channel.id
        and (message.thread_ts is None or message.broadcast)
        and _within(message, args)
    ]
    if cursor := _decoded(args.text("cursor")):  # by ts: new messages do not shift the pages
        found = [message for message in found if Decimal(message.ts) < Decimal(cursor)]
    limit = _limit(args, 100)
    cursor = _encoded(found[limit - 1].ts) if len(found) > limit else ""
    return _messages(space, found[:limit], args, cursor) | {"pin_count": 0}


def replies(space: Workspace, args: Arguments) -> Answer:
    """conversations.replies: the parent, then its replies, oldest first."""
    channel = _readable(space, args)
    parent = space.message(channel.id, args.required("ts"))
    if parent is None:
        raise SlackError("thread_not_found")
    thread = [m for m in space.messages if (m.channel, m.thread_ts) == (channel.id, parent.ts)]
    found = [parent, *(message for message in thread if _within(message, args))]
    shown, cursor = _page(found, args, 1000)
    return _messages(space, shown, args, cursor)


def list_channels(space: Workspace, args: Arguments) -> Answer:
    """conversations.list: public channels unless `types` asks for others."""
    types = set((args.text("types") or "public_channel").split(","))
    for kind, scope in (("public_channel", "channels:read"), ("private_channel", "groups:read")):
        if kind in types:
            space.need(scope)
    found = [
        channel
        for channel in space.channels
        if _kind(channel) in types
        and (channel.is_member or not channel.is_private)
        and not (args.flag("exclude_archived") and channel.is_archived)
    ]
    shown, cursor = _page(found, args, 100)
    return {"channels": [_channel_json(channel) for channel in shown]} | _next(cursor)


def info(space: Workspace, args: Arguments) -> Answer:
    """conversations.info"""
    channel = space.channel(args.required("channel"))
    space.need("groups:read" if channel.is_private else "channels:read")
    return {"channel": _channel_json(channel)}


def lookup_by_email(space: Workspace, args: Arguments) -> Answer:
    """users.lookupByEmail"""
    email = args.required("email")
    for person in space.people:
        if (person.email or "").casefold() == email.casefold() and not person.deleted:
            return {"user": _person_json(person)}
    raise SlackError("users_not_found")


def list_users(space: Workspace, args: Arguments) -> Answer:
    """users.list"""
    shown, cursor = _page(space.people, args, LARGEST_PAGE)
    return {"members": [_person_json(person) for person in shown]} | _next(cursor)


def list_usergroups(space: Workspace, _args: Arguments) -> Answer:
    """usergroups.list"""
    return {"usergroups": [_group_json(group) for group in space.usergroups]}


def _readable(space: Workspace, args: Arguments) -> Channel:
    """The channel, if the bot is in it and may read its history."""
    channel = space.channel(args.required("channel"))
    space.need(_HISTORY_SCOPE[_kind(channel)])
    if not channel.is_member:
        raise SlackError("not_in_channel")
    return channel


def _within(message: Message, args: Arguments) -> bool:
    """Between `oldest` and `latest`, both exclusive unless `inclusive`."""
    at, inclusive = Decimal(message.ts), args.flag("inclusive")
    oldest, latest = _instant(args, "oldest"), _instant(args, "latest")
    if inclusive and at in {oldest, latest}:
        return True
    return (oldest is None or at > oldest) and (latest is None or at < latest)


def _instant(args: Arguments, name: str) -> Decimal | None:
    try:
        return Decimal(args.text(name)) if args.text(name) else None
    except InvalidOperation:
        raise SlackError(f"invalid_ts_{name}") from None


def _page(items: Sequence[Item], args: Arguments, default: int) -> tuple[Sequence[Item], str]:
    """One page and the cursor to the next, empty on the last."""
    first = int(_decoded(args.text("cursor")) or 0)
    following = first + _limit(args, default)
    cursor = _encoded(str(following)) if following < len(items) else ""
    return items[first:following], cursor


def _limit(args: Arguments, default: int) -> int:
    limit = args.number("limit", default)
    if not 1 <= limit <= 1000:
        raise SlackError("invalid_limit")
    return limit


def _encoded(place: str) -> str:
    return base64.b64encode(f"next:{place}".encode()).decode()


def _decoded(cursor: str) -> str:
    try:
        place = base64.b64decode(cursor, validate=True).decode().removeprefix("next:")
    except ValueError:
        place = "?"
    if not re.fullmatch(r"[0-9.]*", place):
        raise SlackError("invalid_cursor")
    return place


def _next(cursor: str) -> Answer:
    return {"response_metadata": {"next_cursor": cursor}}


def _messages(space: Workspace, shown: Sequence[Message], args: Arguments, cursor: str) -> Answer:
    full = args.flag("include_all_metadata")
    messages = [message_json(space, message, all_metadata=full) for message in shown]
    return {"messages": messages, "has_more": bool(cursor)} | _next(cursor)


_HISTORY_SCOPE = {
    "public_channel": "channels:history",
    "private_channel": "groups:history",
    "im": "im:history",
}


def _kind(channel: Channel) -> str:
    if channel.id.startswith("D"):
        return "im"
    return "private_channel" if channel.is_private else "public_channel"


def _channel_json(channel: Channel) -> Answer:
    return {
        "id": channel.id,
        "name": channel.name,
        "name_normalized": channel.name,
        "is_channel": not channel.is_private,
        "is_group": False,
        "is_im": channel.id.startswith("D"),
        "is_private": channel.is_private,
        "is_archived": channel.is_archived,
        "is_member": channel.is_member,
        "context_team_id": TEAM,
    }


def _person_json(person: Person) -> Answer:
    shown = person.name if person.display_name is None else person.display_name
    profile: dict[str, Any] = {"real_name": person.real_name, "display_name": shown}
    if person.email:
        profile["email"] = person.email
    known = {"id": person.id, "team_id": TEAM, "name": person.name, "deleted": person.deleted}
    return {**known, "real_name": person.real_name, "profile": profile, "is_bot": False}


def _group_json(group: UserGroup) -> Answer:
    return {"id": group.id, "team_id": TEAM, "handle": group.handle, "name": group.name}
