"""Where a message's charts go while they have no Slack file id yet.

A message is rendered once, when it is decided, and its charts are uploaded later: until then an
image block carries `@chart:<name>` instead of a file id.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Json = dict[str, Any]

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
