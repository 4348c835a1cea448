"""YAML that the loader reads back as it was, whatever a name looks like.

    written({"rules": [{"name": "caps", "limit_usd": {"default": 50}}]})

Strings stand unquoted only where they cannot be anything else. Comments are one line of visible
characters.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any
from unicodedata import category

from bot.config.yamlscalars import resolve
from bot.kinds.base import Rule
from bot.spend.durations import duration_words
from bot.spend.names import clean

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_./-]*(?: [A-Za-z0-9][A-Za-z0-9_./-]*)*")
_LONGEST_FLOW = 90


def scalar(value: Any) -> str:
    """One value: `null`, `true`, `12.5`, `search`, `"search*"`."""
    match value:
        case None | True | False:
            return {None: "null", True: "true", False: "false"}[value]
        case float() | Decimal():
            return number(Decimal(repr(value)) if isinstance(value, float) else value)
        case timedelta():
            return duration_words(value)
        case int() | date():
            return str(value)
        case _:
            return quoted(str(value.value if isinstance(value, Enum) else value))


def number(value: Decimal) -> str:
    """A number without an exponent and without zeros that say nothing."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def quoted(text: str) -> str:
    """A string, in quotes unless it can be nothing else without them.

    Raises ValueError for what no YAML file of ours may hold: control characters, halves of
    surrogate pairs.
    """
    if any(category(character) in ("Cc", "Cs") for character in text):
        raise ValueError("control characters cannot be written")
    if _PLAIN.fullmatch(text) and resolve(text) == text:
        return text
    return '"' + "".join(map(_escaped, text)) + '"'


def comment(text: str, limit: int = 100) -> str:
    """`# text`, on one line, of visible characters only."""
    return f"# {clean(text, limit)}"


def written(document: Mapping[str, Any]) -> str:
    """A mapping of keys to values, mappings and lists; the values of these in flow style if short.

    Raises ValueError as `quoted` does. A key may have up to 1,000 characters.
    """
    return "\n".join(_mapping(document, 0)) + "\n"


def rule_entry(rule: Rule) -> dict[str, Any]:
    """What a rule file says of a rule: the keys that were set, as they are written there."""
    said = rule.model_dump(mode="python", exclude_unset=True, by_alias=True)
    said = {"name": rule.name, "kind": rule.kind, **said}
    for key in ("limit_usd", "limit"):
        limits = said.get(key)
        if isinstance(limits, Mapping) and list(limits) == ["default"]:
            said[key] = limits["default"]
    if isinstance(per := said.get("per"), tuple) and len(per) == 1:
        said["per"] = per[0]
    return said


def _mapping(values: Mapping[str, Any], depth: int) -> Iterator[str]:
    indent = "  " * depth
    for key, value in values.items():
        name = quoted(str(key))
        if _is_block(value, len(indent) + len(name)):
            yield f"{indent}{name}:"
            yield from _block(value, depth + 1)
        else:
            yield f"{indent}{name}: {flow(value)}"


def _is_block(value: Any, before: int) -> bool:
    if isinstance(value, list) and value and isinstance(value[0], Mapping):
        return True
    return isinstance(value, Mapping) and before + len(flow(value)) > _LONGEST_FLOW


def _block(value: Any, depth: int) -> Iterator[str]:
    if isinstance(value, Mapping):
        yield from _mapping(value, depth)
        return
    indent = "  " * depth
    for entry in value:
        first, *others = _mapping(entry, depth + 1)
        yield f"{indent}- {first.lstrip()}"
        yield from others


def flow(value: Any) -> str:
    """A value on one line: `{default: 50, "search*": 120}`, `[80, 100]`."""
    if isinstance(value, Mapping):
        entries = (f"{quoted(str(_name(key)))}: {flow(of)}" for key, of in value.items())
        return "{" + ", ".join(entries) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(flow, value)) + "]"
    return scalar(str(value) if isinstance(value, Path) else value)


def _name(key: Any) -> Any:
    return key.value if isinstance(key, Enum) else key


def _escaped(character: str) -> str:
    if character in {'"', "\\"}:
        return "\\" + character
    if character.isprintable() and ord(character) < 0xFF00:
        return character
    if ord(character) <= 0xFFFF:
        return json.dumps(character)[1:-1]
    return f"\\U{ord(character):08X}"
