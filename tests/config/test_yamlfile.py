"""YAML as a person means it: what is refused, what words mean, and where everything stands."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from bot.config.places import Source
from bot.config.problems import ConfigProblems
from bot.config.yamlfile import MAX_BYTES, load, parse
from bot.config.yamltree import MAX_NODES, MAX_PROBLEMS, grow
from bot.errors import ConfigError
from tests.config.bad_yaml import BAD
from tests.examples import examples

QUICK = examples(40)


def refusal(text: str) -> ConfigProblems:
    with pytest.raises(ConfigProblems) as caught:
        parse(text, "rules.yaml")
    return caught.value


@pytest.mark.parametrize(("text", "report"), [row[1:] for row in BAD], ids=[row[0] for row in BAD])
def test_what_is_refused_is_told_with_its_place_and_a_way_out(text: str, report: str) -> None:
    assert f"{refusal(text)}\n" == report


@pytest.mark.parametrize(
    "text", [row[1] for row in BAD if row[0] != "a directive"], ids=lambda text: repr(text)[:30]
)
def test_the_parser_in_python_refuses_the_same(text: str) -> None:
    with pytest.raises(ConfigProblems):
        grow(Source("rules.yaml", text), yaml.SafeLoader)


def test_an_escape_beyond_unicode_is_refused_by_the_parser_in_python_too() -> None:
    with pytest.raises(ConfigProblems, match="an escape after this place means no character"):
        grow(Source("rules.yaml", 'a: "\\UFFFFFFFF"'), yaml.SafeLoader)


def test_a_lone_surrogate_from_an_escape_is_refused_by_the_parser_in_python_too() -> None:
    with pytest.raises(ConfigProblems, match="this text holds a control character"):
        grow(Source("rules.yaml", 'a: "\\ud800"'), yaml.SafeLoader)


def test_a_refusal_is_a_configuration_error() -> None:
    error = refusal("a: no")
    assert isinstance(error, ConfigError)
    assert error.exit_code == 3
    assert [problem.place.line for problem in error.problems] == [1]


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("true", True),
        ("false", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("0", 0),
        ("12", 12),
        ("-3", -3),
        ("+5", 5),
        ("0.1", Decimal("0.1")),
        ("1.50", Decimal("1.50")),
        (".5", Decimal("0.5")),
        ("5.", Decimal("5")),
        ("1e3", Decimal("1e3")),
        ("-2.5E-3", Decimal("-0.0025")),
        ("0.100000000000000000000000001", Decimal("0.100000000000000000000000001")),
        ("2026-01-01", "2026-01-01"),
        ("2026-01-01 09:00:00", "2026-01-01 09:00:00"),
        ("09:00", "09:00"),
        ("1:30", "1:30"),
        ("12:30:45", "12:30:45"),
        ("1.2.3", "1.2.3"),
        ("1,000", "1,000"),
        ("4h", "4h"),
        ("-", None),
        ("=", "="),
        ("inf", "inf"),
        ("norway", "norway"),
        ("monday 09:00", "monday 09:00"),
        ("gpt-4o-2024-08-06", "gpt-4o-2024-08-06"),
        ("${TOKEN:-}", "${TOKEN:-}"),
        ("'no'", "no"),
        ('"0123"', "0123"),
        ('"!internal*"', "!internal*"),
        ('"a\\tb"', "a\tb"),
        ("検索 😀", "検索 😀"),
    ],
)
def test_a_word_means_what_a_person_means(word: str, value: Any) -> None:
    if word == "-":
        assert parse("-", "f").data == [None]
        return
    found = parse(f"a: {word}\n", "f").data["a"]
    assert (found, type(found)) == (value, type(value))
    assert str(found) == str(value)


@pytest.mark.parametrize("word", ["yes", "Yes", "YES", "off", "OFF", "N", "FALSE", "Null"])
def test_a_word_that_readers_disagree_about_is_refused(word: str) -> None:
    assert "YAML readers disagree" in str(refusal(f"a: {word}"))
    assert parse(f"a: '{word}'", "f").data == {"a": word}


@pytest.mark.parametrize("key", ["2026-01-01", "search*", "gpt-4o", "1:30", "'5'", '"<<"', "no no"])
def test_a_key_may_be_any_text(key: str) -> None:
    assert parse(f"{key}: 1", "f").data == {key.strip("'\""): 1}


@pytest.mark.parametrize("text", ["", "\n", "# nothing but a comment\n", "---\n", "\ufeff"])
def test_an_empty_file_is_a_document_without_data(text: str) -> None:
    document = parse(text, "f")
    assert document.data is None
    assert document.place(("a", 3)) == document.place(())


NESTED = """\
# a comment
slack:
  channel: "#llm-costs"
  routes:
    - match: {project: "search*", model: [gpt, 検索]}
      channel: x
    -
      - 5
      - - 6
        - 7
  😀 name:  value
