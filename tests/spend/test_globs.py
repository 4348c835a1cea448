"""Members found by glob are those that a plain reading of the globs lets through."""

from __future__ import annotations

from fnmatch import fnmatchcase

from hypothesis import given
from hypothesis import strategies as st

from bot.spend.globs import Globs, Index, Roll, matches

WORDS = st.text("abAB[]*?!-é", max_size=4)
GLOBS = st.lists(WORDS, min_size=1, max_size=3).map(tuple)
NAMES = st.dictionaries(st.none() | WORDS, WORDS, max_size=6)


def plainly(globs: Globs, member: str | None, name: str) -> bool:
    words = [name.casefold(), (member or "").casefold()]

    def fits(glob: str) -> bool:
        return any(word == glob or fnmatchcase(word, glob) for word in words)

    wanted = [glob.casefold() for glob in globs if not glob.startswith("!")]
    unwanted = [glob[1:].casefold() for glob in globs if glob.startswith("!")]
    return not any(map(fits, unwanted)) and (not wanted or any(map(fits, wanted)))


@given(GLOBS, NAMES)
def test_who_is_found_by_glob_fits_it_and_nobody_else_does(
    globs: Globs, names: dict[str | None, str]
) -> None:
    fitting = {member for member in names if plainly(globs, member, names[member])}
    assert Roll(names, names.__getitem__).fitting(globs) == fitting
    assert {member for member in names if matches(globs, member, names[member])} == fitting


def test_places_are_those_of_every_row_of_the_members() -> None:
    index = Index(["a", None, "b", "a"], lambda member: member or "(no project)")
    assert index.places(("a",)) == {0, 3}
    assert index.places(("!a",)) == {1, 2}
    assert index.places(("(no project)",)) == {1}
    assert index.places(("c",)) == set()
