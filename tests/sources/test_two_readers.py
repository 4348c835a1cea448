"""Two readers of one page of costs: the fast one, in pieces of any size, and the careful one.

Pages are written as text here, not by `json.dumps`: what matters is what JSON may spell otherwise.
"""

from __future__ import annotations

import os
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import SourceError
from bot.sources.body import IN_MEMORY, PIECE, Body, Bytes
from bot.sources.cost_batch import CostBatch
from bot.sources.cost_pages import read_cost_page
from bot.sources.openai_pages import Page, Place, read_page
from bot.sources.openai_rows import BrokenDay, cost_days
from tests.examples import examples
from tests.files import nameless
from tests.sources.written import (
    KEYS,
    ODD_ENDS,
    ODD_SPACES,
    SPACES,
    listed,
    odd_results,
    result,
    sound_results,
    written,
)

PLACE = Place("costs", 1, "req_1")
SIZES = st.integers(1, 40) | st.sampled_from([63, 64, 65, 127, 300, PIECE])
MEGABYTE = 1024 * 1024


def told(page: Callable[[], Page]) -> list[Any] | str:
    """The days of a page with their rows, or what is wrong with it."""
    try:
        return [
            (found.day, str(found.error) if isinstance(found, BrokenDay) else list(found.rows))
            for found in cost_days([page()])
        ]
    except SourceError as error:
        return f"{error} {error.hint}"


def both(body: Bytes, size: int = PIECE) -> tuple[list[Any] | str, list[Any] | str]:
    """What the fast reader tells, so many bytes at a time, and what the careful one does."""
    fast = told(lambda: read_cost_page(body, PLACE, size))
    return fast, told(lambda: read_page(body, PLACE))


@examples(50)
@given(st.lists(sound_results(), max_size=7), SPACES, SPACES, SIZES)
def test_a_sound_page_is_read_alike_wherever_its_pieces_end(
    results: list[str], before: str, after: str, size: int
) -> None:
    body = written(
        listed(*results, before=before, after=after),
        listed(*results[::-1], before=after, after=before),
    )
    fast, careful = both(body, size)
    assert fast == careful


@examples(80)
@given(
    st.lists(sound_results() | odd_results(), max_size=5),
    ODD_SPACES,
    ODD_SPACES,
    KEYS,
    ODD_ENDS,
    st.sampled_from([b"", b"", b"", b"\xef\xbb\xbf", b" ", b"\x00", b"\xff\xfe"]),
    SIZES,
)
def test_an_odd_page_is_read_alike_or_refused_in_the_same_words(
    results: list[str],
    before: str,
    after: str,
    key: str,
    end: str,
    start: bytes,
    size: int,
) -> None:
    some = listed(*results, before=before, after=after)
    fast, careful = both(start + written(some, "[]", key=key, after=end), size)
    assert fast == careful


SOUND = result()


def named(name: str) -> str:
    return result(more=f',"x":"{name}"')


def quantified(quantity: str) -> str:
    return result(more=f',"quantity":{quantity}')


TRAPS = {
    "a number in the place of a list, and a list elsewhere": written(
        "0", after=f',"x":{{"results":[{SOUND}]}}'
    ),
    "a list of a number, and a list elsewhere": written(
        "[0]", after=f',"x":{{"results":[{SOUND}]}}'
    ),
    "a list spelt otherwise, and a list elsewhere": written(
        "[0]", after=f',"x":{{"results":[{SOUND}]}}', key='"r\\u0065sults"'
    ),
    "a list too far away, and a list elsewhere": written(
        "[0]", after=f',"x":{{"results":[{SOUND}]}}', key='"results"' + " " * 90
    ),
    "white space that is none": written(listed(SOUND, SOUND, before="\x0b", after="\x0b")),
    "a quantity that no float holds": written(listed(quantified("1" + "0" * 400))),
    "a quantity just below the largest": written(listed(quantified("999999999999999999"))),
    "a quantity that rounds to the largest": written(listed(quantified("999999999999999999.9"))),
    "another currency in the middle": written(
        listed(SOUND, result(currency='"eur"'), SOUND), listed(SOUND)
    ),
    "dollars by another name": written(listed(SOUND, result(currency='"USD"'), SOUND)),
    "one thing, three times, with a credit": written(
        listed(SOUND, result("-4.75"), result("0.1234567890123456789012345678901234"))
    ),
    "a mark at the beginning": b"\xef\xbb\xbf" + written(listed(SOUND)),
    "letters by their numbers": written(listed(SOUND).replace("line_item", "lin\\u0065_item")),
}


@pytest.mark.parametrize("body", TRAPS.values(), ids=TRAPS.keys())
def test_a_trap_is_read_alike_wherever_its_pieces_end(body: bytes) -> None:
    outcomes = {str(both(body, size)) for size in (1, 2, 7, 50, 64, PIECE)}
    assert len(outcomes) == 1
    fast, careful = both(body)
    assert fast == careful


@pytest.mark.parametrize("size", [1, 8, 64, PIECE])
def test_an_ordinary_page_takes_the_fast_way_wherever_its_pieces_end(size: int) -> None:
    body = written(listed(*[SOUND] * 3, before="\n", after="\t"), "[ ]", after=',"x":"a\\u003d"')
    found = read_cost_page(body, PLACE, size).data
    assert [type(each["results"]) for each in found] == [CostBatch, CostBatch]


def spooled(body: bytes) -> Body:
    kept = Body()
    for begin in range(0, len(body), 100_000):
        kept.add(body[begin : begin + 100_000])
    return kept


def test_a_large_page_that_is_refused_leaves_no_file_and_little_memory() -> None:
    results = f"{SOUND}," * 40_000 + result(currency='"eur"')
    text = written(f"[{results}]").replace(b'"has_more":false', b'"has_more":5')
    before = nameless()
    body = [spooled(text)]
    assert len(text) > IN_MEMORY
    assert len(nameless()) == len(before) + Path("/proc/self/fd").is_dir()
    tracemalloc.start()
    try:
        assert told(lambda: read_cost_page(body[0], PLACE)) == (
            "costs, page 1 (request req_1): `has_more` is a number None"
        )
        left = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert left < MEGABYTE / 4
    body.clear()
    assert nameless() == before


BOMBS = {
    "a bucket for every 60 bytes": written("[]").replace(
        b'"results":[]}', b'"results":[]}' + b',{"start_time":1,"end_time":2,"results":[]}' * 15_000
    ),
    "brackets in names": written(listed(*[named("]" * 3 * MEGABYTE)] * 3)),
    "ends in names": written(listed(*[named("}]" * MEGABYTE)] * 3)),
    "an endless name": written(listed(named("a" * 9 * MEGABYTE))),
    "white space": written(listed(SOUND, after=" " * 9 * MEGABYTE)),
    "white space between": written(listed(SOUND, SOUND, after=" " * 4 * MEGABYTE)),
    "no results at all": written("0", after=',"x":"' + "a" * 9 * MEGABYTE + '"'),
}


@pytest.mark.parametrize("body", BOMBS.values(), ids=BOMBS.keys())
def test_a_page_made_to_be_slow_is_read_in_time_in_proportion_to_its_size(body: bytes) -> None:
    begun = os.times().user
    read = told(lambda: read_cost_page(body, PLACE))
    assert os.times().user - begun < 1.5, "seconds of computing for 9 MiB"
    assert read
