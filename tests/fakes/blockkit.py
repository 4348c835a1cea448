"""Would Slack take these blocks? `problems` answers with Slack's kind of sentences.

    problems([{"type": "header", "text": {"type": "mrkdwn", "text": "x"}}])
    -> ["must be a plain_text object [json-pointer:/blocks/0/text]"]

Rules: https://docs.slack.dev/reference/block-kit (blocks for messages), and for the sum of all
text what users report (slackapi/bolt-js #2509: about 13,200 characters). Unknown fields are
refused, as Slack does; `card`, `carousel`, `container` and `video` are checked for limits only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from tests.fakes.blockkit_data import check_chart, check_data_table, check_table
from tests.fakes.blockkit_parts import (
    Notes,
    check_elements,
    check_id,
    check_image_source,
    check_size,
    check_text,
)
from tests.fakes.blockkit_rich import check_rich_text

MOST_BLOCKS = 50
MOST_TEXT = 13_200
MOST_MARKDOWN = 12_000
TOO_LONG = "msg_blocks_too_long"
ONE_TABLE = "only_one_table_allowed"


def problems(blocks: Any, at: str = "/blocks") -> list[str]:
    """Everything Slack would refuse about a message's blocks; empty when all is well.

    `at` is where the blocks stand in the message, for the pointers.

    A message too long as a whole gives a sentence that begins with `TOO_LONG`, more than one
    table one that begins with `ONE_TABLE`; all others mean `invalid_blocks`.
    """
    notes = Notes()
    if not isinstance(blocks, list):
        notes.add(at, "must provide an array")
        return notes.found
    if len(blocks) > MOST_BLOCKS:
        notes.add(at, f"no more than {MOST_BLOCKS} items allowed")
    for number, block in enumerate(blocks):
        _check_block(block, f"{at}/{number}", notes)
    if not notes.found:
        _check_whole(blocks, at, notes)
    return notes.found


def text_length(value: Any) -> int:
    """Characters of all text that a reader sees in blocks (or any part of them)."""
    match value:
        case dict():
            own = {key: item for key, item in value.items() if key in _VISIBLE}
            texts = sum(len(item) for item in own.values() if isinstance(item, str))
            return texts + sum(text_length(item) for item in value.values())
        case list():
            return sum(text_length(item) for item in value)
        case _:
            return 0


_VISIBLE = {"text", "alt_text", "title"}


def _check_block(block: Any, at: str, notes: Notes) -> None:
    if not isinstance(block, dict):
        notes.add(at, "must provide an object")
        return
    kind = block.get("type")
    if not isinstance(kind, str) or kind not in _CHECKS:
        reason = f"unsupported type: {kind}" if kind else "missing required field: type"
        notes.add(f"{at}/type" if kind else at, reason)
        return
    fields, check = _CHECKS[kind]
    if fields is not None:
        notes.only({"type", "block_id", *fields}, block, at)
    if "block_id" in block:
        check_id(block["block_id"], f"{at}/block_id", notes)
    check(block, at, notes)


def _check_whole(blocks: list[dict[str, Any]], at: str, notes: Notes) -> None:
    """Rules about the message: ids, tables, charts, and how much text there is."""
    ids = Counter(block["block_id"] for block in blocks if "block_id" in block)
    for block_id in (name for name, times in ids.items() if times > 1):
        notes.add(at, f'`block_id` "{block_id}" already exists')
    kinds = Counter(block["type"] for block in blocks)
    if kinds["table"] > 1:
        notes.found.append(f"{ONE_TABLE}: {kinds['table']} tables")
    if kinds["data_visualization"] > 2:
        notes.add(at, "no more than 2 data_visualization blocks allowed")
    written = sum(len(block["text"]) for block in blocks if block["type"] == "markdown")
    if written > MOST_MARKDOWN:
        notes.add(at, f"markdown blocks must be at most {MOST_MARKDOWN} characters together")
    if (length := text_length(blocks)) > MOST_TEXT:
        notes.found.append(f"{TOO_LONG}: {length} characters, {MOST_TEXT} allowed")


def _check_section(block: dict[str, Any], at: str, notes: Notes) -> None:
    if "text" not in block and "fields" not in block:
        notes.add(at, "must define either `text` or `fields`")
    if "text" in block:
        check_text(block["text"], f"{at}/text", notes)
    if "fields" in block and check_size(block["fields"], 1, 10, f"{at}/fields", notes):
        for number, text in enumerate(block["fields"]):
            check_text(text, f"{at}/fields/{number}", notes, most=2000)
    if "accessory" in block:
        check_elements([block["accessory"]], f"{at}/accessory", notes, accessory=True)


def _check_header(block: dict[str, Any], at: str, notes: Notes) -> None:
    if notes.has("text", block, at):
        check_text(block["text"], f"{at}/text", notes, most=150, plain=True)


def _check_context(block: dict[str, Any], at: str, notes: Notes) -> None:
    if not notes.has("elements", block, at):
        return
    if check_size(block["elements"], 1, 10, f"{at}/elements", notes):
        for number, element in enumerate(block["elements"]):
            _check_context_element(element, f"{at}/elements/{number}", notes)


def _check_context_element(element: Any, at: str, notes: Notes) -> None:
    if isinstance(element, dict) and element.get("type") == "image":
        notes.only({"type", "image_url", "slack_file", "alt_text"}, element, at)
        check_image_source(element, at, notes)
    else:
        check_text(element, at, notes)


def _check_image(block: dict[str, Any], at: str, notes: Notes) -> None:
    check_image_source(block, at, notes)
    if "title" in block:
        check_text(block["title"], f"{at}/title", notes, most=2000, plain=True)


def _check_actions(block: dict[str, Any], at: str, notes: Notes) -> None:
    if notes.has("elements", block, at):
        elements = block["elements"]
        if check_size(elements, 1, 25, f"{at}/elements", notes):
            check_elements(elements, f"{at}/elements", notes)


def _check_markdown(block: dict[str, Any], at: str, notes: Notes) -> None:
    if notes.has("text", block, at):
        notes.string(block["text"], 1, MOST_MARKDOWN, f"{at}/text")


def _check_card(block: dict[str, Any], at: str, notes: Notes) -> None:
    if "actions" in block:
        check_size(block["actions"], 0, 3, f"{at}/actions", notes)
    for name, most in (("title", 150), ("body", 200)):
        if text_length({"text": block.get(name)}) > most:
            notes.add(f"{at}/{name}", f"must be less than {most + 1} characters")


def _check_container(block: dict[str, Any], at: str, notes: Notes) -> None:
    children = block.get("child_blocks", [])
    if check_size(children, 0, 10, f"{at}/child_blocks", notes):
        for number, child in enumerate(children):
            _check_block(child, f"{at}/child_blocks/{number}", notes)


def _check_loosely(_block: dict[str, Any], _at: str, _notes: Notes) -> None:
    """A block whose rules are not known well enough to refuse anything."""


_Check = Callable[[dict[str, Any], str, Notes], None]
_CHECKS: Mapping[str, tuple[frozenset[str] | None, _Check]] = {
    "section": (frozenset({"text", "fields", "accessory", "expand"}), _check_section),
    "header": (frozenset({"text"}), _check_header),
    "context": (frozenset({"elements"}), _check_context),
    "divider": (frozenset(), _check_loosely),
    "image": (frozenset({"image_url", "slack_file", "alt_text", "title"}), _check_image),
    "actions": (frozenset({"elements"}), _check_actions),
    "rich_text": (frozenset({"elements"}), check_rich_text),
    "markdown": (frozenset({"text"}), _check_markdown),
    "table": (frozenset({"rows", "column_settings"}), check_table),
    "data_table": (None, check_data_table),
    "data_visualization": (frozenset({"title", "chart"}), check_chart),
    "card": (None, _check_card),
    "container": (None, _check_container),
    "carousel": (None, _check_loosely),
    "video": (None, _check_loosely),
}
