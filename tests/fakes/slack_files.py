"""`files.*`: the upload in three steps, and the processing that comes after it.

A completed file has neither `filetype` nor `mimetype` until it was polled `processing_calls` times
(python-slack-sdk #1521); a block that shows it before is refused.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.fakes.slack_model import Arguments, File, Message, SlackError, Workspace
from tests.fakes.slack_shown import Answer, file_json

MOST_FILES = 14


def get_upload_url(url: Callable[[str], str]) -> Callable[[Workspace, Arguments], Answer]:
    """files.getUploadURLExternal; `url` makes the address for a file id."""

    def answer(space: Workspace, args: Arguments) -> Answer:
        name, length = args.required("filename"), args.number("length", 0)
        if length < 1:
            raise SlackError("invalid_arguments", errors=["must be a positive number: length"])
        file = File(f"F{len(space.files) + 1:010d}", name, length)
        space.files[file.id] = file
        return {"upload_url": url(file.id), "file_id": file.id}

    return answer


def receive(space: Workspace, file_id: str, content: bytes) -> tuple[int, str]:
    """The byte upload: HTTP status and text. Not a method: it needs no token, its URL is secret."""
    file = space.files.get(file_id)
    if file is None:
        return 404, "Not Found"
    if len(content) != file.length:
        return 400, f"Expected {file.length} bytes, got {len(content)}"
    file.content = content
    return 200, f"OK - {len(content)}"


def complete_upload(space: Workspace, args: Arguments) -> Answer:
    """files.completeUploadExternal: first time it completes, after that it polls."""
    entries = args.decoded("files", "invalid_arguments")
    if not isinstance(entries, list) or not entries:
        raise SlackError("invalid_arguments", errors=["missing required field: files"])
    if len(entries) > MOST_FILES:
        raise SlackError("internal_error")
    files = [_uploaded(space, entry) for entry in entries]
    fresh = [file for file in files if not file.completed]
    for file, entry in zip(files, entries, strict=True):
        if file in fresh:
            _complete(space, file, entry)
    shown = [file_json(file) for file in files]
    for file in files:
        if file not in fresh:
            file.polled()
    if fresh and (channel_id := args.text("channel_id") or args.text("channels")):
        _share(space, channel_id, fresh, args)
    return {"files": shown}


def info(space: Workspace, args: Arguments) -> Answer:
    """files.info"""
    file = space.files.get(args.required("file"))
    if file is None or not file.completed:
        raise SlackError("file_not_found")
    shown = file_json(file)
    file.polled()
    return {"file": shown, "comments": [], "response_metadata": {"next_cursor": ""}}


def _uploaded(space: Workspace, entry: Any) -> File:
    file = space.files.get(entry.get("id", "")) if isinstance(entry, dict) else None
    if file is None or file.content is None:
        raise SlackError("file_not_found")
    return file


def _complete(space: Workspace, file: File, entry: dict[str, Any]) -> None:
    """Start the processing."""
    file.completed = True
    file.title = entry.get("title") or file.name
    file.waits = space.processing_calls
    file.broken = space.files_never_ready


def _share(space: Workspace, channel_id: str, files: list[File], args: Arguments) -> None:
    """Show the files in a channel; unlike chat.postMessage this needs membership there."""
    channel = space.channel(channel_id)
    if not channel.is_member:
        raise SlackError("not_in_channel")
    ids = [file.id for file in files]
    thread_ts = args.text("thread_ts") or None
    text = args.text("initial_comment")
    space.post(Message(channel.id, space.new_ts(), text, thread_ts=thread_ts, files=ids))
    for file in files:
        file.channels.append(channel.id)
