"""What PyYAML says about broken syntax, said in a place and in words a person understands."""

from __future__ import annotations

from typing import NamedTuple

import yaml

from bot.config.places import Source
from bot.config.problems import Problem

Position = tuple[int, int]

_CLOSING = {"[": "]", "{": "}"}
_QUOTE_IT = 'put the value in quotes: "..."'


def explain(error: yaml.YAMLError, source: Source) -> Problem:
    """The problem behind a syntax error of either parser (libyaml's or the one in Python)."""
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return Problem(source.place(0, 0), "this is not readable as YAML")
    said = f"{error.context or ''}: {error.problem or ''}"
    at = (error.problem_mark.line, error.problem_mark.column)
    began = (error.context_mark.line, error.context_mark.column) if error.context_mark else at
    if "cannot start any token" in said or "tab character" in said:
        return _bad_start(source, at)
    if "flow sequence" in said or "flow mapping" in said:
        return _open_bracket(source, began, at)
    return _stray_mark(source, said, at) or _by_wording(source, said, began, at)


def _bad_start(source: Source, at: Position) -> Problem:
    character = source.rest_of_line(*at)[:1]
    if character == "\t":
        return Problem(source.place(*at), "a tab cannot indent in YAML", "indent with spaces")
    return Problem(source.place(*at), f"a value cannot begin with '{character}'", _QUOTE_IT)


def _open_bracket(source: Source, began: Position, at: Position) -> Problem:
    bracket = source.rest_of_line(*began)[:1]
    closing = _CLOSING.get(bracket, "]")
    if not source.rest_of_line(*at).strip():
        return Problem(source.place(*began), f"this '{bracket}' is never closed by '{closing}'")
    if source.rest_of_line(at[0], max(0, at[1] - 1)).startswith("${"):
        message = "'${...}' inside [ ] and { } needs quotes"
        return Problem(source.place(at[0], at[1] - 1), message, 'write "${...}"')
    return Problem(
        source.place(*at),
        f"expected ',' or '{closing}' here",
        f"the '{bracket}' of line {began[0] + 1} is still open",
    )


def _stray_mark(source: Source, said: str, at: Position) -> Problem | None:
    mark = source.rest_of_line(*at)[:1]
    if mark in ("]", "}") and "scanning" not in said:
        return Problem(source.place(*at), f"this '{mark}' closes nothing", "remove it")
    if mark == ":" and "while parsing a block mapping" in said:
        return Problem(source.place(*at), "there is no key before this ':'", "write one")
    return None


class _Wording(NamedTuple):
    """Words of either parser, and what they mean to a person."""

    said: tuple[str, ...]
    message: str
    hint: str | None = None
    where_it_began: bool = False


_WORDINGS = (
    _Wording(
        ("mapping values are not allowed", "unexpected ':'"),
        "a ':' cannot stand here",
        "check the indentation of this line and the one before; quote a value that holds ': '",
    ),
    _Wording(
        ("scanning an alias",),
        "a '*' begins an alias in YAML",
        'put a name pattern in quotes: "*"',
        where_it_began=True,
    ),
    _Wording(("scanning an anchor",), "a '&' begins an anchor in YAML", _QUOTE_IT, True),
    _Wording(
        ("scanning a tag", "parsing a tag"),
        "a '!' begins a tag in YAML",
        'put an exclusion in quotes: "!name"',
        where_it_began=True,
    ),
    _Wording(
        ("unexpected end of stream", "document indicator", "document separator"),
        "this quote is never closed",
        "close it; within single quotes, a quote is written twice",
        where_it_began=True,
    ),
    _Wording(
        ("escape", "hexdecimal", "hexadecimal"),
        "this escape after a backslash does not exist",
        "use single quotes, or write two backslashes for one",
    ),
    _Wording(
        ("'-' indicator", "but found '?'"),
        "expected another '- ' item of the list before it here",
        "check the indentation of this line and of the list",
    ),
    _Wording(
        ("did not find expected key", "expected <block end>"),
        "this does not fit the mapping it stands in",
        "check the indentation, and that quotes hold the whole value",
    ),
    _Wording(
        ("could not find expected ':'",),
        "this is not a 'key: value'",
        "write ': ' after the key; check the indentation",
        where_it_began=True,
    ),
    _Wording(
        ("block scalar",),
        "this block text is broken",
        "after '|' or '>' the text begins on the next line",
        where_it_began=True,
    ),
    _Wording(
        ("<document start>",),
        "here the document is already over",
        "check the indentation and the brackets of the lines before",
    ),
    _Wording(
        ("directive", "incompatible YAML"),
        "lines that begin with '%' are not accepted",
        "remove the line",
        where_it_began=True,
    ),
    _Wording(("node content",), "expected a value here", _QUOTE_IT),
)


def _by_wording(source: Source, said: str, began: Position, at: Position) -> Problem:
    for wording in _WORDINGS:
        if any(words in said for words in wording.said):
            place = source.place(*(began if wording.where_it_began else at))
            return Problem(place, wording.message, wording.hint)
    return Problem(source.place(*at), "this is not readable as YAML")
