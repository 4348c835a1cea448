"""What is written reads back as it was, whatever characters it holds."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any
from unicodedata import category

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.config import yamlfile
from bot.config.rulebook import gather_rules, load_rulebook
from bot.config.yamlwrite import comment, rule_entry, scalar, written
from tests.messages.hostile import NAMES, names

ROOT = Path(__file__).parent.parent.parent
WORDS = (
    "yes",
    "on",
    "null",
    "~",
    "1_000",
    "0x1F",
    "1.5",
    "2026-11-20",
    "a: b",
    "a #b",
    "- a",
    "!x",
)


def read(text: str) -> Any:
    return yamlfile.parse(text, "written.yaml").data


def can_stand(name: str) -> bool:
    return not any(category(c) in ("Cc", "Cs") for c in name)


FINE = [name for name in (*NAMES, *WORDS) if can_stand(name) and len(name) < 1_000]
fine = names.filter(lambda name: can_stand(name) and len(name) < 1_000)


@pytest.mark.parametrize("name", FINE)
def test_a_hostile_word_reads_back_as_key_and_value(name: str) -> None:
    text = written({"rules": [{"name": name, "limit_usd": {name: 5}}]})
    assert read(text) == {"rules": [{"name": name, "limit_usd": {name: 5}}]}


@given(st.dictionaries(fine, fine | st.integers() | st.booleans(), max_size=4))
def test_any_mapping_reads_back(document: dict[str, Any]) -> None:
    assert read(written({"x": document})) == {"x": document}


@pytest.mark.parametrize("name", [name for name in NAMES if not can_stand(name)])
def test_what_the_loader_would_refuse_is_not_written(name: str) -> None:
    with pytest.raises(ValueError, match="control characters"):
        scalar(name)


@given(names)
def test_a_comment_hides_nothing_and_ends_with_its_line(name: str) -> None:
    assert read(f"a: 1  {comment(name)}\nb: 2\n") == {"a": 1, "b": 2}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("50.00"), "50"),
        (Decimal("1E+3"), "1000"),
        (0.1, "0.1"),
        (100.0, "100"),
        (True, "true"),
        (None, "null"),
        ("search*", '"search*"'),
        ("search api", "search api"),
    ],
)
def test_plain_values_look_as_people_write_them(value: Any, text: str) -> None:
    assert scalar(value) == text


@pytest.mark.parametrize(
    "file", [ROOT / "rules/default.yaml", *sorted((ROOT / "rules/examples").glob("*.yaml"))],
    ids=lambda p: p.name,
)  # fmt: skip
def test_the_ready_made_rules_come_back_as_they_were(file: Path) -> None:
    rules = load_rulebook(file).rules
    text = written({"rules": [rule_entry(one) for one in rules]})
    assert gather_rules([], yamlfile.parse(text, "written.yaml")) == rules
