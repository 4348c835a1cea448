"""`chat.*` and `auth.test`: posting, updating, linking."""

from __future__ import annotations

import re

from tests.fakes.slack_content import content, kept_metadata, share_files
from tests.fakes.slack_model import (
    BOT,
    BOT_USER,
    TEAM,
    Arguments,
    Channel,
    Message,
    SlackError,
    Workspace,
)
from tests.fakes.slack_shown import Answer, message_json

MOST_TEXT = 40_000
MOST_UPDATED_TEXT = 4_000
TIMESTAMP = re.compile(r"\d+\.\d{6}")
NO_TEXT = "missing_text_in_message"


def auth_test(_space: Workspace, _args: Arguments) -> Answer:
    """Who the token belongs to."""
    who = {"team": "Fake", "user": "budget_bot", "team_id": TEAM, "user_id": BOT_USER}
    return {"url": "https://fake.slack.com/", **who, "bot_id": BOT, "is_enterprise_install": False}


def post_message(space: Workspace, args: Arguments) -> Answer:
    """chat.postMessage"""
    channel = _place(space, args.required("channel"))
    blocks, attachments = content(space, args)
    metadata, warnings = kept_metadata(space, args)
    if not args.text("text") and blocks:
        warnings.append(NO_TEXT)
    message = Message(
        channel.id,
        space.new_ts(),
        args.text("text")[:MOST_TEXT],
        blocks,
        attachments,
        metadata,
        _parent(space, channel, args),
        broadcast=args.flag("reply_broadcast") and "thread_ts" in args,
    )
    share_files(space, message)
    space.post(message)
    shown = message_json(space, message, all_metadata=True)
    return _warned({"channel": channel.id, "ts": message.ts, "message": shown}, warnings)


def update(space: Workspace, args: Arguments) -> Answer:
    """chat.update"""
    channel = space.channel(args.required("channel"))
    if channel.is_archived:
        raise SlackError("is_inactive")
    message = space.message(channel.id, args.required("ts"))
    if message is None:
        raise SlackError("message_not_found")
    if message.bot_id != BOT:
        raise SlackError("cant_update_message")
    if len(args.text("text")) > MOST_UPDATED_TEXT:
        raise SlackError("msg_too_long")
    blocks, attachments = content(space, args)
    if blocks and _rich(message.blocks) and not _rich(blocks):
        raise SlackError("block_mismatch")
    metadata, warnings = kept_metadata(space, args)
    if not args.text("text") and blocks:
        warnings.append(NO_TEXT)
    message.text, message.blocks = args.text("text"), blocks
    message.attachments = attachments if "attachments" in args else message.attachments
    message.metadata = metadata if "metadata" in args else message.metadata
    message.edited += 1
    message.edit_shown = not blocks
    share_files(space, message)
    space.on_message(message)
    shown = message_json(space, message, all_metadata=True)
    return _warned(
        {"channel": channel.id, "ts": message.ts, "text": message.text, "message": shown}, warnings
    )


def permalink(space: Workspace, args: Arguments) -> Answer:
    """chat.getPermalink"""
    channel = space.channel(args.required("channel"))
    ts = args.required("message_ts")
    if space.message(channel.id, ts) is None:
        raise SlackError("message_not_found")
    link = f"https://fake.slack.com/archives/{channel.id}/p{ts.replace('.', '')}"
    return {"channel": channel.id, "permalink": link}


def _place(space: Workspace, reference: str) -> Channel:
    if reference in {person.id for person in space.people}:
        return space.direct(reference)
    return _writable(space, space.channel(reference, by_name=True))


def _writable(space: Workspace, channel: Channel) -> Channel:
    """The channel, if the bot may write there."""
    if channel.is_archived:
        raise SlackError("is_archived")
    if not channel.is_member and "chat:write.public" not in space.scopes:
        raise SlackError("not_in_channel")
    return channel


def _parent(space: Workspace, channel: Channel, args: Arguments) -> str | None:
    """The thread a message goes to: `thread_ts` must be a parent's, never a reply's."""
    if "thread_ts" not in args:
        return None
    ts = args.text("thread_ts")
    if not TIMESTAMP.fullmatch(ts):
        raise SlackError("invalid_thread_ts", errors=[f"{ts} is not a valid thread_ts"])
    parent = space.message(channel.id, ts)
    if parent is None:
        raise SlackError("thread_not_found")
    if parent.thread_ts is not None:
        raise SlackError("cannot_reply_to_message")
    return ts


def _rich(blocks: list[Answer]) -> bool:
    return any(block["type"] == "rich_text" for block in blocks)


def _warned(answer: Answer, warnings: list[str]) -> Answer:
    if not warnings:
        return answer
    metadata = {"warnings": warnings}
    return answer | {"warning": ",".join(warnings), "response_metadata": metadata}
