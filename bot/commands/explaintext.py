"""An explanation on a terminal: 80 columns, a table of days, no colour."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

from bot.commands.toldstate import state_lines

_WIDTH = 80


def lines_of(document: dict[str, Any]) -> list[str]:
    """The document in words."""
    options = ", ".join(f"{name}: {_option(v)}" for name, v in document["options"].items())
    lines = [
        *_wrapped(
            f"{document['rule']} ({document['kind']}) · {document['subject']['name']} · "
            f"{document['period']['name']}"
        ),
        f"  key: {document['key']}",
        *_wrapped(f"options: {options or 'none, all defaults'}", 2),
        "",
        *_wrapped(_verdict(document)),
        *(line for cause in document["causes"] for line in _wrapped(cause)),
        *_quiet(document),
        "",
        "How it is worked out",
        *(line for each in document["formula"] for line in _formula(each)),
    ]
    if document["days"]:
        lines += ["", "Days", *_table(document["days"])]
    lines += ["", *state_lines(document["alert"])]
    if document["silence"]:
        lines += ["", "What would silence it"]
        lines += [line for each in document["silence"] for line in _way_out(each)]
    return lines


def _way_out(text: str) -> list[str]:
    """A command stays in one piece, to be copied."""
    said, colon, command = text.partition(": bot ")
    return [f"  {said}:", f"    bot {command}"] if colon else _wrapped(text, 2)


def _quiet(document: dict[str, Any]) -> list[str]:
    """Why nobody was told although it holds."""
    lines = []
    if not document["enabled"]:
        lines += ["The rule is off (`enabled: false`): it tells nothing."]
    if document["inhibited_by"]:
        lines += ["Not told by itself; this alert tells it already:"]
        lines += [f"  {document['inhibited_by']}"]
    return lines


def _table(days: Sequence[dict[str, Any]]) -> list[str]:
    amounts = max(len(entry["shown"]) for entry in days)
    return [
        f"  {entry['day']}  {entry['weekday'][:3]}  {entry['shown']:>{amounts}}  "
        f"{entry['state']:8}  {_remark(entry)}"
        for entry in days
    ]


def _remark(entry: dict[str, Any]) -> str:
    return str(entry["use"]) if entry["usable"] else f"not used: {entry['why_not']}"


def _verdict(document: dict[str, Any]) -> str:
    """A sentence. What holds is one already, and may begin with a name as it is written."""
    text = str(document["verdict"])
    whole = text if document["holds"] else f"{text[0].upper()}{text[1:]}"
    return whole if whole.endswith((".", "!", "?")) else f"{whole}."


def _formula(text: str) -> list[str]:
    """A line of the formula, with the indent it has and a deeper one where it goes on."""
    by = 2 + len(text) - len(text.lstrip())
    return _wrapped(text.lstrip(), by)


def _wrapped(text: str, by: int = 0) -> list[str]:
    indent = " " * by
    after = indent + "  " if by else ""
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=indent,
        subsequent_indent=after,
        break_on_hyphens=False,
        break_long_words=False,
    )


def _option(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {_option(of)}" for name, of in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_option(of) for of in value) + "]"
    return f"{value:g}" if isinstance(value, float) else str(value)
