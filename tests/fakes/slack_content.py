"""What a message may hold: blocks, attachments, pictures by `slack_file`, metadata."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from tests.fakes import blockkit
from tests.fakes.slack_model import Arguments, File, Message, SlackError, Workspace
from tests.fakes.slack_shown import Answer, file_json

EVENT_TYPE = re.compile(r"[A-Za-z0-9_-]+")


def content(space: Workspace, args: Arguments) -> tuple[list[Answer], list[Answer]]:
    """Blocks and attachments, checked; `no_text` where there is nothing to show."""
    blocks = _array(args, "blocks", "invalid_blocks_format")
    attachments = _array(args, "attachments", "invalid_attachments")
    if not (args.text("text") or blocks or attachments):
        raise SlackError("no_text")
    refuse_blocks(blockkit.problems(blocks))
    refuse_blocks(_file_problems(space, blocks, "/blocks"))
    _check_attachments(space, attachments)
    return blocks, attachments


def refuse_blocks(problems: list[str], error: str = "invalid_blocks") -> None:
    """Raise what Slack answers to these problems, if there are any."""
    if not problems:
        return
    if problems[-1].startswith(blockkit.TOO_LONG):
        raise SlackError("msg_blocks_too_long")
    if problems[0].startswith(blockkit.ONE_TABLE):
        raise SlackError("invalid_attachments", errors=[blockkit.ONE_TABLE])
    raise SlackError(error, errors=problems)


def kept_metadata(space: Workspace, args: Arguments) -> tuple[Answer | None, list[str]]:
    """What is kept of the metadata; an invalid schema costs it all, with a mere warning."""
    value = args.decoded("metadata", "invalid_metadata_format")
    if value is None:
        return None, []
    if not isinstance(value, dict):
        raise SlackError("invalid_metadata_format")
    event_type = value.get("event_type")
    sound = isinstance(event_type, str) and EVENT_TYPE.fullmatch(event_type)
    if not sound or not isinstance(value.get("event_payload"), dict):
        return None, ["invalid_metadata_schema"]
    if len(json.dumps(value)) > space.metadata_limit:
        raise SlackError("metadata_too_large")
    return {"event_type": event_type, "event_payload": value["event_payload"]}, []


def share_files(space: Workspace, message: Message) -> None:
    """Posting a private file's id shares it into the channel."""
    shown = [message.blocks, message.attachments]
    for _, reference in _file_references(shown, ""):
        file = _find_file(space, reference)
        if file and message.channel not in file.channels:
            file.channels.append(message.channel)


def _array(args: Arguments, name: str, error: str) -> list[Answer]:
    value = args.decoded(name, error)
    if value is None:
        return []
    if not isinstance(value, list):
        raise SlackError(error)
    return value


def _check_attachments(space: Workspace, attachments: list[Answer]) -> None:
    if len(attachments) > 100:
        raise SlackError("too_many_attachments")
    for number, attachment in enumerate(attachments):
        at = f"/attachments/{number}/blocks"
        blocks = attachment.get("blocks", [])
        refuse_blocks(blockkit.problems(blocks, at), "invalid_attachments")
        refuse_blocks(_file_problems(space, blocks, at), "invalid_attachments")


def _file_problems(space: Workspace, value: Any, at: str) -> list[str]:
    """`slack_file`s that do not exist, are not pictures, or are still being processed."""
    return [
        f"invalid slack file [json-pointer:{place}]"
        for place, reference in _file_references(value, at)
        if not ((file := _find_file(space, reference)) and file.is_picture)
    ]


def _file_references(value: Any, at: str) -> Iterator[tuple[str, Answer]]:
    if isinstance(value, list):
        for number, item in enumerate(value):
            yield from _file_references(item, f"{at}/{number}")
    elif isinstance(value, dict):
        for name, item in value.items():
            if name == "slack_file":
                yield f"{at}/{name}", item
            else:
                yield from _file_references(item, f"{at}/{name}")


def _find_file(space: Workspace, reference: Answer) -> File | None:
    for file in space.files.values():
        shown = file_json(file)
        urls = {shown["url_private"], shown["permalink"]}
        if reference.get("id") == file.id or reference.get("url") in urls:
            return file
    return None
