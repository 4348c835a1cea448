"""The report: every mistake once, in order, with a caret under it, and printable."""

from __future__ import annotations

import unicodedata

import pytest

from bot.config.places import Place, whole_file
from bot.config.problems import ConfigProblems, Problem, closest, render
from bot.errors import BotError


def problem(file: str, line: int, column: int, text: str, message: str = "is wrong") -> Problem:
    return Problem(Place(file, line, column, text), message)


def test_a_report_tells_all_files_in_order_and_counts() -> None:
    problems = [
        problem("rules/b.yaml", 2, 1, "kind: x"),
        problem("rules/a.yaml", 10, 3, "  b: 1"),
        problem("rules/a.yaml", 9, 1, "a: 1"),
        problem("rules/a.yaml", 10, 1, "  b: 1"),
        problem("rules/a.yaml", 9, 1, "a: 1"),
        Problem(whole_file("config.yaml"), "there is no such file", "copy config.example.yaml"),
    ]
    assert render(problems) == (
        """\
config.yaml: there is no such file
  copy config.example.yaml
rules/a.yaml:9:1: is wrong
    a: 1
    ^
rules/a.yaml:10:1: is wrong
      b: 1
    ^
rules/a.yaml:10:3: is wrong
      b: 1
      ^
rules/b.yaml:2:1: is wrong
    kind: x
    ^
5 problems in 3 files"""
    )


def test_a_problem_tells_what_was_meant_what_is_allowed_and_the_way_out() -> None:
    wrong = Problem(
        Place("c.yaml", 1, 1, "chanel: x"),
        "unknown key 'chanel'",
        "see config.example.yaml",
        "channel",
        ("app_token", "bot_token", "channel"),
    )
    assert render([wrong]) == (
        """\
c.yaml:1:1: unknown key 'chanel'
    chanel: x
    ^
  did you mean 'channel'?
  allowed: app_token, bot_token, channel
  see config.example.yaml
1 problem"""
    )


def test_a_long_list_of_what_is_allowed_is_wrapped_between_words() -> None:
    allowed = ("search-team-production",) * 6
    wrong = Problem(whole_file("c"), "x", allowed=allowed)
    name = allowed[0]
    assert render([wrong]).splitlines()[1:-1] == [
        f"  allowed: {name}, {name}, {name},",
        f"    {name}, {name}, {name}",
    ]


def excerpt(text: str, column: int) -> tuple[str, str]:
    _, line, caret, _ = render([problem("f", 1, column, text)]).splitlines()
    return line, caret


@pytest.mark.parametrize(
    ("text", "column", "line", "caret"),
    [
        ("a: b", 4, "    a: b", "       ^"),
        ("a: b", 5, "    a: b", "        ^"),
        ("\ta: b", 2, "    \\ta: b", "      ^"),
        ("検索: b", 5, "    検索: b", "          ^"),
        ("e\u0301: b", 5, "    e\u0301: b", "       ^"),
        ("a\u202eb: c", 3, "    a\\u202eb: c", "           ^"),
        ("a\x1b[31m: c", 2, "    a\\x1b[31m: c", "     ^"),
        ("a\xa0b: c", 5, "    a\\xa0b: c", "           ^"),
    ],
)
def test_the_caret_stands_under_the_character(
    text: str, column: int, line: str, caret: str
) -> None:
    assert excerpt(text, column) == (line, caret)


@pytest.mark.parametrize("column", [1, 2, 50, 94, 95, 300, 999, 1000, 1001])
@pytest.mark.parametrize("letter", ["x", "索", "\u202e"])
def test_a_long_line_is_cut_around_the_caret(column: int, letter: str) -> None:
    text = (
        letter * (column - 1) + "!" + letter * (1000 - column) if column <= 1000 else letter * 1000
    )
    line, caret = excerpt(text, column)
    assert _width(line) <= 100
    assert _width(line) >= 50
    position = len(caret) - 1
    assert _from_column(line, position)[:1] == ("!" if column <= 1000 else "")


def test_a_line_that_fits_is_shown_whole_wherever_the_caret_is() -> None:
    text = "x" * 94
    assert excerpt(text, 94)[0] == f"    {text}"
    assert excerpt(text + "y", 1)[0] == f"    {text}…"
    assert excerpt(text + "y", 95)[0] == f"    …{text[1:]}y"


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _from_column(line: str, column: int) -> str:
    """What stands at and after a column of a terminal."""
    while column > 0:
        column -= _width(line[0])
        line = line[1:]
    return line


def test_names_from_a_file_cannot_take_over_the_terminal() -> None:
    wrong = Problem(
        Place("a\x1b.yaml", 1, 1, ""), "unknown\nkey '\x1b[31m\u202e'", did_you_mean="\u2066"
    )
    assert render([wrong]) == (
        "a\\x1b.yaml:1:1: unknown key '\\x1b[31m\\u202e'\n  did you mean '\\u2066'?\n1 problem"
    )


def test_a_message_has_a_bearable_length_and_no_token() -> None:
    report = render([problem("f", 1, 1, "", "x" * 10_000)])
    assert len(report) < 600
    report = render([problem("f", 1, 1, "", "bad value sk-admin-0123456789")])
    assert "0123456789" not in report


def test_problems_are_an_error_with_exit_code_3_whose_text_is_the_report() -> None:
    error = ConfigProblems([problem("b", 1, 1, "x"), problem("a", 1, 1, "x")])
    assert isinstance(error, BotError)
    assert error.exit_code == 3
    assert [p.place.file for p in error.problems] == ["a", "b"]
    assert str(error) == render(error.problems)


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("chanel", "channel"),
        ("CHANNEL", "channel"),
        ("bot-token", "bot_token"),
        ("bottoken", "bot_token"),
        ("limits_usd", "limit_usd"),
        ("xyz", None),
        ("", None),
        ("c" * 100_000, None),
    ],
)
def test_the_closest_word_is_what_was_meant(word: str, meant: str | None) -> None:
    assert closest(word, ["channel", "bot_token", "limit_usd"]) == meant
