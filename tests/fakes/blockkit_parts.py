"""The parts blocks are made of: text objects, ids, images, buttons and menus, confirmations."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

FILE_ID = re.compile(r"F[A-Z0-9]{8,}")
OTHER_ELEMENTS = {
    "external_select",
    "users_select",
    "conversations_select",
    "channels_select",
    "multi_static_select",
    "multi_external_select",
    "multi_users_select",
    "multi_conversations_select",
    "multi_channels_select",
    "datepicker",
    "timepicker",
    "datetimepicker",
    "radio_buttons",
    "checkboxes",
    "workflow_button",
}


class Notes:
    """What was found so far, as sentences with a JSON pointer."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def add(self, at: str, reason: str) -> None:
        """Note one problem at a pointer."""
        self.found.append(f"{reason} [json-pointer:{at}]")

    def has(self, name: str, part: dict[str, Any], at: str) -> bool:
        """Is a required field there?"""
        if name not in part:
            self.add(at, f"missing required field: {name}")
        return name in part

    def only(self, allowed: set[str], part: dict[str, Any], at: str) -> None:
        """Note every field the part must not have."""
        for name in part.keys() - allowed:
            self.add(at, f"invalid additional property: {name}")

    def string(self, value: Any, least: int, most: int, at: str) -> None:
        """Note a value that is no string of this length."""
        if not isinstance(value, str):
            self.add(at, "must provide a string")
        elif len(value) < least:
            self.add(at, f"must be more than {least - 1} characters")
        elif len(value) > most:
            self.add(at, f"must be less than {most + 1} characters")

    def among(self, value: Any, allowed: set[str], at: str) -> None:
        """Note a value that is not one of the allowed ones."""
        if value not in allowed:
            self.add(at, f"must be one of {', '.join(sorted(allowed))}")


def check_size(items: Any, least: int, most: int, at: str, notes: Notes) -> bool:
    """Is this an array of that many items? Notes it if not; True if its items can be checked."""
    if not isinstance(items, list):
        notes.add(at, "must provide an array")
        return False
    if len(items) > most:
        notes.add(at, f"no more than {most} items allowed")
    if len(items) < least:
        notes.add(at, f"no fewer than {least} items allowed")
    return True


def check_text(text: Any, at: str, notes: Notes, *, most: int = 3000, plain: bool = False) -> None:
    """A text object: 1 to `most` characters; `plain` refuses mrkdwn."""
    if not isinstance(text, dict):
        notes.add(at, "must provide an object")
        return
    if text.get("type") not in ({"plain_text"} if plain else {"plain_text", "mrkdwn"}):
        reason = "must be a plain_text object" if plain else "must be a text object"
        notes.add(at, reason)
        return
    flag = "emoji" if text["type"] == "plain_text" else "verbatim"
    notes.only({"type", "text", flag}, text, at)
    if not isinstance(text.get(flag, False), bool):
        notes.add(f"{at}/{flag}", "must provide a boolean")
    if notes.has("text", text, at):
        notes.string(text["text"], 1, most, f"{at}/text")


def check_id(value: Any, at: str, notes: Notes) -> None:
    """An action_id or block_id."""
    notes.string(value, 1, 255, at)


def check_image_source(image: dict[str, Any], at: str, notes: Notes) -> None:
    """`alt_text`, and exactly one of `image_url` and `slack_file`."""
    if notes.has("alt_text", image, at):
        notes.string(image["alt_text"], 1, 2000, f"{at}/alt_text")
    if ("image_url" in image) == ("slack_file" in image):
        notes.add(at, "must define exactly one of `image_url` or `slack_file`")
    if "image_url" in image:
        notes.string(image["image_url"], 1, 3000, f"{at}/image_url")
    if "slack_file" in image:
        _check_slack_file(image["slack_file"], f"{at}/slack_file", notes)


def _check_slack_file(file: Any, at: str, notes: Notes) -> None:
    if not isinstance(file, dict) or len(file) != 1 or not file.keys() <= {"id", "url"}:
        notes.add(at, "must define exactly one of `id` or `url`")
    elif "id" in file and not (isinstance(file["id"], str) and FILE_ID.fullmatch(file["id"])):
        notes.add(f"{at}/id", f"does not match pattern {FILE_ID.pattern}")


