"""Names from the API made fit to be shown: one line, short, nothing invisible.

A project's name is whatever somebody typed. `clean` is for names, `visible` for whole sentences
that may hold one; escaping for Slack is the renderer's work and comes after.
"""

from __future__ import annotations

import re
from itertools import chain, takewhile
from unicodedata import category, normalize

UNNAMED = "(unnamed)"
ELLIPSIS = "…"
NO_BREAK = "\u00a0"
"""A space at which no line ends, as in `CHF 5`."""

# Colour and cursor codes, whole, so that no "[31m" is left behind (ECMA-48: CSI and OSC).
# Each branch stops at the next ESC: linear in the text, whatever it holds.
_ANSI = re.compile(r"(?:\x1b\[|\x9b)[0-?]*+[ -/]*+[@-~]|\x1b\][^\x07\x1b]*+(?:\x07|\x1b\\)")

# Letters by category that show as nothing: Hangul fillers and the empty Braille pattern.
_BLANKS = frozenset("\u115f\u1160\u3164\uffa0\u2800")
_MARKS_PER_LETTER = 3
_FIRST_MARK = "\u0300"
_INVISIBLE = frozenset(("Cc", "Cf", "Cs", "Co", "Cn"))
_SKIN_TONES = range(0x1F3FB, 0x1F400)
_FLAG_LETTERS = range(0x1F1E6, 0x1F200)


def clean(name: str, limit: int = 40) -> str:
    """The name on one line, at most `limit` characters, cut with `…` between whole characters.

    NFC; without control, bidirectional, zero-width, unassigned and surrogate characters, ANSI
    codes, and without more than three accents on a letter. Empty becomes `(unnamed)`.
    Linear in the length of the name; cleaning twice changes nothing.
    """
    # Four characters may become one (Hangul syllables, accents): read no further than that.
    shown = " ".join(_kept(name, 4 * limit + 4).split())
    return cut(shown, limit) or UNNAMED


def visible(text: str) -> str:
    """The text without what cannot be seen, in NFC, line breaks as spaces.

    Spaces are kept as they are, so that it may be used on a part of a sentence; one that does not
    break goes on not to: an amount stands after it.
    """
    return NO_BREAK.join(_kept(part, len(part)) for part in text.split(NO_BREAK))


def _kept(text: str, enough: int) -> str:
    """The visible part of the text, up to `enough` characters that are not spaces."""
    if text.isascii() and text.isprintable():
        return text
    kept: list[str] = []
    marks = count = 0
    for char in chain.from_iterable(map(_apart, _ANSI.sub("", text))):
        seen = _seen(char)
        if not seen:  # before accents are counted: nothing invisible gives a letter three more
            continue
        marks = marks + 1 if _is_mark(char) else 0
        if marks > _MARKS_PER_LETTER or (marks and not kept):
            continue
        kept.append(seen)
        count += seen != " "
        if count >= enough:
            break
    return normalize("NFC", "".join(kept))


def _apart(char: str) -> str:
    """A character whose accents NFC takes off, without them on; any other as it is."""
    return normalize("NFC", char) if char > _FIRST_MARK else char


def cut(text: str, limit: int) -> str:
    """The text if it has at most `limit` characters, else its beginning and `…`.

    An accent stays with its letter, a skin tone with its emoji, a flag in one piece.
    """
    if len(text) <= limit:
        return text
    end = max(limit - 1, 0)
    while end and _belong_together(text, end):
        end -= 1
    return text[:end].rstrip() + ELLIPSIS


def _seen(char: str) -> str:
    kind = category(char)
    if kind in ("Zs", "Zl", "Zp") or char in _BLANKS or char in "\t\n\r\v\f\x85":
        return " "
    return "" if kind in _INVISIBLE else char


def _is_mark(char: str) -> bool:
    return category(char) in ("Mn", "Me")


def _belong_together(text: str, at: int) -> bool:
    """Whether a cut before `text[at]` would tear one shown character apart."""
    after = text[at]
    if category(after).startswith("M") or ord(after) in _SKIN_TONES:
        return True
    return ord(after) in _FLAG_LETTERS and _flags_before(text, at) % 2 == 1


def _flags_before(text: str, at: int) -> int:
    run = takewhile(lambda char: ord(char) in _FLAG_LETTERS, reversed(text[:at]))
    return sum(1 for _ in run)
