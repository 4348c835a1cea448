"""Messages and files as the Web API shows them."""

from __future__ import annotations

from typing import Any

from tests.fakes.slack_model import APP, BOT_USER, MIME, TEAM, File, Message, Workspace

Answer = dict[str, Any]


def message_json(space: Workspace, message: Message, *, all_metadata: bool) -> Answer:
    """A message as the API shows it; without the flag, metadata is reduced to its event_type."""
    shown: Answer = {"type": "message", "user": message.user, "ts": message.ts}
    shown |= {"text": message.text, "team": TEAM}
    if message.bot_id:
        shown |= {"bot_id": message.bot_id, "app_id": APP}
    numbered = enumerate(message.blocks)
    shown["blocks"] = [{"block_id": f"b{number}", **block} for number, block in numbered]
    if message.attachments:
        shown["attachments"] = message.attachments
    if message.files:
        shown["files"] = [file_json(space.files[file_id]) for file_id in message.files]
    if message.metadata is not None:
        event_type = {"event_type": message.metadata["event_type"]}
        shown["metadata"] = message.metadata if all_metadata else event_type
    if message.edit_shown:
        shown["edited"] = {"user": BOT_USER, "ts": message.ts}
    return shown | _thread_json(space, message)


def file_json(file: File) -> Answer:
    """A file as the API shows it; `filetype` and `mimetype` are empty while it is processed."""
    kind = file.filetype
    other = "application/octet-stream" if kind else ""
    return {
        "id": file.id,
        "name": file.name,
        "title": file.title,
        "filetype": kind,
        "mimetype": MIME.get(kind, other),
        "size": file.length,
        "user": BOT_USER,
        "mode": "hosted",
        "url_private": f"https://files.slack.com/files-pri/{TEAM}-{file.id}/{file.name}",
        "permalink": f"https://fake.slack.com/files/{BOT_USER}/{file.id}/{file.name}",
        "channels": file.channels,
    }


def _thread_json(space: Workspace, message: Message) -> Answer:
    if message.thread_ts:
        kind = {"subtype": "thread_broadcast"} if message.broadcast else {}
        return {"thread_ts": message.thread_ts, "parent_user_id": BOT_USER, **kind}
    replies = [
        m for m in space.messages if (m.channel, m.thread_ts) == (message.channel, message.ts)
    ]
    if not replies:
        return {}
    return {
        "thread_ts": message.ts,
        "reply_count": len(replies),
        "latest_reply": replies[-1].ts,
    }
