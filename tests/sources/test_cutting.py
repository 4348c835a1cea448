"""A page is cut while it is read: any cut of the bytes gives what one piece gives."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sources import body as bodies
from bot.sources.body import Body, pieces, whole
from bot.sources.cost_batch import CostBatch
from bot.sources.cost_pages import read_cost_page
from bot.sources.cutting import Cutter, UncutError
from bot.sources.openai_pages import Place, read_page
from bot.sources.openai_rows import cost_days
from tests.examples import examples
from tests.sources.build import D1, D2, bucket, cost, envelope

PLACE = Place("costs")
NAMES = st.sampled_from(["a", "}, {", "}]", "] }", '"results": [', "\\", '"', "ü ]", "b"])


def page_of(names: list[str], indent: int | None = None) -> bytes:
    """A page of two days, its results in the first one named so."""
    results = [cost(n + 0.5, line_item=name, project_id=name) for n, name in enumerate(names)]
    return json.dumps(envelope(bucket(D1, *results), bucket(D2)), indent=indent).encode()


def cut(body: bytes, size: int) -> tuple[list[list[object]], object]:
    """All results by list, and the envelope, of the body read so many bytes at a time."""
    cutter = Cutter(body[at : at + size] for at in range(0, len(body), size))
    lists: list[list[object]] = []
    for piece in cutter.pieces():
        lists += [[]] * (piece.number + 1 - len(lists))
        lists[piece.number] = lists[piece.number] + json.loads(piece.results)
    return lists, json.loads(cutter.envelope)


@given(st.integers(0, 9), st.integers(1, 700), st.sampled_from([None, 0, 2]))
def test_a_page_cut_anywhere_holds_the_same_results(
    rows: int, size: int, indent: int | None
) -> None:
    names = [f"item {n}" for n in range(rows)]
    body = page_of(names, indent)
    given_page = json.loads(body)
    lists, left = cut(body, size)
    assert lists == [each["results"] for each in given_page["data"]]
    for number, each in enumerate(given_page["data"]):
        each["results"] = [number]
    assert left == given_page


@examples(20)
@given(st.lists(NAMES, max_size=5))
def test_names_that_look_like_json_change_nothing(names: list[str]) -> None:
    body = page_of(names)
    fast, careful = read_cost_page(body, PLACE), read_page(body, PLACE)
    assert list(cost_days([fast])) == list(cost_days([careful]))


@pytest.mark.parametrize("end", [-1, -20, -60])
def test_a_page_that_breaks_off_within_its_results_is_no_page(end: int) -> None:
    body = page_of(["a", "b"])
    with pytest.raises(UncutError):
        list(Cutter([body[: body.index(b"]") + end]]).pieces())


def test_a_large_body_waits_in_a_file_without_a_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    text = page_of([f"item {n}" for n in range(30_000)])
    body = Body()
    for at in range(0, len(text), 100_000):
        body.add(text[at : at + 100_000])
    assert body.size == len(text) > bodies.IN_MEMORY
    assert list(tmp_path.iterdir()) == []
    assert (body.head(5), body.tail(4), whole(body)) == (text[:5], text[-4:], text)
    assert max(map(len, pieces(body))) <= bodies.PIECE
    (first, _) = read_cost_page(body, PLACE).data
    assert isinstance(first["results"], CostBatch)
    assert len(first["results"]) == 30_000
