"""Names that people typed: what is left of them when they are shown."""

from __future__ import annotations

from time import perf_counter
from unicodedata import category, is_normalized

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.spend.names import clean, cut, visible
from tests.examples import examples

CHARACTERS = st.characters() | st.sampled_from("\x1b[]m\u202e\u200b\u0301\ud800 \n👍🏽🇩🇪é検")


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Search", "Search"),
        ("  data   platform ", "data platform"),
        ("two\nlines\r\nand a\ttab", "two lines and a tab"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;window title\x07Search", "Search"),
        ("\x9b1mbold", "bold"),
        ("\x1b]never ended", "]never ended"),
        ("abc\u202edcba\u202c", "abcdcba"),
        ("a\u200bd\u200cm\u2060i\ufeffn", "admin"),
        ("half \ud83d a pair", "half a pair"),
        ("private \ue000 use", "private use"),
        ("e\u0301te\u0301", "été"),
        ("検索チーム 🚀", "検索チーム 🚀"),
        ("\u3164\u2800 \u115f", "(unnamed)"),
        ("\u0301\u0301", "(unnamed)"),
        ("", "(unnamed)"),
        ("$\\frac$ <!channel> *bold*", "$\\frac$ <!channel> *bold*"),
        (" " * 5000 + "\u3164" * 5000 + "late", "late"),
    ],
)
def test_a_name_is_shown_without_what_cannot_be_seen(name: str, shown: str) -> None:
    assert clean(name) == shown


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("customer support", "customer…"),
        ("x" * 12, "xxxxxxxxx…"),
        ("x" * 10, "x" * 10),
        ("e\u0331" * 12, "e̱e̱e̱e̱…"),
        ("👍🏽" * 6, "👍🏽👍🏽👍🏽👍🏽…"),
        ("🇩🇪" * 6, "🇩🇪🇩🇪🇩🇪🇩🇪…"),
        ("a" + "🇩🇪" * 6, "a🇩🇪🇩🇪🇩🇪🇩🇪…"),
    ],
)
def test_a_long_name_is_cut_between_whole_characters(name: str, shown: str) -> None:
    assert clean(name, limit=10) == shown


def test_a_pile_of_accents_is_cleared_to_three() -> None:
    assert clean("x" + "\u0316" * 500 + "yz") == "x\u0316\u0316\u0316yz"
    assert clean("x" + "\u0316\u200d\ud800" * 500 + "yz") == "x\u0316\u0316\u0316yz"


@pytest.mark.parametrize(
    "name",
    [
        "a" * 100_000,
        "検" * 100_000,
        "\x00" * 100_000 + "end",
        "S" + "\u0301\u0316" * 50_000,
        "\x1b]" * 50_000,
        "\x1b[" + "1;" * 50_000,
        "\u202e" * 100_000,
        " \u3164" * 50_000,
    ],
    ids=lambda name: repr(name[:3]),
)
def test_a_name_of_a_hundred_kilobytes_takes_no_time(name: str) -> None:
    started = perf_counter()
    assert len(clean(name)) <= 40
    assert perf_counter() - started < 0.5


@examples(60)
@given(st.text(CHARACTERS), st.integers(1, 50))
def test_whatever_is_typed_comes_out_short_visible_and_stable(name: str, limit: int) -> None:
    shown = clean(name, limit)
    assert clean(shown, limit) == shown or shown == "(unnamed)"
    assert shown == "(unnamed)" or len(shown) <= limit
    assert is_normalized("NFC", shown)
    assert not {category(char) for char in shown} & {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def test_a_part_of_a_sentence_keeps_its_spaces() -> None:
    assert visible(" of \u202e$200,\n") == " of $200, "


def test_a_cut_to_nothing_is_an_ellipsis() -> None:
    assert cut("abc", 1) == "…"
