"""What pydantic's error types mean, in words a person understands.

The types are listed at https://docs.pydantic.dev/latest/errors/validation_errors/.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from bot.config.places import KeyPath
from bot.config.problems import short

EXPECTED: Mapping[str, str] = {
    error_type: expected
    for expected, error_types in {
        "text": "string_type string_sub_type string_unicode bytes_type",
        "a whole number": "int_type int_parsing int_parsing_size int_from_float",
        "a number": "float_type float_parsing decimal_type decimal_parsing finite_number",
        "true or false": "bool_type bool_parsing",
        "a list": "list_type tuple_type set_type frozen_set_type iterable_type deque_type",
        "a mapping": "dict_type mapping_type model_type model_attributes_type dataclass_type",
        "a date such as 2026-01-31": "date_type date_parsing date_from_datetime_parsing "
        "date_from_datetime_inexact",
        'a time such as "09:00"': "time_type time_parsing",
        "an instant such as 2026-01-31T09:00:00Z": "datetime_type datetime_parsing "
        "datetime_object_invalid datetime_from_date_parsing timezone_aware",
        "a length of time": "time_delta_type time_delta_parsing",
        "a URL": "url_type url_parsing url_syntax_violation",
        "the path of a file or folder": "path_type",
        "left empty": "none_required",
    }.items()
    for error_type in error_types.split()
}
"""By error type: what belongs there. These errors say that a value has the wrong shape."""

_LIMITS: Mapping[str, str] = {
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be {ge} or more",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be {le} or less",
    "multiple_of": "must be a multiple of {multiple_of}",
    "string_too_short": "must have {min_length} characters or more",
    "string_too_long": "must have {max_length} characters or fewer",
    "too_short": "must have {min_length} items or more",
    "too_long": "must have {max_length} items or fewer",
    "string_pattern_mismatch": "must have the form {pattern}",
    "decimal_max_digits": "must have {max_digits} digits or fewer",
    "decimal_max_places": "must have {decimal_places} digits or fewer after the point",
    "decimal_whole_digits": "must have {whole_digits} digits or fewer before the point",
}
_PREFIX = re.compile(r"(?:Value error|Assertion failed), ")
_QUOTED = re.compile(r"""(['"]).*\1""", re.S)
_WORD = re.compile(r"'((?:[^'\\]|\\.)*)'|([^\s,']+)")


def label(path: KeyPath) -> str:
    """What a person calls a value: `'limit_usd'`, `item 2 of 'steps'`."""
    names = [step for step in path if isinstance(step, str)]
    name = f"'{short(names[-1])}'" if names else "the file"
    if path and isinstance(path[-1], int):
        return f"item {path[-1] + 1} of {name}"
    return name


def sort_of(value: Any) -> str:
    """What sort of value a file has, never the value."""
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, Decimal) and value != value.to_integral_value():
        return "a fraction"
    sorts = {str: "text", int: "a number", Decimal: "a number", list: "a list", dict: "a mapping"}
    return sorts.get(type(value), "something else")


def limit(error_type: str, context: Mapping[str, Any]) -> str | None:
    """What a value keeps to: `must be more than 0`; None if the error is of another type."""
    if error_type in ("too_short", "string_too_short") and context.get("min_length") == 1:
        return "must not be empty"
    template = _LIMITS.get(error_type)
    if template is None:
        return None
    plain = {name: _plain(value) for name, value in context.items()}
    return template.format_map(plain)


def own_words(message: str, *, is_secret: bool) -> tuple[str, str | None]:
    """What a validator says, and the way out if it has a second line.

    Near secrets whatever stands in quotes is left out: `int("sk-...")` quotes what it was given.
    """
    text = _PREFIX.sub("", message, count=1)
    if is_secret:
        text = _QUOTED.sub("'…'", text)
    said, _, hint = text.partition("\n")
    return said, hint or None


def listed(expected: str) -> tuple[str, ...]:
    """The words in pydantic's `'day', 'week' or 'month'`."""
    found = ((quoted, bare) for quoted, bare in _WORD.findall(expected))
    return tuple(quoted or bare for quoted, bare in found if bare != "or")


def _plain(value: Any) -> str:
    return f"{value:f}" if isinstance(value, Decimal) else str(value)
