"""Mistakes in files, and the report that tells all of them at once.

    config.yaml:14:3: unknown key 'chanel' in 'slack'
          chanel: "#llm-costs"
          ^
      did you mean 'channel'?
      allowed: app_token, base_url, bot_token, channel, routes
    1 problem

Secrets are starred in the shown line, and control and bidi characters are written as escapes.
"""

from __future__ import annotations

import difflib
import textwrap
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from bot.config.places import Place, without_tokens
from bot.errors import ConfigError

_WIDTH = 100
_INDENT = "    "
_LONGEST_WORD = 60
_LONGEST_QUOTE = 40
_LONGEST_MESSAGE = 500


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake: where, what, and the way out. Texts may hold names from the file as they are."""

    place: Place
    message: str
    hint: str | None = None
    did_you_mean: str | None = None
    allowed: tuple[str, ...] = ()


class ConfigProblems(ConfigError):  # noqa: N818 - it carries several, and reads so
    """Everything that is wrong with one or more files; the message is the whole report."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = in_order(problems)
        super().__init__(render(self.problems))


def in_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Problems by file, line and column, each once."""
    unique = dict.fromkeys(problems)
    return tuple(sorted(unique, key=lambda problem: problem.place[:3]))


def render(problems: Iterable[Problem]) -> str:
    """The report: every problem with its line and a caret, and at the end how many there are."""
    ordered = in_order(problems)
    return "\n".join([line for problem in ordered for line in _lines(problem)] + [_count(ordered)])


def in_a_line(problem: Problem) -> str:
    """One mistake in one line: where, what, and what was meant."""
    first = next(_lines(problem))
    if problem.did_you_mean is None:
        return first
    return f"{first}; did you mean '{_told(problem.did_you_mean)}'?"


def closest(word: str, candidates: Iterable[str]) -> str | None:
    """The candidate somebody who wrote `word` most likely meant; None if nothing is near."""
    if len(word) > _LONGEST_WORD:
        return None
    known = {_folded(candidate): candidate for candidate in candidates}
    near = difflib.get_close_matches(_folded(word), known, n=1, cutoff=0.6)
    return known[near[0]] if near else None


def short(text: str) -> str:
    """Text of at most 40 characters."""
    return text if len(text) <= _LONGEST_QUOTE else text[: _LONGEST_QUOTE - 1] + "…"


def printable(text: str) -> str:
    """Text with what does not print as itself written as an escape: `\\x1b`, `\\u202e`."""
    return "".join(map(_glyph, text))


def _lines(problem: Problem) -> Iterator[str]:
    place = problem.place
    at = f"{printable(place.file)}:"
    if place.line:
        at += f"{place.line}:{place.column}:"
    yield f"{at} {_told(problem.message)}"
    if place.text_of_line.strip():
        yield from _excerpt(place.text_of_line, place.column - 1)
    if problem.did_you_mean is not None:
        yield f"  did you mean '{_told(problem.did_you_mean)}'?"
    if problem.allowed:
        yield from _wrapped("allowed: " + ", ".join(map(_told, problem.allowed)))
    if problem.hint:
        yield from _wrapped(_told(problem.hint))


def _told(text: str) -> str:
    # A message may quote somebody's exception: one line, of a bearable length, without tokens.
    one_line = " ".join(text[:_LONGEST_MESSAGE].splitlines())
    return printable(without_tokens(one_line) + ("…" if len(text) > _LONGEST_MESSAGE else ""))


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(
        text, _WIDTH, initial_indent="  ", subsequent_indent="    ", break_on_hyphens=False
    )


def _excerpt(text: str, caret: int) -> tuple[str, str]:
    """The line, cut around the caret to about 100 columns, and a line with the caret below it."""
    room = _WIDTH - len(_INDENT) - 2
    near = text[max(0, caret - room) : caret]
    after = _fitting(text[caret : caret + room], room // 2)
    before = _fitting(near[::-1], room - _columns(after))[::-1]
    after = _fitting(text[caret : caret + room], room - _columns(before))
    left = "…" if len(before) < caret else ""
    right = "…" if caret + len(after) < len(text) else ""
    return (
        f"{_INDENT}{left}{printable(before + after)}{right}".rstrip(),
        f"{_INDENT}{' ' * (len(left) + _columns(before))}^",
    )


def _fitting(characters: Iterable[str], columns: int) -> str:
    """As many of the characters as fit into so many columns, in the order given."""
    taken = []
    for character in characters:
        columns -= _columns(character)
        if columns < 0:
            break
        taken.append(character)
    return "".join(taken)


def _columns(text: str) -> int:
    """How many columns of a terminal the printable form of a text takes."""
    return sum(map(_column_width, printable(text)))


def _column_width(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _glyph(character: str) -> str:
    if character.isprintable():
        return character
    return character.encode("unicode_escape").decode("ascii")


def _folded(word: str) -> str:
    return word.casefold().replace("-", "_").replace(" ", "_")


def _count(problems: Sequence[Problem]) -> str:
    files = len({problem.place.file for problem in problems})
    count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
    return f"{count} in {files} files" if files > 1 else count
