"""Members looked up all at once are those that each fits by itself."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from bot.spend.roster import Roster, matches

WORDS = st.sampled_from(["search", "Search", "sea", "proj_1", "a[b]", "x*", "", "Ünder", "b"])
GLOBS = st.sampled_from(
    [
        "search",
        "sea*",
        "!SEARCH",
        "!s*",
        "*",
        "?",
        "a[b]",
        "a[[]b]",
        "x*",
        "",
        "ünder",
        "proj_[0-9]",
    ]
)


@given(
    st.lists(st.tuples(st.none() | WORDS, WORDS), max_size=6),
    st.lists(GLOBS, min_size=1, max_size=3).map(tuple),
)
@example([(None, "")], ("",))
def test_a_roster_says_of_all_what_matches_says_of_one(
    people: list[tuple[str | None, str]], globs: tuple[str, ...]
) -> None:
    roster = Roster([member for member, _ in people], [name for _, name in people])
    assert roster.fitting(globs).tolist() == [matches(globs, *each) for each in people]
