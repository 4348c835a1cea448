"""Texts made to hurt are refused in bounded time and memory.

The goal is 50 ms and 20 MB on an idle core; the clock here is generous, for busy machines.
"""

from __future__ import annotations

import time
import tracemalloc

import pytest

from bot.config.problems import ConfigProblems
from bot.config.yamlfile import parse

_LAUGHS = "a0: &a0 [x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 10)
)
_MERGES = "a0: &a0 {x: 1}\n" + "".join(
    f"a{n}: &a{n}\n  <<: [*a{n - 1}, *a{n - 1}, *a{n - 1}]\n  k{n}: 1\n" for n in range(1, 17)
)
BOMBS = {
    "billion laughs": (_LAUGHS, "is a YAML anchor"),
    "merge keys": (_MERGES, "is a YAML anchor"),
    "many aliases": ("a: &a [x]\n" + "b: [*a, *a]\n" * 20_000, "more than 20,000 values"),
    "brackets": ("[" * 100_000, "deeper than 20 levels"),
    "braces": ("{" * 100_000, "deeper than 20 levels"),
    "a few brackets": ("[" * 500, "deeper than 20 levels"),
    "dashes": ("- " * 100_000, "deeper than 20 levels"),
    "question marks": ("? " * 100_000, "deeper than 20 levels"),
    "many items": ("- 1\n" * 60_000, "more than 20,000 values"),
    "many items on one line": ("[" + "1," * 100_000 + "]", "more than 20,000 values"),
    "many keys": ("".join(f"a{n}: 1\n" for n in range(20_000)), "more than 20,000 values"),
    "the same key": ("{" + "a: 1," * 9_000 + "}", "is written twice"),
    "mistakes": ("".join(f"a{n}: no\n" for n in range(9_000)), "too many mistakes"),
    "mistakes on one line": ("{" + ",".join(f"a{n}: no" for n in range(9_000)) + "}", "too many"),
    "an open quote": ('a: "' + "x\n" * 120_000, "this quote is never closed"),
    "exclamation marks": ("!" * 250_000, "is a YAML tag"),
    "digits": ("a: " + "9" * 250_000, "more than 40 characters"),
    "underscores": ("a: 0" + "_" * 250_000, "YAML readers disagree"),
    "spaces": (" " * 250_000 + "a: no", "YAML readers disagree"),
    "line breaks": ("\n" * 250_000 + "a: no", "YAML readers disagree"),
    "telling names": ("a: no # " + 'token: "x", ' * 20_000, "YAML readers disagree"),
    "colons": ("k: " * 80_000, "a ':' cannot stand here"),
    "characters of four bytes": ("😀" * 70_000, "is larger than 256 KB"),
    "five megabytes of nothing": ("#" * 5_000_000, "is larger than 256 KB"),
}


@pytest.mark.parametrize(("text", "why"), BOMBS.values(), ids=BOMBS.keys())
def test_a_bomb_is_refused_quickly_and_in_little_memory(text: str, why: str) -> None:
    started = time.perf_counter()
    with pytest.raises(ConfigProblems, match=why) as caught:
        parse(text, "bomb.yaml")
    assert time.perf_counter() - started < 1
    assert len(str(caught.value)) < 20_000
    assert _peak_megabytes(text) < 20


def test_the_largest_file_that_is_read_stays_small() -> None:
    text = "".join(f"a{number}: some text\n" for number in range(9_990))
    assert len(parse(text, "f").data) == 9_990
    assert _peak_megabytes(text) < 20


def _peak_megabytes(text: str) -> float:
    tracemalloc.start()
    try:
        parse(text, "bomb.yaml")
    except ConfigProblems:
        pass
    finally:
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    return peak / 1e6
