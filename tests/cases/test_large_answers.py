"""An answer too large for memory waits on the disk; where it finds no room, that is told."""

from __future__ import annotations

import tempfile

import pytest

from bot.sources.body import IN_MEMORY
from tests.cases.stage import SEARCH, YESTERDAY, Place, at
from tests.fakes import CostRow
from tests.files import nameless, no_file_larger_than


@pytest.fixture
def large(place: Place) -> Place:
    """Yesterday has so many line items that a page of it is larger than what is kept in memory."""
    place.openai.costs += [
        CostRow(YESTERDAY, "0.01", SEARCH, f"{'x' * 550} {number}", "key")
        for number in range(4_600)
    ]
    return place


def test_a_day_larger_than_memory_is_read_like_any_other(large: Place) -> None:
    before = nameless()
    document = large.document("check", *at(0))
    assert document["data"]["totals"][f"{YESTERDAY}"]["usd"] == "166"
    assert nameless() == before


def test_a_full_disk_is_told_in_a_line_and_stops_no_other_part(large: Place) -> None:
    before = nameless()
    with no_file_larger_than(IN_MEMORY):
        ran = large.run("check", *at(0))
    assert ran.code == 4
    assert ran.err == (
        "bot: a large answer could not be kept on disk while it is read: File too large\n"
        f"  Make room for it in {tempfile.gettempdir()}, or name another folder in TMPDIR.\n"
    )
    # Asked for in smaller answers, the days before it are there, and so is all usage.
    assert "18 cost rows, 24 usage rows\n3 days are missing (Wed 18 Nov to Fri 20 Nov)" in ran.out
    assert nameless() == before
    again = large.run("check", *at(1)).out
    assert "last finished day Thu 19 Nov\n4,623 cost rows, 24 usage rows\n" in again
