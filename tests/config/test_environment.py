"""`${VAR}`: what is filled in, what is missing, and what is never said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.config.environment import expand
from bot.config.textfile import read_secret
from tests.examples import examples

SECRET = "canary-4711"


def no_file(path: str) -> str:
    raise AssertionError(f"nobody asked for {path}")


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("plain", "plain"),
        ("${A}", "apple"),
        ("${A}-${B}${A}", "apple-banana$apple"),
        ("${EMPTY}", ""),
        ("${EMPTY:-x}", "x"),
        ("${NONE:-}", ""),
        ("${NONE:-a b:-c}", "a b:-c"),
        ("${NONE:-$5}", "$5"),
        ("${A:-x}", "apple"),
        ("$A $5 $", "$A $5 $"),
        ("$$", "$"),
        ("$${A}", "${A}"),
        ("$$${A}", "$apple"),
        ("${NESTED}", "${A}"),
        ("${NONE:-$$}", "$$"),
    ],
)
def test_variables_are_filled_in_once(text: str, filled: str) -> None:
    environ = {"A": "apple", "B": "banana$", "EMPTY": "", "NESTED": "${A}"}
    assert expand({"a": [text]}, environ, no_file) == ({"a": [filled]}, [])


def test_keys_and_what_is_not_text_stay_as_they_are() -> None:
    data = {"${A}": 1, "b": [None, True, 2.5], "c": {}}
    assert expand(data, {"A": "x"}, no_file) == (data, [])


def test_the_data_given_is_not_changed() -> None:
    data: dict[str, Any] = {"a": ["${A}"]}
    expand(data, {"A": "x"}, no_file)
    assert data == {"a": ["${A}"]}


def test_a_variable_that_is_not_set_is_told_with_its_path_and_a_way_out() -> None:
    data = {"source": {"admin_key": "${OPENAI_ADMIN_KEY}"}, "b": ["x", "${B}${C}"]}
    filled, gaps = expand(data, {}, no_file)
    assert filled == data
    assert gaps == [
        (
            ("source", "admin_key"),
            "environment variable OPENAI_ADMIN_KEY is not set\n"
            "set it, or OPENAI_ADMIN_KEY_FILE to the file that holds it, "
            "or write ${OPENAI_ADMIN_KEY:-default}",
        ),
        (
            ("b", 1),
            "environment variable B is not set\n"
            "set it, or B_FILE to the file that holds it, or write ${B:-default}",
        ),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "${",
        "${}",
        "${A",
        "${A:-x",
        "${1A}",
        "${A B}",
        "${A-x}",
        "${ A }",
        "${A:-${B}}",
        "x ${A} ${",
    ],
)
def test_what_only_looks_like_a_variable_is_told(text: str) -> None:
    filled, gaps = expand([text], {"A": "apple", "B": "banana"}, no_file)
    assert filled == [text]
    assert [(path, why.split("\n")[0]) for path, why in gaps] == [
        ((0,), "'${' does not begin a variable here")
    ]


@pytest.mark.parametrize(
    ("environ", "text", "filled"),
    [
        ({"A_FILE": "/run/a"}, "${A}", SECRET),
        ({"A_FILE": "/run/a"}, "${A:-default}", SECRET),
        ({"A": "", "A_FILE": "/run/a"}, "${A}", SECRET),
        ({"A": "set", "A_FILE": "/run/a"}, "${A}", "set"),
        ({"A_FILE": ""}, "${A:-default}", "default"),
        ({"A": "", "A_FILE": ""}, "${A}", ""),
    ],
)
def test_a_secrets_file_stands_in_for_a_variable(
    environ: dict[str, str], text: str, filled: str
) -> None:
    files = {"/run/a": f"{SECRET}\r\n"}
    assert expand(text, environ, files.__getitem__) == (filled, [])


def test_a_secrets_file_is_read_once() -> None:
    asked: list[str] = []

    def read(path: str) -> str:
        asked.append(path)
        return SECRET

    assert expand(["${A}", "${A}"], {"A_FILE": "/run/a"}, read) == ([SECRET, SECRET], [])
    assert asked == ["/run/a"]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "no such file or directory"),
        (b"canary-4711\xff", "is not UTF-8 text (line 1)"),
        (b"canary-4711" + b"x" * 65_536, "is larger than 64 KB"),
        (b"canary-4711\nsecond", "holds a line break or another character that is not text"),
        (b"canary-4711\0", "holds a line break or another character that is not text"),
    ],
)
def test_a_secrets_file_that_is_no_good_is_told_without_its_content(
    tmp_path: Path, content: bytes | None, why: str
) -> None:
    path = tmp_path / "secret"
    if content is not None:
        path.write_bytes(content)
    filled, gaps = expand("${A}", {"A_FILE": str(path)}, read_secret)
    assert filled == "${A}"
    assert gaps == [((), f"A_FILE: {path}: {why}")]


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (PermissionError(13, "Permission denied"), "permission denied"),
        (OSError(SECRET), "cannot be read"),
        (ValueError(SECRET), "cannot be read as text"),
        (UnicodeDecodeError("utf-8", SECRET.encode(), 0, 1, SECRET), "cannot be read as text"),
    ],
)
def test_what_a_reader_raises_is_told_without_what_it_read(error: Exception, why: str) -> None:
    def read(_path: str) -> str:
        raise error

    assert expand("${A}", {"A_FILE": "/run/a"}, read) == ("${A}", [((), f"A_FILE: /run/a: {why}")])


def test_a_reader_without_a_limit_is_held_to_it() -> None:
    _, gaps = expand("${A}", {"A_FILE": "/run/a"}, lambda _path: "x" * 65_537)
    assert gaps == [((), "A_FILE: /run/a: is larger than 64 KB")]


def test_a_secret_in_place_of_its_file_name_is_not_told() -> None:
    _, gaps = expand("${A}", {"A_FILE": "sk-admin-0123456789"}, read_secret)
    assert gaps == [((), "A_FILE: sk-****************: no such file or directory")]


def test_a_line_break_in_a_variable_is_told_without_its_value() -> None:
    _, gaps = expand("${A}", {"A": f"{SECRET}\r\nX-Header: 1"}, no_file)
    assert gaps == [
        ((), "environment variable A: holds a line break or another character that is not text")
    ]


def test_variables_cannot_fill_the_memory() -> None:
    filled, gaps = expand(["${A}" * 5_000] * 3, {"A": "x" * 10_000}, no_file)
    assert filled == ["${A}" * 5_000] * 3
    assert gaps[0] == ((0,), "variables fill in more than 1,024 KB")


def test_a_text_of_nothing_but_openings_is_looked_through_quickly() -> None:
    assert len(expand("${A:-" * 50_000, {}, no_file)[1]) == 1
    assert len(expand("${A" * 80_000, {}, no_file)[1]) == 1


@examples(40)
@given(st.text(alphabet="${}:-AB x\n", max_size=40))
def test_any_text_is_filled_in_or_told(text: str) -> None:
    filled, gaps = expand({"a": text}, {"A": "1"}, no_file)
    assert len(gaps) <= 1
    assert not gaps or filled == {"a": text}
    assert all(path == ("a",) for path, _ in gaps)
    assert isinstance(filled["a"], str)
