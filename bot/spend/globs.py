"""Globs on ids and names: which members of a dimension a rule is about. Pure.

A rule with one glob must not look at every member, nor a thousand rules at every row: members are
found by their words, and what fits is worked out once.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import translate
from functools import lru_cache
from itertools import chain, islice, takewhile

Globs = tuple[str, ...]
"""Any of these; one that begins with `!` leaves out what fits it."""
Match = tuple[tuple[str, Globs], ...]
"""A dimension and its globs, for each dimension that is looked at: all must fit."""
Member = str | None
"""The id of a member; None for money or use without one."""

_WILD = re.compile(r"[*?\[]")


@dataclass(frozen=True, slots=True)
class _Side:
    """Some globs: words to be met exactly, and patterns, with what each begins with."""

    words: frozenset[str]
    patterns: tuple[re.Pattern[str], ...]
    beginnings: tuple[str, ...]

    def fits(self, words: Collection[str]) -> bool:
        return not self.words.isdisjoint(words) or any(
            pattern.match(word) for pattern in self.patterns for word in words
        )


@dataclass(frozen=True, slots=True)
class _Read:
    """Globs as they are applied. Without a wanted one, whatever is not unwanted fits."""

    wanted: _Side | None
    unwanted: _Side

    def fits(self, words: Collection[str]) -> bool:
        if self.unwanted.fits(words):
            return False
        return self.wanted is None or self.wanted.fits(words)


def matches(globs: Iterable[str], member: Member, name: str) -> bool:
    """Whether an id or its name fits one of the globs and none of those that begin with `!`.

    With only `!` globs, everything else fits. Case does not matter. A name always fits itself,
    whatever characters it has.
    """
    return _read(tuple(globs)).fits(_words(member, name))


class Roll:
    """The members of one dimension, called by id and by name."""

    def __init__(self, members: Iterable[Member], name: Callable[[Member], str]) -> None:
        self._words = {member: _words(member, name(member)) for member in members}
        self._by_word: dict[str, list[Member]] = defaultdict(list)
        for member, words in self._words.items():
            for word in words:
                self._by_word[word].append(member)
        self._in_order: list[str] = []
        self._found: dict[Globs, frozenset[Member]] = {}

    def __len__(self) -> int:
        return len(self._words)

    def fitting(self, globs: Globs) -> frozenset[Member]:
        """The members that the globs let through (see `matches`)."""
        if globs not in self._found:
            read = _read(globs)
            nearly = self._nearly(read.wanted) if read.wanted else self._words
            self._found[globs] = frozenset(m for m in nearly if read.fits(self._words[m]))
        return self._found[globs]

    def _nearly(self, wanted: _Side) -> Iterable[Member]:
        """The members called by one of the words, or by one that begins as a pattern does."""
        words = chain(wanted.words, *map(self._beginning, wanted.beginnings))
        return {member for word in words for member in self._by_word.get(word, ())}

    def _beginning(self, text: str) -> Iterator[str]:
        if not self._in_order:
            self._in_order = sorted(self._by_word)
        later = islice(self._in_order, bisect_left(self._in_order, text), None)
        return takewhile(lambda word: word.startswith(text), later)


class Index:
    """Rows by the members they belong to: `places` are the rows' numbers, from 0.

    `roll` are those members.
    """

    def __init__(self, members: Sequence[Member], name: Callable[[Member], str]) -> None:
        self._places: dict[Member, list[int]] = defaultdict(list)
        for place, member in enumerate(members):
            self._places[member].append(place)
        self.roll = Roll(self._places, name)

    def places(self, globs: Globs) -> set[int]:
        """The rows of the members that the globs let through."""
        return {place for m in self.roll.fitting(globs) for place in self._places[m]}


def _words(member: Member, name: str) -> frozenset[str]:
    return frozenset((name.casefold(), (member or "").casefold()))


@lru_cache(maxsize=16_384)
def _read(globs: Globs) -> _Read:
    wanted = [glob for glob in globs if not glob.startswith("!")]
    unwanted = [glob[1:] for glob in globs if glob.startswith("!")]
    return _Read(_side(wanted) if wanted else None, _side(unwanted))


def _side(globs: Iterable[str]) -> _Side:
    folded = [glob.casefold() for glob in globs]
    wild = [glob for glob in folded if _WILD.search(glob)]
    return _Side(
        frozenset(folded),
        tuple(re.compile(translate(glob)) for glob in wild),
        tuple(_WILD.split(glob, maxsplit=1)[0] for glob in wild),
    )
