"""Which members of a dimension fit the globs of a `match`: each glob looked up once. Pure."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase, translate

import numpy as np
from numpy.typing import NDArray

Flags = NDArray[np.bool_]
_WILD = frozenset("*?[")


def matches(globs: Iterable[str], member: str | None, name: str) -> bool:
    """Whether an id or its name fits one of the globs and none of those that begin with `!`.

    With only `!` globs, everything else fits. Case does not matter. A name always fits itself,
    whatever characters it has.
    """
    words = {name.casefold(), (member or "").casefold()}
    wanted, unwanted = _parted(globs)
    if any(_fits(word, glob) for word in words for glob in unwanted):
        return False
    return not wanted or any(_fits(word, glob) for word in words for glob in wanted)


def _parted(globs: Iterable[str]) -> tuple[list[str], list[str]]:
    """The wanted and the unwanted ones, without their `!`."""
    globs = [glob.casefold() for glob in globs]
    wanted = [glob for glob in globs if not glob.startswith("!")]
    return wanted, [glob[1:] for glob in globs if glob.startswith("!")]


def _fits(word: str, glob: str) -> bool:
    return word == glob or fnmatchcase(word, glob)


def _fitter(glob: str) -> Callable[[str], object]:
    """What tells whether a word fits, for very many words."""
    if glob.endswith("*") and _WILD.isdisjoint(glob[:-1]):
        start = glob[:-1]
        return lambda word: word.startswith(start)
    return re.compile(translate(glob)).match


@dataclass(slots=True)
class Roster:
    """Members and what people call them. `fitting` says of all what `matches` says of one.

    A thousand rules that name one project each do not ask a thousand projects each.
    """

    members: Sequence[str | None]
    names: Sequence[str]
    _words: dict[str, list[int]] = field(default_factory=dict)
    _known: dict[tuple[str, ...], Flags] = field(default_factory=dict)

    def fitting(self, globs: tuple[str, ...]) -> Flags:
        """For each member, whether it fits."""
        if globs not in self._known:
            self._known[globs] = self._fitting(globs)
        return self._known[globs]

    def _fitting(self, globs: tuple[str, ...]) -> Flags:
        wanted, unwanted = _parted(globs)
        found = np.full(len(self.members), not wanted)
        for glob in wanted:
            found |= self._flags(glob)
        for glob in unwanted:
            found &= ~self._flags(glob)
        return found

    def _flags(self, glob: str) -> Flags:
        index = self._index()
        flags = np.zeros(len(self.members), dtype=bool)
        flags[index.get(glob, [])] = True
        if not _WILD.isdisjoint(glob):
            fits = _fitter(glob)
            flags[[n for word, places in index.items() if fits(word) for n in places]] = True
        return flags

    def _index(self) -> Mapping[str, list[int]]:
        """Where each word stands; made when first needed."""
        if not self._words:
            words: dict[str, list[int]] = defaultdict(list)
            for n, (member, name) in enumerate(zip(self.members, self.names, strict=True)):
                for word in {name.casefold(), (member or "").casefold()}:
                    words[word].append(n)
            self._words = dict(words)
        return self._words
