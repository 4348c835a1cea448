"""What an unquoted word of YAML means: fewer things than YAML 1.1 says, and never by surprise.

    true, false               bool          null, ~, nothing          None
    12, -3                    int           1.5, .5, 2e3              Decimal, every digit kept
    2026-01-01, 09:00, 1:30   text          everything else           text

Words that YAML readers disagree about (no, on, True, 0123, 1_000, 0x1F, .inf) are refused: their
writer may have meant either. The YAML 1.1 readings are at https://yaml.org/type/.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import NamedTuple

Scalar = str | int | Decimal | bool | None

_CONSTANTS: dict[str, Scalar] = {"true": True, "false": False, "null": None, "~": None, "": None}
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_DECIMAL = re.compile(r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE]([-+]?[0-9]+))?")
_LONGEST_NUMBER = 40
_LARGEST_EXPONENT = 30


class Refusal(NamedTuple):
    """Why a word is not accepted. The word itself is not in it: it may be a secret."""

    message: str
    hint: str


def _two_readings(meaning: str) -> Refusal:
    return Refusal(
        f"YAML readers disagree whether this word is text or means {meaning}",
        f"write {meaning}, or put the word in quotes",
    )


_WORDS = (
    {word: _two_readings("true") for word in ("yes", "on", "y", "true")}
    | {word: _two_readings("false") for word in ("no", "off", "n", "false")}
    | {"null": _two_readings("null")}
    | dict.fromkeys(
        (".inf", "-.inf", "+.inf", ".nan"),
        Refusal("infinity and not-a-number are not accepted", "write a finite number"),
    )
)
_NUMBERS = (
    (
        re.compile(r"[-+]?0(?:[xX][0-9a-fA-F_]+|[oO][0-7_]+|[bB][01_]+)"),
        Refusal(
            "hexadecimal, octal and binary numbers are not accepted",
            "write the number in decimal digits, or put it in quotes if it is text",
        ),
    ),
    (
        re.compile(r"[-+]?0[0-9]+(?:\.[0-9]*)?"),
        Refusal(
            "YAML readers disagree what a number with a leading zero means",
            "write it without the zero, or put it in quotes if it is text",
        ),
    ),
    (
        re.compile(r"[-+]?[0-9][0-9_]*(?:\.[0-9_]*)?(?:[eE][-+]?[0-9]+)?"),
        Refusal(
            "YAML readers disagree whether digits with underscores are a number",
            "write the digits alone, or put it in quotes if it is text",
        ),
    ),
)
_TOO_LONG = Refusal(
    f"numbers of more than {_LONGEST_NUMBER} characters are not accepted",
    "put it in quotes if it is text",
)
_TOO_EXTREME = Refusal(
    f"exponents beyond {_LARGEST_EXPONENT} are not accepted", "put it in quotes if it is text"
)


def resolve(word: str) -> Scalar | Refusal:
    """The value of an unquoted word, or why it is refused."""
    if word in _CONSTANTS:
        return _CONSTANTS[word]
    if word[0] in "+-.0123456789":
        return _WORDS.get(word.lower()) or _number_or_text(word)
    return _WORDS.get(word.lower(), word)


def _number_or_text(word: str) -> Scalar | Refusal:
    if _INTEGER.fullmatch(word):
        return int(word) if len(word) <= _LONGEST_NUMBER else _TOO_LONG
    if number := _DECIMAL.fullmatch(word):
        if len(word) > _LONGEST_NUMBER:
            return _TOO_LONG
        # int(Decimal("1e999999999")) would fill the memory of whoever rounds it.
        return Decimal(word) if abs(int(number[1] or 0)) <= _LARGEST_EXPONENT else _TOO_EXTREME
    return next((refusal for form, refusal in _NUMBERS if form.fullmatch(word)), word)
