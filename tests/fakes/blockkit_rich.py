"""`rich_text`: sections, lists, quotes, preformatted text, and what they hold."""

from __future__ import annotations

from typing import Any

from tests.fakes.blockkit_parts import Notes, check_size

REQUIRED = {
    "text": "text",
    "link": "url",
    "user": "user_id",
    "usergroup": "usergroup_id",
    "channel": "channel_id",
    "emoji": "name",
    "broadcast": "range",
    "date": "timestamp",
    "color": "value",
    "team": "team_id",
}
OPTIONAL = {
    "text": {"style"},
    "link": {"style", "text", "unsafe"},
    "user": {"style"},
    "usergroup": {"style"},
    "channel": {"style"},
    "emoji": {"unicode", "skin_tone", "style"},
    "date": {"format", "url", "fallback", "style"},
}
STYLES = {"bold", "italic", "strike", "code", "underline", "highlight", "client_highlight"}
STYLES |= {"unlink"}
CONTAINERS: dict[str, set[str]] = {
    "rich_text_section": set(),
    "rich_text_list": {"style", "indent", "offset", "border"},
    "rich_text_preformatted": {"border", "language"},
    "rich_text_quote": {"border"},
}


def check_rich_text(block: dict[str, Any], at: str, notes: Notes) -> None:
    """A rich_text block or table cell: an array of sections, lists, quotes, preformatted parts."""
    if not notes.has("elements", block, at):
        return
    if check_size(block["elements"], 1, 1000, f"{at}/elements", notes):
        for number, part in enumerate(block["elements"]):
            _check_container(part, f"{at}/elements/{number}", notes, set(CONTAINERS))


def _check_container(part: Any, at: str, notes: Notes, allowed: set[str]) -> None:
    kind = part.get("type") if isinstance(part, dict) else None
    if kind not in allowed:
        notes.add(f"{at}/type", f"unsupported type: {kind}")
        return
    notes.only({"type", "elements"} | CONTAINERS[kind], part, at)
    if kind == "rich_text_list":
        notes.among(part.get("style"), {"bullet", "ordered"}, f"{at}/style")
    if not notes.has("elements", part, at):
        return
    if check_size(part["elements"], 0, 10_000, f"{at}/elements", notes):
        for number, element in enumerate(part["elements"]):
            here = f"{at}/elements/{number}"
            if kind == "rich_text_list":
                _check_container(element, here, notes, {"rich_text_section"})
            else:
                _check_element(element, here, notes)


def _check_element(element: Any, at: str, notes: Notes) -> None:
    kind = element.get("type") if isinstance(element, dict) else None
    if kind not in REQUIRED:
        notes.add(f"{at}/type", f"unsupported type: {kind}")
        return
    needed = REQUIRED[kind]
    notes.only({"type", needed} | OPTIONAL.get(kind, set()), element, at)
    if not notes.has(needed, element, at):
        return
    if kind == "date":
        if not isinstance(element[needed], int):
            notes.add(f"{at}/{needed}", "must provide an integer")
        notes.has("format", element, at)
    else:
        notes.string(element[needed], 1, 100_000, f"{at}/{needed}")
    if kind == "broadcast":
        notes.among(element[needed], {"here", "channel", "everyone"}, f"{at}/range")
    _check_style(element.get("style", {}), f"{at}/style", notes)


def _check_style(style: Any, at: str, notes: Notes) -> None:
    if not isinstance(style, dict):
        notes.add(at, "must provide an object")
        return
    notes.only(STYLES, style, at)
    if not all(isinstance(value, bool) for value in style.values()):
        notes.add(at, "must provide booleans")