empty:
block: |
  text
"""


@pytest.mark.parametrize(
    ("path", "key", "value"),
    [
        (("slack",), (2, 1), (3, 3)),
        (("slack", "channel"), (3, 3), (3, 12)),
        (("slack", "routes"), (4, 3), (5, 5)),
        (("slack", "routes", 0), (5, 7), (5, 7)),
        (("slack", "routes", 0, "match"), (5, 7), (5, 14)),
        (("slack", "routes", 0, "match", "project"), (5, 15), (5, 24)),
        (("slack", "routes", 0, "match", "model"), (5, 35), (5, 42)),
        (("slack", "routes", 0, "match", "model", 1), (5, 48), (5, 48)),
        (("slack", "routes", 0, "channel"), (6, 7), (6, 16)),
        (("slack", "routes", 1, 0), (8, 9), (8, 9)),
        (("slack", "routes", 1, 1, 1), (10, 11), (10, 11)),
        (("slack", "😀 name"), (11, 3), (11, 12)),
        (("empty",), (12, 1), (12, 7)),
        (("block",), (13, 1), (13, 8)),
        # what is not there has the place of the nearest parent
        (("slack", "channel", "x", 1), (3, 12), (3, 12)),
        (("slack", "routes", 9), (5, 5), (5, 5)),
        (("slack", "routes", -1), (5, 5), (5, 5)),
        (("slack", "routes", "x"), (5, 5), (5, 5)),
        (("nowhere", "at", "all"), (2, 1), (2, 1)),
        ((), (2, 1), (2, 1)),
    ],
)
@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
def test_every_key_and_value_has_its_place(
    path: tuple[str | int, ...], key: tuple[int, int], value: tuple[int, int], line_break: str
) -> None:
    document = parse(NESTED.replace("\n", line_break), "c.yaml")
    assert document.place(path, key=True)[1:3] == key
    assert document.place(path)[1:3] == value
    assert document.place(path).text_of_line == NESTED.splitlines()[value[0] - 1]


def test_a_value_is_found_by_its_path() -> None:
    document = parse(NESTED, "c.yaml")
    assert document.value(("slack", "routes", 0, "match", "model", 0)) == "gpt"
    assert document.value(("slack", "routes", 1, 1)) == [6, 7]
    assert document.value(("slack", "routes", 7)) is None
    assert document.value(("block", "x")) is None


def test_a_file_is_loaded_under_its_own_name(tmp_path: Path) -> None:
    path = tmp_path / "rules.yaml"
    path.write_bytes(b"\xef\xbb\xbfname: caf\xc3\xa9\r\nkind: cap\r\n")
    document = load(path)
    assert document.data == {"name": "café", "kind": "cap"}
    assert document.place(("kind",)) == (str(path), 2, 7, "kind: cap")


@pytest.mark.parametrize(
    ("content", "report"),
    [
        (b"a: 1\nb: \xff\n", "is not UTF-8 text (line 2)"),
        ("a: 1".encode("utf-16"), "is not UTF-8 text (line 1)"),
        (b"#" * (MAX_BYTES + 1), "is larger than 256 KB"),
    ],
)
def test_a_file_that_is_no_small_text_is_refused(
    tmp_path: Path, content: bytes, report: str
) -> None:
    path = tmp_path / "rules.yaml"
    path.write_bytes(content)
    with pytest.raises(ConfigProblems) as caught:
        load(path)
    assert str(caught.value) == f"{path}: {report}\n1 problem"


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    for path, why in (
        (tmp_path / "none.yaml", "no such file or directory"),
        (tmp_path, "is a directory"),
        (tmp_path / "a\0b", "is not a possible file name"),
    ):
        with pytest.raises(ConfigProblems, match=why):
            load(path)


def test_a_file_of_exactly_the_limit_is_read(tmp_path: Path) -> None:
    path = tmp_path / "rules.yaml"
    path.write_bytes(b"a: 1\n" + b"#" * (MAX_BYTES - 5))
    assert load(path).data == {"a": 1}


@pytest.mark.skipif(not os.path.exists("/dev/zero"), reason="no such device here")  # noqa: PTH110 - read at import
def test_an_endless_file_is_refused() -> None:
    with pytest.raises(ConfigProblems, match="is larger than 256 KB"):
        load(Path("/dev/zero"))


def test_twenty_levels_are_read_and_so_are_twenty_thousand_values() -> None:
    assert parse("[" * 20 + "]" * 20, "f").data is not None
    assert len(parse("- 1\n" * (MAX_NODES - 1), "f").data) == MAX_NODES - 1
    assert "the file holds more than 20,000 values" in str(refusal("- 1\n" * MAX_NODES))


def test_after_twenty_mistakes_the_rest_is_not_read() -> None:
    problems = refusal("".join(f"a{number}: no\n" for number in range(50))).problems
    assert len(problems) == MAX_PROBLEMS + 1
    assert problems[-1].message == "too many mistakes: what follows was not read"


_PIECES = [*"ab01:-?[]{},#&*!|>'\"%@`~<=. \t\n\r\\$xue_", "no", "<<", "---\n", ": ", "- ", "\n  "]
YAML_LIKE = st.lists(st.sampled_from(_PIECES), max_size=100).map("".join)


@QUICK
@given(st.one_of(YAML_LIKE, YAML_LIKE, st.text(max_size=200)))
def test_any_text_is_read_or_refused_and_nothing_else_happens(text: str) -> None:
    try:
        document = parse(text, "f.yaml")
    except ConfigProblems as error:
        lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        for problem in error.problems:
            assert 1 <= problem.place.line <= len(lines)
            assert 1 <= problem.place.column <= len(lines[problem.place.line - 1]) + 1
    else:
        assert set(map(type, _everything(document.data))) <= SORTS


SORTS = {dict, list, str, int, Decimal, bool, type(None)}


def _everything(data: Any) -> Iterator[Any]:
    yield data
    inner = data.values() if isinstance(data, dict) else data if isinstance(data, list) else ()
    for value in inner:
        yield from _everything(value)


PRINTABLE = st.text(
    alphabet=st.characters(min_codepoint=32, exclude_categories=["Cc", "Cf", "Cs", "Zl", "Zp"]),
    max_size=20,
).filter(lambda text: "\ufffe" not in text and "\uffff" not in text)
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(10**30), 10**30), PRINTABLE),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(PRINTABLE, inner, max_size=4)
    ),
    max_leaves=15,
)


@QUICK
@given(JSON, st.sampled_from([None, 1, 2]))
def test_json_is_read_as_it_is_and_every_value_has_its_place(data: Any, indent: int | None) -> None:
    text = json.dumps(data, ensure_ascii=False, indent=indent)
    document = parse(text, "f.json")
    assert document.data == data
    lines = text.split("\n")
    for path, value in _paths(data, ()):
        place = document.place(path)
        begins = json.dumps(value, ensure_ascii=False)
        begins = begins[0] if isinstance(value, (dict, list)) else begins
        assert lines[place.line - 1][place.column - 1 :].startswith(begins)
        if path and isinstance(path[-1], str):
            place = document.place(path, key=True)
            key = json.dumps(path[-1], ensure_ascii=False)
            assert lines[place.line - 1][place.column - 1 :].startswith(key)


def _paths(data: Any, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    yield path, data
    if isinstance(data, dict):
        for key, value in data.items():
            yield from _paths(value, (*path, key))
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from _paths(value, (*path, index))


@QUICK
@given(JSON)
def test_what_a_yaml_writer_writes_is_read_back(data: Any) -> None:
    text = yaml.safe_dump(data, allow_unicode=True, default_style='"')
    if "!!" not in text:  # that style gives every number a tag
        assert parse(text, "f").data == data