def check_elements(elements: list[Any], at: str, notes: Notes, *, accessory: bool = False) -> None:
    """Interactive elements of an actions block, or a section's one accessory (also an image)."""
    for number, element in enumerate(elements):
        here = at if accessory else f"{at}/{number}"
        if not isinstance(element, dict):
            notes.add(here, "must provide an object")
        elif accessory and element.get("type") == "image":
            notes.only({"type", "image_url", "slack_file", "alt_text"}, element, here)
            check_image_source(element, here, notes)
        else:
            _check_element(element, here, notes)
    ids = Counter(e["action_id"] for e in elements if isinstance(e, dict) and "action_id" in e)
    for action_id in (name for name, times in ids.items() if times > 1):
        notes.add(at, f'`action_id` "{action_id}" already exists')


def _check_element(element: dict[str, Any], at: str, notes: Notes) -> None:
    kind = element.get("type")
    if "action_id" in element:
        check_id(element["action_id"], f"{at}/action_id", notes)
    if "confirm" in element:
        _check_confirm(element["confirm"], f"{at}/confirm", notes)
    if kind == "button":
        _check_button(element, at, notes)
    elif kind == "overflow":
        notes.only({"type", "action_id", "options", "confirm"}, element, at)
        _check_options(element, 1, 5, at, notes)
    elif kind == "static_select":
        _check_select(element, at, notes)
    elif kind not in OTHER_ELEMENTS:
        notes.add(f"{at}/type", f"unsupported type: {kind}")


_BUTTON = {"type", "text", "action_id", "url", "value", "style", "confirm", "accessibility_label"}


def _check_button(button: dict[str, Any], at: str, notes: Notes) -> None:
    notes.only(_BUTTON, button, at)
    if notes.has("text", button, at):
        check_text(button["text"], f"{at}/text", notes, most=75, plain=True)
    for name, most in (("value", 2000), ("url", 3000), ("accessibility_label", 75)):
        if name in button:
            notes.string(button[name], 1, most, f"{at}/{name}")
    if "style" in button:
        notes.among(button["style"], {"primary", "danger"}, f"{at}/style")


_SELECT = {
    "type",
    "action_id",
    "options",
    "option_groups",
    "initial_option",
    "confirm",
    "focus_on_load",
    "placeholder",
}


def _check_select(select: dict[str, Any], at: str, notes: Notes) -> None:
    notes.only(_SELECT, select, at)
    if "placeholder" in select:
        check_text(select["placeholder"], f"{at}/placeholder", notes, most=150, plain=True)
    if "option_groups" not in select:
        _check_options(select, 1, 100, at, notes)
    elif check_size(select["option_groups"], 1, 100, f"{at}/option_groups", notes):
        for number, group in enumerate(select["option_groups"]):
            here = f"{at}/option_groups/{number}"
            check_text(group.get("label"), f"{here}/label", notes, most=75, plain=True)
            _check_options(group, 1, 100, here, notes)


def _check_options(part: dict[str, Any], least: int, most: int, at: str, notes: Notes) -> None:
    if not notes.has("options", part, at):
        return
    if check_size(part["options"], least, most, f"{at}/options", notes):
        for number, option in enumerate(part["options"]):
            _check_option(option, f"{at}/options/{number}", notes)


def _check_option(option: Any, at: str, notes: Notes) -> None:
    if not isinstance(option, dict):
        notes.add(at, "must provide an object")
        return
    notes.only({"text", "value", "description", "url"}, option, at)
    check_text(option.get("text"), f"{at}/text", notes, most=75)
    if notes.has("value", option, at):
        notes.string(option["value"], 1, 150, f"{at}/value")
    if "description" in option:
        check_text(option["description"], f"{at}/description", notes, most=75)


def _check_confirm(confirm: Any, at: str, notes: Notes) -> None:
    if not isinstance(confirm, dict):
        notes.add(at, "must provide an object")
        return
    notes.only({"title", "text", "confirm", "deny", "style"}, confirm, at)
    for name, most in (("title", 100), ("text", 300), ("confirm", 30), ("deny", 30)):
        if notes.has(name, confirm, at):
            plain = name != "text"
            check_text(confirm[name], f"{at}/{name}", notes, most=most, plain=plain)
