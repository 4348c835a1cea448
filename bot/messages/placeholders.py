"""What stands in a message for what only Slack can tell: file ids of charts, ids of people.

A message is rendered once, when it is decided. Its charts are uploaded later: until then an image
block carries `@chart:<name>` instead of a file id. A handle or address to call is looked up later:
until then a rich_text element of the type `budget_bot_mention` carries it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

Json = dict[str, Any]

MENTION = "budget_bot_mention"
"""The type of the element that stands for somebody who is known by handle or address only."""

_MARK = "@chart:"


def placeholders(names: Iterable[str]) -> dict[str, str]:
    """Chart name -> what stands in for its file id."""
    return {name: f"{_MARK}{name}" for name in names}


def placed(blocks: Sequence[Json], images: Mapping[str, str]) -> list[Json]:
    """The blocks with the charts' file ids (chart name -> id); a chart without one is left out."""
    filled = (_filled(block, images) for block in blocks)
    return [block for block in filled if block is not None]


def _filled(block: Json, images: Mapping[str, str]) -> Json | None:
    mark = (block.get("slack_file") or {}).get("id", "")
    if not mark.startswith(_MARK):
        return block
    file_id = images.get(mark.removeprefix(_MARK))
    return {**block, "slack_file": {"id": file_id}} if file_id else None


def mention(who: str) -> Json:
    """The rich_text element that stands for somebody, by handle (`@search-oncall`) or address."""
    return {"type": MENTION, "mention": who}


def mentioned(blocks: Sequence[Json]) -> tuple[str, ...]:
    """Everybody in the blocks who is known by handle or address only, each once."""
    found: dict[str, None] = {}
    _replaced(list(blocks), lambda who: found.setdefault(who, None))
    return tuple(found)


def called(blocks: Sequence[Json], people: Mapping[str, Json]) -> list[Json]:
    """The blocks with the elements found for them; who is not among `people` becomes text."""
    made: list[Json] = _replaced(
        list(blocks), lambda who: people.get(who) or {"type": "text", "text": who}
    )
    return made


def _replaced(part: Any, element: Callable[[str], Any]) -> Any:
    if isinstance(part, list):
        return [_replaced(each, element) for each in part]
    if not isinstance(part, dict):
        return part
    if part.get("type") == MENTION:
        return element(part["mention"])
    return {name: _replaced(value, element) for name, value in part.items()}
